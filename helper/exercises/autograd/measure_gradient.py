import random
from collections.abc import Callable

import torch
from torch import Tensor

from helper.exercises.autograd.points import signs, with_both_signs
from helper.expect import Case, Wrong, distinct, expect_function, expect_results


def measure_gradient(answer: object) -> str:
    """measure_gradient(f, x, h=1e-3): central differences, float64."""
    function = expect_function(answer)
    sizes = [*distinct(4, 3, 8), 1]
    functions, points = zip(*map(_cubic, sizes), strict=True)
    # None: h isn't given, and is 1e-3.
    steps = [None, random.uniform(0.2, 0.4), None, random.uniform(0.05, 0.15), None]
    cases = []
    for f, x, h in zip(functions, points, steps, strict=True):
        given = f"given x of shape ({len(x)},) and " + (f"h={h:.3g}" if h else "no h")
        arguments = (f, x) if h is None else (f, x, h)
        cases.append(Case(arguments, _measured(*arguments), given))
    autograd = "this is autograd: measure here, by evaluating f a step up and down."
    expect_results(
        function,
        cases,
        what="measure_gradient(f, x, h)",
        hint="Move one place at a time, and divide by the way between both ends.",
        tolerance=1e-6,
        without={"backward": autograd, "grad": autograd},
        mistakes={
            "twice as much as it should be: from x - h to x + h it is 2h.": (
                lambda *a: 2 * _measured(*a)
            ),
            "/ 2 * h divides by 2 and multiplies by h: write / (2 * h).": (
                lambda f, x, h=1e-3: _measured(f, x, h) * h * h
            ),
            "the sign is wrong: f a step up minus f a step down.": (
                lambda *a: -_measured(*a)
            ),
            "the signs of the slopes are lost: leave out abs().": (
                lambda *a: _measured(*a).abs()
            ),
            "this goes up only: a step to one side is less exact than to both.": (
                lambda f, x, h=1e-3: _measured(f, x + h / 2, h / 2, at=x)
            ),
            "this goes down only: a step to one side is less exact than to both.": (
                lambda f, x, h=1e-3: _measured(f, x - h / 2, h / 2, at=x)
            ),
            "this goes half a step to each side: a whole h up, a whole h down.": (
                lambda f, x, h=1e-3: _measured(f, x, h / 2)
            ),
            "a larger h changes nothing: step by the h that came, once up and once down.": (
                lambda f, x, h=1e-3: _measured(f, x)
            ),
            "the steps are h, but the division is by 2e-3: divide by 2 * h.": (
                lambda f, x, h=1e-3: _measured(f, x, h) * h / 1e-3
            ),
            "all places move at once: move one, and leave the others where they are.": (
                lambda f, x, h=1e-3: torch.full_like(x, (f(x + h) - f(x - h)) / (2 * h))
            ),
            "all places move at once, to one number: each of them has its own slope.": (
                lambda f, x, h=1e-3: (f(x + h) - f(x - h)) / (2 * h)
            ),
            "this is the gradient of the squares of x, not of f.": (
                lambda f, x, h=1e-3: 2 * x
            ),
            "this is the gradient where all of x is 0: begin at the x that came.": (
                lambda f, x, h=1e-3: _measured(f, torch.zeros_like(x), h)
            ),
            "only the first place is measured: is the return inside the loop?": (
                lambda *a: _measured(*a) * (torch.arange(len(a[1])) == 0)
            ),
            "the last place isn't measured: is the loop one too short?": (
                lambda *a: _measured(*a) * (torch.arange(len(a[1])) < len(a[1]) - 1)
            ),
        },
    )
    return "It agrees with the derivative, and needed 2n evaluations for n numbers."


def _cubic(size: int) -> tuple[Callable[[Tensor], Tensor], Tensor]:
    """A function of all places of x together, and an x with slopes up and down."""
    a, b = torch.rand(2, size, dtype=torch.float64) + 0.5
    a = -a * signs(a)

    def f(x: Tensor) -> Tensor:
        if isinstance(x, Tensor) and x.dtype != torch.float64:
            raise Wrong(
                f"f is given numbers of {x.dtype}: stay in float64, where a small difference "
                "has enough digits."
            )
        return (a * x**3 + b * x).sum() + (b * x).sum() ** 2

    return f, with_both_signs(lambda x: _measured(f, x), (size,), torch.float64)


def _measured(
    f: Callable, x: Tensor, h: float = 1e-3, *, at: Tensor | None = None
) -> Tensor:
    """Central differences; with `at`, the places that don't move stand there."""
    at = x if at is None else at
    slopes = torch.zeros_like(x)
    for i in range(len(x)):
        up, down = at.clone(), at.clone()
        up[i], down[i] = x[i] + h, x[i] - h
        slopes[i] = (f(up) - f(down)) / (2 * h)
    return slopes
