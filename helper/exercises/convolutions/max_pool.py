import torch
from torch import Tensor
from torch.nn import functional as F

from helper.expect import Case, distinct, expect_function, expect_results

READY = (
    "PyTorch's own pooling does it for you: take the parts and their largest number."
)


def max_pool(answer: object) -> str:
    """max_pool(images, size): the largest number of each size × size part."""
    function = expect_function(answer)
    cases = []
    for size in (2, 3, 4, 1):
        images, channels, rows, columns = distinct(4, 2, 6)
        cases.append(_case(images, channels, rows, columns, size))
    cases += [_case(1, 1, 1, 2, 3), _case(1, 3, 4, 1, 2)]
    expect_results(
        function,
        cases,
        what="max_pool(images, size)",
        hint="Each part of size × size numbers gives one, its largest.",
        without=dict.fromkeys(
            (
                "max_pool1d max_pool2d max_pool3d adaptive_max_pool2d _max_pool2d "
                "max_pool2d_with_indices fractional_max_pool2d"
            ).split(),
            READY,
        ),
        mistakes={
            "this is the mean of each part: the largest is asked for.": (
                lambda images, size: F.avg_pool2d(images, size)
            ),
            "this is the least of each part: the largest is asked for.": (
                lambda images, size: -F.max_pool2d(-images, size)
            ),
            "this is the first number of each part: the largest is asked for.": (
                lambda images, size: images[:, :, ::size, ::size]
            ),
            "the parts are of 2 × 2 whatever size is.": (
                lambda images, size: F.max_pool2d(images, 2)
            ),
            "the parts overlap: step by size, not by one.": (
                lambda images, size: F.max_pool2d(images, size, 1)
            ),
            "these are the rows alone: a part is also size columns wide.": (
                lambda images, size: F.max_pool2d(images, (size, 1))
            ),
            "these are the columns alone: a part is also size rows high.": (
                lambda images, size: F.max_pool2d(images, (1, size))
            ),
            "this is the largest number of a whole channel: of each part is asked.": (
                lambda images, size: images.amax(dim=(2, 3), keepdim=True)
            ),
            "the channels are mixed: each is pooled by itself.": (
                lambda images, size: F.max_pool2d(images.amax(1, keepdim=True), size)
            ),
            "what is below zero became zero: only the largest number counts.": (
                lambda images, size: F.max_pool2d(images, size).clamp(min=0)
            ),
            "this is the last number of each part: the largest is asked for.": (
                lambda images, size: images[:, :, size - 1 :: size, size - 1 :: size]
            ),
            "this is the sum of each part: the largest is asked for.": (
                lambda images, size: F.avg_pool2d(images, size) * size**2
            ),
            "the sign is lost: the largest number is asked for, not the one farthest from 0.": (
                lambda images, size: F.max_pool2d(images.abs(), size)
            ),
            "this is the median of each part: the largest is asked for.": (
                lambda images, size: _parts(images, size).median(-1).values
            ),
            "these are places in the part: give the numbers that lie there.": (
                lambda images, size: _parts(images, size).argmax(-1)
            ),
            "rows and columns are exchanged.": (
                lambda images, size: F.max_pool2d(images, size).transpose(2, 3)
            ),
            "a part is size × size numbers of several rows, and these lie side by side in one "
            "row: split H into (H // size, size), and W likewise.": _side_by_side,
            "the parts are cut at wrong places: split H into (H // size, size), and W "
            "likewise.": _cut_elsewhere,
        },
    )
    return "Three of four numbers go, where size is 2; the strongest answer stays."


def _case(images: int, channels: int, rows: int, columns: int, size: int) -> Case:
    shape = (images, channels, rows * size, columns * size)
    numbers = torch.randn(shape) - 0.5  # in most parts of one or two, some are negative
    return Case(
        (numbers, size), F.max_pool2d(numbers, size), f"given {shape} and size {size}"
    )


def _parts(images: Tensor, size: int) -> Tensor:
    return images.unfold(2, size, size).unfold(3, size, size).flatten(4)


def _side_by_side(images: Tensor, size: int) -> Tensor:
    n, c, height, width = images.shape
    return images.reshape(n, c, height // size, width // size, -1).amax(-1)


def _cut_elsewhere(images: Tensor, size: int) -> Tensor:
    n, c, height, width = images.shape
    parts = images.reshape(n, c, size, height // size, size, width // size)
    return parts.amax(dim=(2, 4))
