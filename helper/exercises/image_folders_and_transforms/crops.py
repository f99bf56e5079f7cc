"""Parts that a transform cuts of a picture: are they random, upright, mirrored in half?"""

import math
import random
from collections.abc import Callable

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from helper.expect import Wrong, call, kind_of


def ramps(width: int, height: int) -> tuple[Image.Image, int]:
    """Red grows to the right and green downward: where a part is from can be seen in it."""
    x = torch.arange(width).expand(height, width) * 255 // (width - 1)
    y = torch.arange(height)[:, None].expand(height, width) * 255 // (height - 1)
    blue = random.randint(60, 200)
    values = torch.stack([x, y, torch.full_like(x, blue)], dim=2).to(torch.uint8)
    return Image.fromarray(values.numpy()), blue


def vary(function: Callable, picture: Image.Image) -> Tensor:
    """One result, if it is a tensor as it was asked for."""
    size, points = picture.size, picture.tobytes()
    width, height = size
    result = call(function, picture, given=f"given a picture of {width} × {height}")
    if picture.size != size or picture.tobytes() != points:
        raise Wrong("the picture that came was changed: work on a copy.")
    if isinstance(result, np.ndarray):
        raise Wrong("the result is a numpy array, not a tensor: leave out numpy.")
    if not isinstance(result, Tensor):
        raise Wrong(
            f"the result is {kind_of(result)}, not a tensor: v2.ToImage() makes one of a "
            "PIL picture."
        )
    if tuple(result.shape) != (3, 96, 96):
        raise Wrong(
            f"the shape is {tuple(result.shape)} for a picture of {width} × {height}, "
            "expected (3, 96, 96)."
        )
    if result.dtype != torch.float32:
        raise Wrong(
            f"the dtype is {result.dtype}, expected torch.float32: v2.ToDtype(torch.float32, "
            "scale=True) changes it."
        )
    if result.layout != torch.strided or result.device.type != "cpu":
        raise Wrong(
            "the result is a sparse tensor, or on another device: give a plain one."
        )
    return result.detach().as_subclass(Tensor)


def expect_parts(results: list[Tensor], blue: int) -> np.ndarray:
    """They must be upright parts of a picture of `ramps`; tells which are mirrored."""
    stack = torch.stack(results).numpy()
    if np.isnan(stack).any():
        raise Wrong("there are values that are NaN, not a number.")
    if stack.max() > 1:
        raise Wrong("the numbers go beyond 1: ToDtype needs scale=True.")
    if stack.min() < 0:
        raise Wrong("there are numbers below 0: normalising isn't asked for here.")
    if stack.max() < 0.05:
        raise Wrong("the picture became black: was it scaled twice?")
    red, green = stack[:, 0], stack[:, 1]
    off = np.abs(stack[:, 2] - blue / 255)
    # Red is the same down a column, and green along a row, unless it was turned.
    uneven = np.maximum(
        np.ptp(red, axis=1).max(axis=1), np.ptp(green, axis=2).max(axis=1)
    )
    turned = uneven > 0.05
    if turned.any() and off[turned][:, 40:56, 40:56].max() < 0.02:
        raise Wrong("it is turned: mirror it, and leave it upright.")
    if turned.any():
        raise Wrong("the result isn't a part of the picture that came.")
    if off.max() > 0.02:
        raise Wrong("the colours were changed: only cut and mirror.")
    mirrored = red[:, 0, 0] > red[:, 0, -1]
    upside_down = green[:, 0, 0] > green[:, -1, 0]
    if mirrored[upside_down].any():
        raise Wrong("some are turned by half a turn: mirror left to right only.")
    if upside_down.any():
        raise Wrong("some are upside down: mirror left to right only.")
    return mirrored


def expect_chance(function: Callable, picture: Image.Image, blue: int) -> None:
    """Draw until it is a million to one whether half are mirrored, or a quarter."""
    results, mirrored, odds = [], 0, 0.0
    while len(results) < 500 and abs(odds) < 15:
        few = [vary(function, picture) for _ in range(20)]
        mirrored += int(expect_parts(few, blue).sum())
        results += few
        plain = len(results) - mirrored
        # The logarithm of how much likelier a half is than a quarter, or three quarters.
        odds = min(
            mirrored * math.log(2) + plain * math.log(2 / 3),
            plain * math.log(2) + mirrored * math.log(2 / 3),
        )
    if all(result.equal(results[0]) for result in results):
        raise Wrong(
            f"{len(results)} results for one picture are the same: draw in each call, and set "
            "no seed in it."
        )
    # The least red and green of each, which mirroring doesn't change.
    starts = torch.stack([result[:2].amin(dim=(1, 2)) for result in results])
    if starts.std(dim=0).max() < 0.01:
        raise Wrong(
            "it is always the same part of the picture: RandomResizedCrop takes another one "
            "each time."
        )
    if not mirrored:
        raise Wrong(
            f"none of {len(results)} was mirrored: RandomHorizontalFlip does it in half."
        )
    if odds < -15:
        raise Wrong(
            f"{mirrored} of {len(results)} were mirrored, expected about half: one "
            "RandomHorizontalFlip, with its p=0.5."
        )
