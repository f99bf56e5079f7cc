import itertools
import random
from collections.abc import Callable

import torch
from torch import Tensor

from helper.expect import (
    Case,
    Wrong,
    alike,
    call_for_effect,
    distinct,
    expect_function,
    expect_no_mistake,
    expect_number,
    expect_results,
    expect_tensor,
)


def slope(answer: object) -> str:
    """The derivative of 3x² + 2x at x = 2."""
    expect_no_mistake(
        answer,
        {
            "16 is f(2), the height, and it is 6x + 2x at 2: the slope is asked for, and "
            "2x has the slope 2.": 16,
            "that is 3x² alone, 6x: the 2x has a slope too.": 12,
            "6 is what 6x + 2 grows by: put x = 2 into it.": 6,
            "x² has the derivative 2x: the 2 comes down and multiplies the 3.": 8,
            "that is the slope at x = 3: x = 2 is asked for.": 20,
            "that is 6x² + 2: x² has the derivative 2x, without a square.": 26,
            "it is 3 times x², not 3x squared.": 38,
            "28 is twice the slope: were two gradients added up?": 28,
            "that is the slope at x = 0: x = 2 is asked for.": 2,
            "the sign: where x is 2, f rises.": -14,
        },
    )
    expect_number(answer, 14, hint="x² has the derivative 2x, and x has 1.")
    return "6x + 2 is 14 at x = 2."


def vector_jacobian(answer: object) -> str:
    """v @ J for y = A @ x."""
    A = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    v = torch.tensor([2.0, -1.0])
    expect_no_mistake(
        answer,
        {
            "this is A's rows added up: v says how much each of them counts.": A.sum(0),
            "this is the mean of A's rows: v says how much each of them counts.": A.mean(
                0
            ),
            "A is the Jacobian itself: where does v come in?": A,
            "this is A turned, without v.": A.T,
            "this is v itself: where does A come in?": v,
            "the weighted rows of A are right: now add them up.": v.unsqueeze(1) * A,
            "the sum runs the wrong way: x.grad has three numbers, one for each of x's.": (
                (v.unsqueeze(1) * A).sum(1)
            ),
            "this is all added up: x.grad has three numbers, one for each of x's.": (
                (v @ A).sum()
            ),
            "the sign is wrong.": -(v @ A),
            "the signs of v are lost.": v.abs() @ A,
            "this is twice as much: y is A @ x, there is no square.": 2 * (v @ A),
            "this is the first row alone: the second one counts -1 times.": v[0] * A[0],
            "the numbers are right, but in a table: x.grad has the shape of x, (3,).": (
                v.reshape(1, 2) @ A
            ),
            "the numbers are right, but in a column: x.grad has the shape of x, (3,).": (
                A.T @ v.reshape(2, 1)
            ),
        }
        if isinstance(answer, Tensor)
        else {},
    )
    if callable(answer) and not isinstance(answer, type):
        raise Wrong(
            "your answer is a function: compute the tensor with the A and v above."
        )
    expect_tensor(answer, v @ A, hint="v weighs the rows of A, which are added up.")
    return "v @ A has the shape of x, as the gradient of x must."


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
            "the step is 1e-3 whatever h is: use the h that came.": (
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
    a = -a * _signs(a)

    def f(x: Tensor) -> Tensor:
        return (a * x**3 + b * x).sum() + (b * x).sum() ** 2

    return f, _with_both_signs(lambda x: _measured(f, x), (size,), torch.float64)


def _signs(x: Tensor) -> Tensor:
    """1 and -1 in turn, in the shape of x."""
    return (-1) ** torch.arange(x.numel()).reshape(x.shape)


def _with_both_signs(
    derivative: Callable, shape: tuple[int, ...], dtype: torch.dtype = torch.float32
) -> Tensor:
    """An x with slopes up and down, or up or down where it is a single number."""
    while True:
        x = torch.randn(shape, dtype=dtype)
        slopes = derivative(x)
        both = slopes.min() < -0.1 and slopes.max() > 0.1
        if both or (x.numel() == 1 and slopes.abs() > 0.1):
            return x


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
    return "The x that came is as it was, and its gradient is known."


def _wave(shape: tuple[int, ...], dtype: torch.dtype) -> tuple[Callable, Tensor]:
    """A function that refuses to be measured, and an x with slopes up and down.

    As attributes it has its `value` and `derivative`.
    """
    a, b = torch.rand(2, *shape, dtype=dtype) + 0.5
    a, b = a.clone(), b * _signs(a)
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
    return f, _with_both_signs(f.derivative, shape, dtype)


def take_step(answer: object) -> str:
    """take_step(weights, loss, lr): one step of gradient descent in place."""
    function = expect_function(answer)
    shapes = [(3,), (2, 4), (5,), (1,), ()]
    rates = [random.uniform(low, low + 0.05) for low in (0.02, 0.12, 0.25, 0.4, 0.6)]
    factors = [torch.rand(shape) + 0.3 for shape in shapes]
    starts = [_with_both_signs(lambda x, f=f: 2 * f * x + 1, f.shape) for f in factors]
    problems, moves = [], []
    for start, factor, lr in zip(starts, factors, rates, strict=True):
        weights = start.clone().requires_grad_()
        try:
            for number in range(3):  # what is left of one step shows in the next
                moves.append(_try_step(function, weights, factor, lr, number))
        except Wrong as problem:
            problems.append(problem)
            moves.append(getattr(problem, "move", None))
    if problems:
        if None not in moves:
            _name_the_mistake(moves)
        raise problems[0]
    return "Back, step, clear: every training loop is these three lines and a loss."


def _try_step(
    function: Callable, weights: Tensor, factor: Tensor, lr: float, number: int
) -> tuple[Tensor, Tensor, float, float]:
    """Take a step and look at it: how far weights went, its gradient, lr and the loss.

    A `Wrong` about how far has these four as `move`.
    """
    before = weights.detach().clone()
    slope = 2 * factor * before + 1
    expected = before - lr * slope
    loss = (factor * weights**2 + weights).sum()
    value = loss.item()
    result = _call_with_advice(function, weights, loss, lr)
    moved = before - weights.detach()
    _expect_in_place(result, weights, expected, moved)
    hint = "Move it by lr times the gradient, downhill."
    if number:
        hint = "The first step is right and this one isn't: what is left of it?"
    try:
        expect_tensor(
            weights.detach(),
            expected,
            what=f"weights, after a step with lr={lr:.3g},",
            hint=hint,
            tolerance=1e-4,
            say_expected=True,
        )
    except Wrong as problem:
        problem.move = moved, slope, lr, value
        raise
    if weights.grad is not None and weights.grad.any():
        raise Wrong(
            "a gradient is left in weights.grad: the next one would be added to it."
        )
    return moved, slope, lr, value


def _call_with_advice(
    function: Callable, weights: Tensor, loss: Tensor, lr: float
) -> object:
    """What take_step returns; with advice for its two commonest errors."""
    try:
        given = f"given weights of shape {tuple(weights.shape)}"
        return call_for_effect(function, weights, loss, lr, given=given)
    except Wrong as wrong:
        if "leaf Variable" in str(wrong):
            raise Wrong(
                f"{wrong} Take the step, and only it, inside `with torch.no_grad():`."
            ) from None
        if "NoneType" in str(wrong):
            raise Wrong(
                f"{wrong}. A .grad is None until loss.backward() was called, and if the "
                "loss wasn't computed from it."
            ) from None
        raise


def _expect_in_place(
    result: object, weights: Tensor, expected: Tensor, moved: Tensor
) -> None:
    """weights itself must have moved, be what is returned, and still be a leaf."""
    if not weights.requires_grad or not weights.is_leaf:
        raise Wrong(
            "weights no longer requires grad: take the step inside `with torch.no_grad():`, "
            "and leave requires_grad alone."
        )
    if not moved.any():
        if isinstance(result, Tensor) and result is not weights:
            if not alike(result, expected):
                raise Wrong("weights did not change, and another tensor came back.")
            raise Wrong(
                "weights did not change, and a new tensor came back: `weights = weights - "
                "...` makes a new one, `weights -= ...` changes the one that came."
            )
        raise Wrong(
            "weights did not change: move it in place by lr times its gradient, before "
            "that is cleared."
        )
    if result is None:
        raise Wrong("your function returns None: is a `return` missing?")
    if result is not weights:
        raise Wrong("the result is not the tensor weights itself: return weights.")


def _name_the_mistake(moves: list) -> None:
    """Raise the sentence for the one mistake that explains how weights moved each time."""
    mistakes = {
        "this went uphill: against the gradient is minus.": lambda g, lr, _: -lr * g,
        "lr isn't used: multiply the gradient by it.": lambda g, lr, _: g,
        "the gradient is multiplied by 0.1 whatever lr is: use the lr that came.": (
            lambda g, lr, _: 0.1 * g
        ),
        "the gradient is divided by lr: multiply.": lambda g, lr, _: g / lr,
        "each number moves by lr, whatever its gradient: by lr times the gradient.": (
            lambda g, lr, _: lr * g.sign()
        ),
        "the gradient's length is divided out: lr times the gradient as it is.": (
            lambda g, lr, _: lr * g / g.norm()
        ),
        "all numbers move alike, by the gradient's mean: each by its own.": (
            lambda g, lr, _: lr * g.mean().expand_as(g)
        ),
        "the step is lr times the loss: it is lr times the gradient.": (
            lambda g, lr, loss: torch.full_like(g, lr * loss)
        ),
        "the signs of the gradient are lost: by lr times the gradient as it is.": (
            lambda g, lr, _: lr * g.abs()
        ),
        "this goes two steps: one is asked for.": lambda g, lr, _: 2 * lr * g,
    }
    for sentence, mistake in mistakes.items():
        if all(
            torch.allclose(moved, mistake(g, lr, loss), rtol=1e-3, atol=1e-4)
            for moved, g, lr, loss in moves
        ):
            raise Wrong(sentence)


EXERCISES = (slope, vector_jacobian, measure_gradient, gradient, take_step)
