import random
from collections.abc import Callable

import torch
from torch import Tensor

from helper.exercises.autograd.points import with_both_signs
from helper.expect import Wrong, alike, call_for_effect, expect_function, expect_tensor


def take_step(answer: object) -> str:
    """take_step(weights, loss, lr): one step of gradient descent in place."""
    function = expect_function(answer)
    shapes = [(3,), (2, 4), (5,), (1,), ()]
    rates = [random.uniform(low, low + 0.05) for low in (0.02, 0.12, 0.25, 0.4, 0.6)]
    factors = [torch.rand(shape) + 0.3 for shape in shapes]
    starts = [with_both_signs(lambda x, f=f: 2 * f * x + 1, f.shape) for f in factors]
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
