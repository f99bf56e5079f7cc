"""Pictures in which it can be seen what a transform has cut of them, and done to it."""

import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from helper.expect import Wrong, call, kind_of


@dataclass
class Ramps:
    """Red grows to the right and green downward, from `low` to `high`; blue is the same."""

    picture: Image.Image
    low: float
    high: float
    blue: float

    def __post_init__(self) -> None:
        self.size, self.points = self.picture.size, self.picture.tobytes()


def ramps(width: int, height: int) -> Ramps:
    """No point is black, or as bright as can be: who stretches the colours changes them."""
    low, high, blue = (random.randint(*r) for r in ((45, 60), (185, 200), (90, 160)))
    x = torch.linspace(low, high, width).expand(height, width)
    y = torch.linspace(low, high, height)[:, None].expand(height, width)
    values = torch.stack([x, y, torch.full_like(x, blue)], dim=2).round()
    picture = Image.fromarray(values.to(torch.uint8).numpy())
    return Ramps(picture, low / 255, high / 255, blue / 255)


def stripes() -> Ramps:
    """Red has broad stripes and green fine ones, of `low` and `high`; of less than 96 points."""
    width, height = random.randint(48, 64), random.randint(48, 64)
    low, high, blue = (random.randint(*r) for r in ((75, 90), (160, 180), (90, 160)))
    values = torch.full((height, width, 3), blue)
    values[:, :, 0] = low + (high - low) * (torch.arange(width) // 4 % 2)
    values[:, :, 1] = (low + (high - low) * (torch.arange(height) // 2 % 2))[:, None]
    picture = Image.fromarray(values.to(torch.uint8).numpy())
    return Ramps(picture, low / 255, high / 255, blue / 255)


def black_and_white() -> Ramps:
    """Broad stripes of 0 and 255: interpolation may go beyond where they meet."""
    width, height = random.randint(100, 140), random.randint(100, 140)
    values = torch.zeros(height, width, 3)
    values[:, torch.arange(width) // 4 % 2 == 1] = 255
    return Ramps(Image.fromarray(values.to(torch.uint8).numpy()), 0.0, 1.0, 0.0)


def vary(function: Callable, came: Ramps) -> Tensor:
    """One result, if it is a tensor as it was asked for."""
    picture, (width, height) = came.picture, came.size
    result = call(function, picture, given=f"given a picture of {width} × {height}")
    if picture.size != came.size or picture.tobytes() != came.points:
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


CHANGED = "the colours were changed: only cut and mirror."


def expect_upright_parts(results: list[Tensor], came: Ramps) -> np.ndarray:
    """They must be parts of a picture of `ramps`; tells which are mirrored."""
    stack = torch.stack(results).numpy()
    _expect_range(stack)
    red, green = stack[:, 0], stack[:, 1]
    off = np.abs(stack[:, 2] - came.blue)
    # Red is the same down a column, and green along a row, unless it was turned.
    uneven = np.maximum(
        np.ptp(red, axis=1).max(axis=1), np.ptp(green, axis=2).max(axis=1)
    )
    odd = stack[uneven > 0.015]
    steps = np.abs(np.diff(odd, axis=3)) if len(odd) else np.zeros(1)
    if np.median(steps) > 0.02:
        raise Wrong("the result isn't a part of the picture that came.")
    black = stack.max(axis=1) < 0.02
    changed = ((off > 0.02) & ~black).sum(axis=(1, 2))
    if (changed > 0.5 * (~black).sum(axis=(1, 2))).any():
        raise Wrong(CHANGED)
    if any(_is_turned(part, came.blue) for part in odd[:30]):
        raise Wrong("it is turned: mirror it, and leave it upright.")
    if black.any():
        raise Wrong(
            "there is black in it, and none in the picture: was something padded or erased, or "
            "does the part reach beyond the picture's edge?"
        )
    outside = stack[:, :2].min() < came.low - 0.02 or stack.max() > came.high + 0.02
    if off.max() > 0.02 or outside:
        raise Wrong(CHANGED)
    if len(odd):
        raise Wrong("the result isn't a part of the picture that came.")
    profiles = np.concatenate([red[:, 48, :], green[:, :, 48]])
    if np.abs(profiles - _lines(profiles)).max() > 0.03:
        raise Wrong(CHANGED)
    mirrored = red[:, 0, 0] > red[:, 0, -1]
    upside_down = green[:, 0, 0] > green[:, -1, 0]
    if mirrored[upside_down].any():
        raise Wrong("some are turned by half a turn: mirror left to right only.")
    if upside_down.any():
        raise Wrong("some are upside down: mirror left to right only.")
    return mirrored


def _expect_range(stack: np.ndarray) -> None:
    if np.isnan(stack).any():
        raise Wrong("there are values that are NaN, not a number.")
    if stack.max() > 1:
        raise Wrong("the numbers go beyond 1: ToDtype needs scale=True.")
    if stack.min() < 0:
        raise Wrong("there are numbers below 0: normalising isn't asked for here.")
    if 0 < stack.max() < 0.05:
        raise Wrong("the picture became black: was it scaled twice?")


def _is_turned(part: np.ndarray, blue: float) -> bool:
    """Do its colours grow evenly, and in slanting directions?"""
    y, x = np.nonzero(np.abs(part[2] - blue) < 0.004)
    if len(x) < 0.9 * (part.max(axis=0) > 0.02).sum():
        return False
    table = np.stack([np.ones(len(x)), x / 96, y / 96], axis=1)
    colours = part[:2, y, x].T
    slopes = np.linalg.lstsq(table, colours, rcond=None)[0]
    far = np.abs(table @ slopes - colours) > 0.006
    return far.mean() < 0.1 and max(abs(slopes[2, 0]), abs(slopes[1, 1])) > 0.015


def _lines(profiles: np.ndarray) -> np.ndarray:
    """The straight line that is nearest to each."""
    x = np.arange(profiles.shape[1]) - (profiles.shape[1] - 1) / 2
    slopes = profiles @ x / (x @ x)
    return profiles.mean(axis=1, keepdims=True) + slopes[:, None] * x


def expect_sharp_parts(results: list[Tensor], came: Ramps) -> None:
    """They must have the stripes of a picture of `stripes`, neither blurred nor sharpened."""
    stack = torch.stack(results).numpy()
    height = came.high - came.low
    beyond = max(stack[:, 0].max() - came.high, came.low - stack[:, 0].min())
    if beyond > 0.25 * height:  # interpolation goes beyond, too, by less
        raise Wrong(
            "colours or edges were changed, as in sharpening: only cut and mirror."
        )
    if np.ptp(stack[:, 1], axis=(1, 2)).min() < 0.95 * height:
        raise Wrong(
            "fine stripes are blurred, or gone: only cut and mirror, and don't make the "
            "picture smaller before."
        )


def expect_from_0_to_1(results: list[Tensor]) -> None:
    """Parts of a picture of `black_and_white` must not go beyond, but for rounding."""
    stack = torch.stack(results)
    if stack.min() < -0.001 or stack.max() > 1.001:
        raise Wrong(
            "some numbers are below 0 or above 1, where black meets white: bicubic "
            "interpolation goes beyond, and .clamp(0, 1) cuts it off."
        )
