import copy
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from helper.expect import (
    Case,
    Wrong,
    call,
    distinct,
    expect_function,
    expect_results,
    expect_tensor,
)


def linear(answer: object) -> str:
    """linear(rows, weight, bias): what nn.Linear computes."""
    function = expect_function(answer)
    cases = []
    ready = "that is PyTorch's own linear layer: multiply and add yourself."
    for number in range(7):
        count, size, out = distinct(3, 2, 9)
        if number == 5:
            out = size  # a square weight, which could be used unturned
        if number == 6:
            count = out  # as many rows as outputs
        if number == 3:
            count = 1
        rows, weight, bias = _leaf(count, size), _leaf(out, size), _leaf(out)
        if number == 0:  # its sum is more than 0
            bias = (1 + bias.detach().abs()).requires_grad_()
        if number == 2:
            bias = None
        if number == 4:  # its sum is exactly 0
            bias = (torch.arange(out) - (out - 1) / 2).requires_grad_()
        if number == 1:
            bias = (-1 - bias.detach().abs()).requires_grad_()
        given = f"given rows {count, size}, weight {out, size} and bias "
        given += "None" if bias is None else f"({out},)"
        cases.append(
            Case((rows, weight, bias), F.linear(rows, weight, bias).detach(), given)
        )
    expect_results(
        function,
        cases,
        what="linear(rows, weight, bias)",
        hint="Rows times the turned weight, plus the bias if there is one.",
        without={"linear": ready},
        mistakes={
            "reshape doesn't turn the weight, it scrambles it: .T turns it.": (
                lambda r, w, b: _plus(r @ w.reshape(w.shape[::-1]), b)
            ),
            "the bias isn't used: add it, if there is one.": lambda r, w, b: r @ w.T,
            "the bias is subtracted: add it.": (
                lambda r, w, b: _plus(r @ w.T, None if b is None else -b)
            ),
            "the bias is added twice.": lambda r, w, b: _plus(_plus(r @ w.T, b), b),
            "1 is added instead of the bias.": lambda r, w, b: r @ w.T + 1,
            "the bias's mean is added: each output has a bias of its own.": (
                lambda r, w, b: _plus(r @ w.T, None if b is None else b.mean())
            ),
            "there is a relu at the end: nn.Linear has none.": (
                lambda r, w, b: F.linear(r, w, b).relu()
            ),
            "rows and columns of the result are swapped: a row for each of rows.": (
                lambda r, w, b: F.linear(r, w, b).T
            ),
            "this is the mean of the products: it is their sum.": (
                lambda r, w, b: _plus(r @ w.T / w.shape[1], b)
            ),
            "this is the first row's result only: one row for each of rows.": (
                lambda r, w, b: F.linear(r[0], w, b)
            ),
        },
    )
    for case in cases[:3]:
        _expect_graph(function, case)
    return "Every fully connected layer is this one line."


def _leaf(*shape: int) -> Tensor:
    return torch.randn(shape).requires_grad_()


def _plus(result: Tensor, bias: Tensor | None) -> Tensor:
    return result if bias is None else result + bias


def _expect_graph(function: Callable, case: Case) -> None:
    """The gradients of rows, weight and bias must be those of nn.Linear."""
    theirs, ours = copy.deepcopy(case.arguments), case.arguments
    result = call(function, *theirs, given=case.given)
    names = [
        n
        for n, t in zip(("rows", "weight", "bias"), theirs, strict=True)
        if t is not None
    ]
    inputs = [t for t in theirs if t is not None]
    if not result.requires_grad:
        raise Wrong("the result has lost its graph: no gradient goes back to weight.")
    expected = F.linear(*ours)
    factors = torch.randn(expected.shape)
    slopes = torch.autograd.grad((result * factors).sum(), inputs, allow_unused=True)
    rights = torch.autograd.grad(
        (expected * factors).sum(), [t for t in ours if t is not None]
    )
    for name, slope, right in zip(names, slopes, rights, strict=True):
        if slope is None:
            raise Wrong(f"no gradient goes back to {name}: its graph is cut.")
        expect_tensor(slope, right, what=f"the gradient of {name}", tolerance=1e-4)
