"""Is it chance alone that decides which numbers become 0?"""

import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor

from helper.expect import Wrong

# How many standard deviations are no chance: once in 10^11 draws, among all that are compared.
FAR = 12


def expect_independent(x: Tensor, part: float, zero: Tensor) -> None:
    """Neither its place nor its value says whether a number became 0, as a `part` did."""
    rows = zero.flatten(1) if zero.ndim > 1 else zero.reshape(100, -1)
    columns = zero.reshape(-1, zero.shape[-1]).T if zero.ndim > 1 else ()
    _expect_parts(
        columns,
        part,
        "the same places become 0 in each row: draw for each number by itself.",
    )
    _expect_parts(
        rows, part, "whole rows become 0 together: draw for each number by itself."
    )
    _expect_neighbours_differ(zero, part)
    # What is drawn for several numbers together seems to depend on their values, too.
    masks = (x > 0, x < 0, x.abs() > 0.7, x.abs() < 0.7)
    _expect_parts(
        [zero[mask] for mask in masks],
        part,
        "it depends on the number itself whether it becomes 0: only chance decides.",
    )


def _expect_parts(groups: Sequence[Tensor], part: float, sentence: str) -> None:
    for group in groups:
        if differ(group.double().mean().item(), part, group.numel()):
            raise Wrong(sentence)


def _expect_neighbours_differ(zero: Tensor, part: float) -> None:
    """Numbers that stand some places apart become 0 as if the other weren't there.

    For each such distance, the products of both deviations add up to about 0.
    """
    count, spread = zero.numel(), part * (1 - part)
    if not spread:
        return
    deviations = zero.flatten().double() - part
    spectrum = torch.fft.rfft(deviations, 2 * count)
    # Far apart there are few pairs, and chance plays a larger part.
    distances = torch.arange(1, 3 * count // 4)
    sums = torch.fft.irfft(spectrum.abs() ** 2, 2 * count)[distances]
    scores = sums / (spread * (count - distances) ** 0.5)
    place = int(scores.abs().argmax())
    if scores[place].abs() > FAR:
        distance = int(distances[place])
        if scores[place] > 0 and distance in zero.contiguous().stride():
            raise Wrong("neighbours become 0 together: draw for each number by itself.")
        raise Wrong(
            f"whether a number becomes 0 goes with the number {distance} places before it: "
            "draw for each number by itself."
        )


def expect_chance(zeros: Sequence[Sequence[Tensor]], rates: Sequence[float]) -> None:
    """What becomes 0 in several calls, for each tensor, must be neither linked nor even."""
    for calls, p in zip(zeros, rates, strict=True):
        first, *later = (zero.double() - p for zero in calls)
        for other in later:
            score = (first * other).sum() / (p * (1 - p) * first.numel() ** 0.5)
            if abs(score) > FAR:
                raise Wrong(
                    "what became 0 in one call decides what becomes 0 in another: draw anew "
                    "each time."
                )
    even = Wrong(
        "exactly a share p becomes 0 each time, as if dealt out: draw for each number by "
        "itself, and the share differs a little."
    )
    squares = [
        _squared_scores(torch.stack(calls), p, range(1, calls[0].ndim + 1))
        for calls, p in zip(zeros, rates, strict=True)
    ]
    if _too_even(torch.cat(squares)):
        raise even
    for calls, p in zip(zeros, rates, strict=True):
        stack, ndim = torch.stack(calls), calls[0].ndim
        for size in range(1, ndim):
            for dims in itertools.combinations(range(1, ndim + 1), size):
                if _too_even(_squared_scores(stack, p, dims)):
                    raise even


def _squared_scores(zeros: Tensor, p: float, dims: Sequence[int]) -> Tensor:
    """How far the numbers of zeros along `dims` are from p, squared; by chance about 1."""
    counts = zeros.sum(dim=tuple(dims)).flatten().double()
    size = zeros.numel() / counts.numel()
    return (counts - size * p) ** 2 / (size * p * (1 - p))


def _too_even(squares: Tensor) -> bool:
    """Are these too small, all in all, to be chance? Less than once in 10^12 draws.

    Chernoff's bound for the sum of squares of normal numbers.
    """
    mean = squares.mean().item()
    if mean >= 1:
        return False
    return not mean or len(squares) / 2 * (math.log(mean) + 1 - mean) < -40


def differ(part: float, p: float, count: int) -> bool:
    """Is this part of `count` numbers too far from p to be chance? Once in 10^13 draws."""
    return abs(part - p) > 8 * (p * (1 - p) / count) ** 0.5 + 5 / count
