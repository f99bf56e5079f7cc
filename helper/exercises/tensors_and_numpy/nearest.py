import random

import numpy as np
import torch
from torch import Tensor

from helper.expect import Case, distinct, expect_function, expect_results


def nearest(answer: object) -> str:
    """nearest(images, means): the class with the least sum of absolute differences."""
    function = expect_function(answer)
    cases = []
    # The numbers may be negative too.
    shifts = [0.0, random.uniform(-3, -2), random.uniform(-1, 1)]
    for count, shift in zip([*distinct(2, 11, 16), 1], shifts, strict=True):
        images, means = _pictures_near(count, shift)
        far = _differences(images.double(), means.double())
        cases.append(
            Case(
                (images, means),
                far.abs().sum(dim=2).argmin(dim=1),
                f"with N = {count}",
            )
        )
    expect_results(
        function,
        cases,
        what="nearest(images, means)",
        hint="(N, 1, 784) minus (10, 784), then abs, a sum, and the place of the least.",
        mistakes={
            "this is the least sum of squares: absolute differences are asked for.": (
                lambda *a: _differences(*a).square().sum(dim=2).argmin(dim=1)
            ),
            "positive and negative differences cancel out: take abs() first.": (
                lambda *a: _differences(*a).sum(dim=2).argmin(dim=1)
            ),
            "abs() comes too late: in the sum the differences have cancelled out.": (
                lambda *a: _differences(*a).sum(dim=2).abs().argmin(dim=1)
            ),
            "the signs of the numbers are lost: abs() is for the difference.": (
                lambda i, m: (
                    _differences(i.abs(), m.abs()).abs().sum(dim=2).argmin(dim=1)
                )
            ),
            "these are the farthest averages: the nearest has the least sum.": (
                lambda *a: _differences(*a).abs().sum(dim=2).argmax(dim=1)
            ),
            "only the largest difference counts here: add all of them up.": (
                lambda *a: _differences(*a).abs().amax(dim=2).argmin(dim=1)
            ),
            "this is the nearest picture for each average: it is the other way round.": (
                lambda *a: _differences(*a).abs().sum(dim=2).argmin(dim=0)
            ),
            "these are all the sums: which place has the least one, for each picture?": (
                lambda *a: _differences(*a).abs().sum(dim=2)
            ),
            "this is the least sum itself: its place, the class, is asked for.": (
                lambda *a: _differences(*a).abs().sum(dim=2).amin(dim=1)
            ),
            "the classes are counted from 1: they go from 0 to 9.": (
                lambda *a: _differences(*a).abs().sum(dim=2).argmin(dim=1) + 1
            ),
            **{
                f"{where} left out: add up the differences of all 784 pixels.": (
                    lambda i, m, kept=kept: (
                        _differences(i[kept], m[kept]).abs().sum(dim=2).argmin(dim=1)
                    )
                )
                for where, kept in LEFT_OUT.items()
            },
        },
    )
    return "The least sum of absolute differences, for each picture its own."


def _pictures_near(count: int, shift: float) -> tuple[Tensor, Tensor]:
    """Pictures, and averages of which some are so alike that only the right sum tells."""
    means = torch.rand(10, 28, 28) + shift
    a, b, c, d, same, minus, *sides = order = torch.randperm(10).tolist()
    means[b] = means[a] + 0.3
    means[d] = means[c]
    means[d][:17] += 0.25
    means[d][17:] += 0.42
    means[minus] = -means[same]
    for side, line in zip(sides, BORDER, strict=True):  # these differ there only
        means[side] = means[same]
        means[side][line] += 0.5
    labels = torch.tensor([*order, *order][:count])
    images = means[labels] + 0.02 * torch.randn(count, 28, 28)
    # Less than half of the pixels are farther from the right average than from the other: the
    # sum is smaller, but not if large differences count more, as squared ones do.
    images[labels == a, 4:24, 5:23] += 3
    # These are fewer: only squares count them for too much.
    images[labels == b, 2:6, 5:20] -= 3
    # More than half are as in the other average: the sum is larger, but not the median, or
    # that of the roots.
    images[labels == c, :17] += 0.25
    # One difference is the largest of all, and the sum is the smaller one even squared.
    images[labels == c, 20, 9] += 3
    return images, means


# The first and the last row, the first and the last column.
BORDER = (np.s_[0], np.s_[-1], np.s_[:, 0], np.s_[:, -1])


LEFT_OUT = {
    "the first row is": np.s_[:, 1:],
    "the last row is": np.s_[:, :-1],
    "the first column is": np.s_[:, :, 1:],
    "the last column is": np.s_[:, :, :-1],
    "the pixels at the border are": np.s_[:, 1:-1, 1:-1],
    "all but the 20 × 20 in the middle are": np.s_[:, 4:24, 4:24],
}


def _differences(images: Tensor, means: Tensor) -> Tensor:
    return images.flatten(1).unsqueeze(1) - means.flatten(1)  # (N, 10, 784)
