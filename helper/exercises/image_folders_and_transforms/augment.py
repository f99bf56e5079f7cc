import math
import random
from collections.abc import Callable

import torch
from PIL import Image
from torch import Tensor

from helper.exercises.image_folders_and_transforms.crops import (
    Ramps,
    black_and_white,
    expect_from_0_to_1,
    expect_sharp_parts,
    expect_upright_parts,
    ramps,
    stripes,
    vary,
)
from helper.expect import Wrong, distinct, expect_function, expect_tried, kind_of


def augment(answer: object) -> str:
    """augment: a PIL picture to a random, sometimes mirrored (3, 96, 96)."""
    expect_tried(answer)
    if isinstance(answer, type):
        raise Wrong("this is a class: call it, and a transform comes back.")
    if isinstance(answer, (list, tuple)):
        raise Wrong(f"this is {kind_of(answer)}: v2.Compose makes one transform of it.")
    if isinstance(answer, (Tensor, Image.Image)):
        raise Wrong("this is one picture: give the transform, which makes one of any.")
    function = expect_function(answer)
    side, (low, narrow) = random.randint(100, 160), distinct(2, 85, 94)
    # Not quite 4:3, the end of RandomResizedCrop's ratio: beyond it, chance would decide
    # whether a large part fits.
    shapes = {
        "a square picture": (side, side),
        "a wide picture": (round(1.3 * low), low),
        "a tall picture": (narrow, round(1.3 * narrow)),
    }
    pictures = {shape: ramps(*size) for shape, size in shapes.items()}
    _expect_chance(function, pictures)
    strip = ramps(random.randint(30, 60), random.randint(200, 400))
    expect_upright_parts([vary(function, strip)], strip)
    striped = stripes()
    expect_sharp_parts([vary(function, striped) for _ in range(32)], striped)
    contrasts = black_and_white()
    expect_from_0_to_1([vary(function, contrasts) for _ in range(16)])
    return "Another part each time, mirrored in half of all cases, from 0 to 1."


def _expect_chance(function: Callable, pictures: dict[str, Ramps]) -> None:
    """Draw until it is a million to one whether half are mirrored, or a quarter."""
    results = {shape: [] for shape in pictures}
    count, mirrored, odds = 0, 0, 0.0
    while count < 500 and abs(odds) < 15:
        for shape, came in pictures.items():
            few = [vary(function, came) for _ in range(7)]
            mirrored += int(expect_upright_parts(few, came).sum())
            results[shape] += few
            count += len(few)
        plain = count - mirrored
        # The logarithm of how much likelier a half is than a quarter, or three quarters.
        odds = min(
            mirrored * math.log(2) + plain * math.log(2 / 3),
            plain * math.log(2) + mirrored * math.log(2 / 3),
        )
    for shape, parts in results.items():
        if all(part.equal(parts[0]) for part in parts):
            raise Wrong(
                f"{len(parts)} results for {shape} are the same: draw in each call, and set "
                "no seed in it."
            )
    for shape, parts in results.items():
        _expect_other_parts(torch.stack(parts), shape, pictures[shape])
    if not mirrored:
        raise Wrong(
            f"none of {count} was mirrored: RandomHorizontalFlip does it in half."
        )
    if odds < -15:
        raise Wrong(
            f"{mirrored} of {count} were mirrored, expected about half: one "
            "RandomHorizontalFlip, with its p=0.5."
        )


def _expect_other_parts(parts: Tensor, shape: str, came: Ramps) -> None:
    """Where they begin and end must vary; of a square, across and down."""
    both = parts[:, :2] / (came.high - came.low)  # red tells how far right, green down
    starts, ends = both.amin(dim=(2, 3)), both.amax(dim=(2, 3))
    moves = [edge.std(dim=0) > 0.005 for edge in (starts, ends)]
    middles = (starts + ends) / 2
    if not any(move.any() for move in moves):
        middle = (came.low + came.high) / 2 / (came.high - came.low)
        if shape != "a square picture" and (middles - middle).abs().max() < 0.02:
            raise Wrong(
                f"of {shape} it is always the same part, the middle: RandomResizedCrop falls "
                "back to it where no part of its scale and ratio fits. Allow smaller parts."
            )
        raise Wrong(
            f"of {shape} it is always the same part: RandomResizedCrop takes another one each "
            "time."
        )
    if shape != "a square picture":
        return
    for direction, where in enumerate(("left or right", "up or down")):
        if not all(move[direction] for move in moves):
            raise Wrong(
                f"the part of {shape} never moves {where}: draw both where it begins and "
                "where it ends."
            )
    if middles.std(dim=0).max() < 0.005:
        raise Wrong(f"it is always the middle of {shape}: draw where the part is.")
