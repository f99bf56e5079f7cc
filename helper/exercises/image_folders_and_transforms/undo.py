import torch
from torch import Tensor

from helper.expect import (
    Case,
    Wrong,
    alike,
    call,
    distinct,
    expect_function,
    expect_results,
    kind_of,
)


def undo(answer: object) -> str:
    """undo(images, mean, std)."""
    function = expect_function(answer)
    counts, points = [*distinct(3, 4, 12), 1], distinct(8, 4, 20)
    sizes = zip(counts, points[:4], points[4:], strict=True)
    cases = [_normalised(*size) for size in [*sizes, (3, 3, 3)]]
    # As many pictures, rows and columns as colours: there, a forgotten [:, None, None]
    # raises nothing, and it can be seen what mean and std have met.
    threes = cases[-1].arguments
    broadcast = {
        "columns": (3,),
        "rows": (3, 1),
        "pictures": (3, 1, 1, 1),
    }
    result = call(function, *(argument.clone() for argument in threes))
    if isinstance(result, (list, tuple)):
        raise Wrong(
            f"this is {kind_of(result)}: torch.stack makes a batch of pictures."
        )
    for met, shape in broadcast.items():
        images, mean, std = threes
        raw = images * std.view(shape) + mean.view(shape)
        if alike(result, raw) or alike(result, raw.clamp(0, 1)):
            raise Wrong(
                f"mean and std met the {met}, not the colours: [:, None, None] makes "
                "(3, 1, 1) of (3,)."
            )
    expect_results(
        function,
        cases,
        what="undo(images, mean, std)",
        hint="Times the std that came, plus the mean that came, then .clamp(0, 1).",
        mistakes=UNDO_MISTAKES,
        any_float=True,
    )
    return "What Normalize did is undone, and fit to be shown."


def _normalised(n: int, height: int, width: int) -> Case:
    mean, std = torch.rand(3) * 0.4 + 0.3, torch.rand(3) * 0.3 + 0.1
    original = torch.rand(n, 3, height, width)
    original[:, :, 0, 0], original[:, :, 1, 1] = 0.0, 1.0
    images = (original - mean[:, None, None]) / std[:, None, None]
    images[:, :, 0, 0] -= 0.02  # what rounding does, enlarged
    images[:, :, 1, 1] += 0.02
    return Case((images, mean, std), original, f"given {n} of {height} × {width}")


def _each(values: Tensor) -> Tensor:
    return values[:, None, None]


def _raw(images: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    return images * _each(std) + _each(mean)


def _stretched(raw: Tensor, axes: tuple[int, ...]) -> Tensor:
    low, high = raw.amin(axes, keepdim=True), raw.amax(axes, keepdim=True)
    return (raw - low) / (high - low)


UNDO_MISTAKES = {
    "some numbers are just below 0 or above 1: .clamp(0, 1), and return what it gives.": (
        _raw
    ),
    "some numbers are just above 1: .clamp(0, 1).": lambda x, m, s: _raw(x, m, s).clamp(
        min=0
    ),
    "some numbers are just below 0: .clamp(0, 1).": lambda x, m, s: _raw(x, m, s).clamp(
        max=1
    ),
    "abs turns a number below 0 round: .clamp(0, 1) makes it 0.": lambda x, m, s: (
        _raw(x, m, s).abs().clamp(max=1)
    ),
    "clamp comes last: normalised numbers below 0 are no mistake.": lambda x, m, s: (
        _raw(x.clamp(0, 1), m, s)
    ),
    "this stretches the colours: clamp leaves all numbers from 0 to 1 as they are.": (
        lambda x, m, s: _stretched(_raw(x, m, s), (0, 1, 2, 3))
    ),
    "this stretches the colours, by dividing by the largest: clamp leaves all numbers from 0 "
    "to 1 as they are.": (
        lambda x, m, s: (_raw(x, m, s) / _raw(x, m, s).max()).clamp(min=0)
    ),
    "this stretches the colours by dividing by the largest, and leaves some below 0: use "
    ".clamp(0, 1).": lambda x, m, s: _raw(x, m, s) / _raw(x, m, s).max(),
    "this stretches each colour for itself: clamp leaves all numbers from 0 to 1 as they "
    "are.": lambda x, m, s: _stretched(_raw(x, m, s), (2, 3)),
    "the sigmoid changes all numbers: clamp only those outside of 0 to 1.": (
        lambda x, m, s: _raw(x, m, s).sigmoid()
    ),
    "mean and std are swapped: times std, plus mean.": lambda x, m, s: _raw(
        x, s, m
    ).clamp(0, 1),
    "this normalises once more: undo it, times std, plus mean.": lambda x, m, s: (
        (x - _each(m)) / _each(s)
    ).clamp(0, 1),
    "in this order it isn't the reverse: times std first, then plus mean.": (
        lambda x, m, s: ((x + _each(m)) * _each(s)).clamp(0, 1)
    ),
    "each colour has a mean and a std of its own, and here all have one.": (
        lambda x, m, s: (x * s.mean() + m.mean()).clamp(0, 1)
    ),
    "each colour has its own mean and std, and here all have those of the first.": (
        lambda x, m, s: (x * s[0] + m[0]).clamp(0, 1)
    ),
    "the order of the colours is that of the numbers in mean and std: here it is reversed.": (
        lambda x, m, s: _raw(x, m.flip(0), s.flip(0)).clamp(0, 1)
    ),
    "red and blue are swapped in the result: the colours keep their order.": (
        lambda x, m, s: _raw(x, m, s).clamp(0, 1).flip(1)
    ),
    "std is missing: the numbers were divided by it.": lambda x, m, s: (
        x + _each(m)
    ).clamp(0, 1),
    "mean is missing: it was taken away.": lambda x, m, s: (x * _each(s)).clamp(0, 1),
    "mean is the argument: the batch's own is another one.": lambda x, m, s: _raw(
        x, x.mean(dim=(0, 2, 3)), s
    ).clamp(0, 1),
    "this is the first picture alone: undo the whole batch.": lambda x, m, s: _raw(
        x, m, s
    ).clamp(0, 1)[0],
    "these are whole numbers up to 255: numbers from 0 to 1 are asked for.": (
        lambda x, m, s: (_raw(x, m, s).clamp(0, 1) * 255).to(torch.uint8)
    ),
}
