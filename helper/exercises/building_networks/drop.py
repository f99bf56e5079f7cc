import random
from collections.abc import Callable

import torch
from torch import Tensor

from helper.exercises.building_networks.chance import (
    differ,
    expect_chance,
    expect_independent,
)
from helper.expect import (
    Calls,
    Wrong,
    alike,
    call,
    expect_function,
    expect_tensor,
    expect_unchanged,
    remember,
)


def drop(answer: object) -> str:
    """drop(x, p, training): dropout by hand."""
    function = expect_function(answer)
    rates = [random.uniform(0.25, 0.42), random.uniform(0.6, 0.74)]
    rates += [random.uniform(0.08, 0.15), random.uniform(0.85, 0.92)]
    shapes = [(120, 100), (100, 130), (10, 30, 40), (12_000,)]
    tensors = [_away_from_zero(shape) for shape in shapes]
    small, at_rest = _away_from_zero((1, 3)), _away_from_zero((4, 5))
    with Calls() as calls:
        for p in rates:
            given = at_rest.clone().requires_grad_()
            result = call(function, given, p, False, given="with training=False")
            what = f"drop(x, {p:.2f}, False)"
            _expect_rest(function, result, at_rest, p, what)
            if not result.requires_grad:
                raise Wrong(
                    f"{what} has lost its graph: no gradient finds its way back to x."
                )
            expect_unchanged(given.detach(), remember(at_rest), "the argument x")
        rounds = [
            [_dropped(function, x, p) for x, p in zip(tensors, rates, strict=True)]
            for _ in range(4)
        ]
    if any("dropout" in name for name in calls.names):
        raise Wrong(
            "PyTorch's own dropout does it for you: draw the numbers with rand."
        )
    zeros = [[result == 0 for result, _ in results] for results in rounds]
    if any(zero.any() and not zero.all() for zero in zeros[0]) and all(
        torch.equal(one, other) for one, other in zip(zeros[0], zeros[1], strict=True)
    ):
        raise Wrong("the same numbers become 0 in each call: draw anew each time.")
    parts = [zero.double().mean().item() for zero in zeros[0]]
    if not any(
        differ(part, 1 - p, zero.numel())
        for part, p, zero in zip(parts, rates, zeros[0], strict=True)
    ):
        raise Wrong(
            f"with p={rates[0]:.2f}, {parts[0]:.0%} of the numbers became 0: that many "
            "should stay. Keep where the number is >= p."
        )
    for x, p, (result, slope) in zip(tensors, rates, rounds[0], strict=True):
        _expect_dropout(x, p, result)
        if slope is None or not alike(x * slope, result):
            raise Wrong(
                "the numbers are right, but no gradient, or another one, goes back to x."
            )
    for p, *zero in zip(rates, *zeros, strict=True):  # more numbers say more exactly
        _expect_part(torch.stack(zero), p)
    expect_chance(list(zip(*zeros, strict=True)), rates)
    nothing = _dropped(function, small, 0.0)[0]
    expect_tensor(nothing, small, what="drop(x, 0.0, True)", any_float=True)
    return "The mean stays about the same, so that evaluation needs no correction."


def _expect_rest(
    function: Callable, result: object, x: Tensor, p: float, what: str
) -> None:
    """The result without training must be x as it is."""
    try:
        expect_tensor(result, x, what=what, hint="It should be x as it is.")
    except Wrong:
        if not _drops_some(function, p, training=False):
            raise
        if _drops_some(function, p, training=True):
            raise Wrong(
                "numbers become 0 with training=False, too: return x as it is there."
            ) from None
        raise Wrong(
            "numbers become 0 with training=False, and not with training=True: it is the wrong "
            "way round."
        ) from None


def _drops_some(function: Callable, p: float, training: bool) -> bool:
    """Do some of many numbers become 0, and others not?"""
    x = _away_from_zero((1000,)).requires_grad_()
    result = call(function, x, p, training, given=f"with training={training}")
    if not isinstance(result, Tensor) or result.layout != torch.strided:
        return False
    if result.is_meta or result.is_nested or result.shape != x.shape:
        return False
    return bool((result == 0).any() and (result != 0).any())


def _away_from_zero(shape: tuple[int, ...]) -> Tensor:
    x = torch.randn(shape)
    return torch.where(x < 0, x - 0.1, x + 0.1)


def _dropped(function: Callable, x: Tensor, p: float) -> tuple[Tensor, Tensor | None]:
    """What drop gives in training, of x's shape, and the gradient that goes back to x."""
    given, what = x.clone().requires_grad_(), f"drop(x, {p:.2f}, True)"
    before = remember(given)
    try:
        result = call(function, given, p, True, given=f"with p={p:.2f}, training=True")
    except Wrong as wrong:
        if "leaf Variable" in str(wrong):
            raise Wrong(f"{wrong} x must not be changed: make a new tensor.") from None
        raise
    expect_unchanged(given, before, "the argument x", "Work on a copy.")
    # Any numbers will do here: only what kind of tensor it is, is looked at.
    stand_in = x if not isinstance(result, Tensor) or result.shape != x.shape else None
    if stand_in is None and not result.is_meta and result.layout == torch.strided:
        stand_in = result.detach().to(x.device, x.dtype)
    expect_tensor(
        result, x if stand_in is None else stand_in, what=what, any_float=True
    )
    if not result.isfinite().all():
        raise Wrong(
            f"some numbers of {what} aren't finite: was something divided by 0?"
        )
    if not result.requires_grad:
        raise Wrong(f"{what} has lost its graph: no gradient could go back to x.")
    slope = torch.autograd.grad(result.sum(), given, allow_unused=True)[0]
    return result.detach(), slope


def _expect_part(zero: Tensor, p: float) -> None:
    part = zero.double().mean().item()
    if differ(part, p, zero.numel()):
        raise Wrong(
            f"with p={p:.3f}, {part:.1%} of the numbers became 0, expected about {p:.1%}."
        )


def _expect_dropout(x: Tensor, p: float, result: Tensor) -> None:
    """A random part p of x is 0 and the others are x / (1 - p)."""
    if alike(result, x * ((result + p).abs() > 1e-6) - p):
        raise Wrong("/ 1 - p divides by 1, then subtracts p: write / (1 - p).")
    zero = result == 0
    expect_independent(x, zero.double().mean().item(), zero)
    _expect_part(zero, p)
    factors = (result / x)[~zero].double()
    if factors.max() - factors.min() > 1e-3 * factors.abs().max():
        raise Wrong("the numbers that stay are not all x times the same.")
    factor = factors.mean().item()
    mistakes = {
        "the numbers that stay must grow, so that the mean stays: divide by 1 - p.": 1.0,
        "the numbers that stay are divided by p: divide by 1 - p.": 1 / p,
        "the numbers that stay are multiplied by 1 - p: divide by it.": 1 - p,
        "the numbers that stay are divided by 1 - p twice.": 1 / (1 - p) ** 2,
        "the numbers that stay are divided by 0.8 whatever p is: by 1 - p.": 1 / 0.8,
    }
    for sentence, mistaken in mistakes.items():
        if abs(factor / mistaken - 1) < 1e-5:
            raise Wrong(sentence)
    if abs(factor * (1 - p) - 1) > 1e-5:
        raise Wrong(
            f"with p={p:.2f}, the numbers that stay became {factor:.5g} times as large, "
            f"expected 1 / (1 - p), {1 / (1 - p):.5g}."
        )
