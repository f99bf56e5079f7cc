import itertools
from collections.abc import Callable

import torch
from torch import Tensor

from helper.exercises.autograd.points import signs, with_both_signs
from helper.expect import (
    Case,
    Wrong,
    call,
    expect_function,
    expect_results,
    expect_tensor,
)


def gradient(answer: object) -> str:
    """gradient(f, x): by autograd, leaving x alone."""
    function = expect_function(answer)
    shapes = [(6,), (4, 2), (6,), (), (1,)]
    waves = [_wave(shape, torch.float32) for shape in shapes]
    waves.append(_wave((5,), torch.float64))
    cases = []
    for f, x in waves:
        of = ", float64" if x.dtype == torch.float64 else ""
        cases.append(
            Case((f, x), f.derivative(x), f"given x of shape {tuple(x.shape)}{of}")
        )
    expect_results(
        function,
        cases,
        what="gradient(f, x)",
        hint="Copy, track, compute, go back, and return what is in .grad.",
        mistakes={
            "this is the gradient of the squares of x, not of f.": lambda f, x: 2 * x,
            "this is f's gradient at ones: take it at the x that came.": (
                lambda f, x: f.derivative(torch.ones_like(x))
            ),
            "this is the value of f, not its gradient.": lambda f, x: f.value(x),
            "this is the copy of x, not its gradient.": lambda f, x: x,
            "this is twice the gradient: backward was called twice, and adds up.": (
                lambda f, x: 2 * f.derivative(x)
            ),
            "the sign is wrong: .grad as it is.": lambda f, x: -f.derivative(x),
            "the signs of the slopes are lost: .grad as it is.": (
                lambda f, x: f.derivative(x).abs()
            ),
            "this is all of the gradient added up: each place has its own.": (
                lambda f, x: f.derivative(x).sum()
            ),
            "this is the first place's slope only: return the whole gradient.": (
                lambda f, x: f.derivative(x).flatten()[0]
            ),
        },
    )
    f, x = _wave((3,), torch.float32)
    call(function, f, x)
    x.neg_().add_(1)
    what = "gradient(f, x), called again after x was changed,"
    hint = "Compute anew in each call: does it keep results?"
    expect_tensor(call(function, f, x), f.derivative(x), what=what, hint=hint)
    return "The x that came is as it was, and its gradient is known."


def _wave(shape: tuple[int, ...], dtype: torch.dtype) -> tuple[Callable, Tensor]:
    """A function that refuses to be measured, and an x with slopes up and down.

    As attributes it has its `value` and `derivative`.
    """
    a, b = torch.rand(2, *shape, dtype=dtype) + 0.5
    a, b = a.clone(), b * signs(a)
    evaluations = itertools.count(1)

    def value(x: Tensor) -> Tensor:
        return (torch.sin(a * x) + b * x**3).sum()

    def f(x: Tensor) -> Tensor:
        if x.numel() > 3 and next(evaluations) > x.numel():
            raise Wrong(
                f"f is evaluated more than {x.numel()} times, for {x.numel()} numbers: this "
                "measures. Autograd needs one evaluation."
            )
        return value(x)

    f.value = value
    f.derivative = lambda x: a * torch.cos(a * x) + 3 * b * x**2
    return f, with_both_signs(f.derivative, shape, dtype)
