import random

import torch
from torch import Tensor

from helper.expect import (
    Wrong,
    alike,
    call,
    expect_function,
    expect_no_mistake,
    expect_tensor,
    expect_unchanged,
    remember,
)


def momentum_step(answer: object) -> str:
    """momentum_step(weights, velocity, lr, momentum): in place, returns the new velocity."""
    function = expect_function(answer)
    rates = [random.uniform(0.02, 0.4) for _ in range(4)]
    momenta = [*(random.uniform(0.3, 0.95) for _ in range(3)), 0.0]
    shapes = [(3,), (2, 5), (3,), (1,)]  # one twice: each call has its own velocity
    starts = [(torch.randn(s), torch.randn(s)) for s in shapes]
    starts[2][1].zero_()  # as at the beginning of a training run
    kept = []
    for (start, velocity), lr, momentum in zip(starts, rates, momenta, strict=True):
        weights = start.clone().requires_grad_()
        for _ in range(3):
            weights.grad = None
            (weights**2 + weights).sum().backward()
            old = velocity.clone()
            velocity = _try_step(function, weights, velocity, lr, momentum)
            _expect_step(old, weights.grad, velocity, momentum)
            if _memory(velocity) == _memory(weights.grad):
                raise Wrong(
                    "the velocity is weights.grad itself here, and clearing the gradients "
                    "would clear it, too: make a new tensor."
                )
        kept.append((velocity, remember(velocity)))
    for velocity, before in kept:
        hint = "Make a new one in each call."
        expect_unchanged(velocity, before, "the velocity of an earlier call", hint)
    return "optim.SGD with momentum takes the same steps."


def _try_step(
    function: object, weights: Tensor, velocity: Tensor, lr: float, momentum: float
) -> Tensor:
    """The returned velocity, once the weights are seen to have gone along it."""
    before, gradient = weights.detach().clone(), weights.grad.clone()
    old = velocity.clone()
    try:
        result = call(function, weights, velocity, lr, momentum)
    except Wrong as wrong:
        if "leaf Variable" in str(wrong):
            step = "Take the step, and only it, inside `with torch.no_grad():`."
            raise Wrong(f"{wrong} {step}") from wrong
        raise
    now = weights.detach()
    if not weights.is_leaf or not weights.requires_grad:
        raise Wrong("weights no longer requires grad: change it inside no_grad.")
    if torch.equal(now, before):
        raise Wrong(
            "weights did not change: `weights = weights - ...` makes a new tensor, "
            "`weights -= ...` inside no_grad changes the one that came."
        )
    if weights.grad is None or not torch.equal(weights.grad, gradient):
        raise Wrong("weights.grad was changed: change weights alone.")
    if result is weights or (result is weights.grad and old.any()):
        raise Wrong("this returns weights or its gradient: return the new velocity.")
    new = momentum * old + gradient
    close = {
        "": before - lr * new,
        "uphill: against the velocity is minus.": before + lr * new,
        "this is a plain step: the velocity that came is not used.": (
            before - lr * gradient
        ),
        "this goes along the old velocity: compute the new one first.": (
            before - lr * old
        ),
        "the step is not multiplied by lr.": before - new,
    }
    for sentence, expected in close.items():
        if torch.allclose(now, expected, atol=1e-5):
            # With momentum 0 a plain step is right, and so on: right comes first.
            if sentence:
                raise Wrong(sentence)
            return result
    if isinstance(result, Tensor) and result.is_floating_point():
        if alike(before - now, lr * result.detach()):
            return result  # along what was returned, which is looked at next
        other = {
            "lr belongs to the step alone: the velocity is momentum times the old one, plus "
            "the gradient.": momentum * old + lr * gradient,
            "the velocity has the other sign: add the gradient to it, and subtract lr times "
            "the velocity from weights.": momentum * old - gradient,
            "the gradient is added to the velocity as it is; lr, and the minus, belong to "
            "the step.": momentum * old - lr * gradient,
        }
        expect_no_mistake(result, other)
    raise Wrong("weights did not go along lr times the new velocity.")


def _expect_step(
    old: Tensor, gradient: Tensor, velocity: object, momentum: float
) -> None:
    expected = momentum * old + gradient
    mistakes = {
        "the velocity came back as it was: return the new one.": old,
        "momentum is not used: it multiplies the old velocity.": old + gradient,
        "momentum multiplies the gradient too: only the old velocity.": (
            momentum * (old + gradient)
        ),
        "the gradient is taken (1 - momentum) times: here it is added whole.": (
            momentum * old + (1 - momentum) * gradient
        ),
        "the old velocity is forgotten: this is the gradient alone.": gradient,
        "the gradient is subtracted from the velocity: add it; the step subtracts.": (
            momentum * old - gradient
        ),
    }
    if not alike(velocity, expected):
        where = "" if momentum else "with momentum=0, "
        expect_no_mistake(velocity, {f"{where}{s}": m for s, m in mistakes.items()})
    expect_tensor(
        velocity,
        expected,
        what="the velocity",
        hint="It is momentum times the old velocity, plus the gradient.",
    )
    if velocity.requires_grad:
        raise Wrong(
            "the velocity has a graph, which grows from step to step: compute it from "
            "weights.grad, which has none."
        )


def _memory(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()
