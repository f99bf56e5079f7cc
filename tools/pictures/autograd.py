"""Drawings about autograd: values forward, gradients backward, a step against the gradient."""

import torch
from torch import Tensor

from pictures.canvas import Drawing
from pictures.palette import BLUE, GREEN, GREY, INK, NORMAL, VERMILLION, WHITE
from pictures.parts import axes, short


def _node(drawing: Drawing, x: float, y: float, name: str, value: Tensor) -> None:
    """A box with a name, the value of the forward and the gradient of the backward pass."""
    learned = value.requires_grad and value.is_leaf
    drawing.box(x, y, 92, 76, fill=BLUE.tint if learned else WHITE)
    drawing.text(x + 46, y + 16, name, bold=True)
    drawing.text(x + 9, y + 38, "value", colour=BLUE.text, anchor="start")
    drawing.text(
        x + 83, y + 38, short(value), colour=BLUE.text, anchor="end", code=True
    )
    if not value.requires_grad:
        drawing.text(x + 46, y + 60, "data", colour=GREY.text)
        return
    drawing.text(x + 9, y + 60, "grad", colour=VERMILLION.text, anchor="start")
    grad = short(value.grad)
    drawing.text(x + 83, y + 60, grad, colour=VERMILLION.text, anchor="end", code=True)


def forward_and_backward() -> Drawing:
    x, y = torch.tensor(3.0), torch.tensor(5.0)
    w = torch.tensor(2.0, requires_grad=True)
    b = torch.tensor(1.0, requires_grad=True)
    product = w * x
    prediction = product + b
    error = prediction - y
    loss = error**2
    for value in (product, prediction, error, loss):
        value.retain_grad()
    loss.backward()
    drawing = Drawing(
        "Values go forward, gradients go backward",
        "The graph of loss = (w · x + b − y)². Forward, to the right, the values are computed: "
        f"w · x = {short(product)}; plus b, {short(prediction)}; minus y, {short(error)}; squared, "
        f"the loss is {short(loss)}. Backward, to the left, the gradients are computed: "
        f"{short(loss.grad)} at the loss, {short(error.grad)} at the error, at the prediction and "
        f"at the product, {short(b.grad)} at b and {short(w.grad)} at w.",
        324,
    )
    drawing.text(
        24, 28, "forward: values", colour=BLUE.text, size=NORMAL, anchor="start"
    )
    drawing.line((170, 28), (696, 28), colour=BLUE.line, arrow=True)
    row = {
        "w": w,
        "w · x": product,
        "prediction": prediction,
        "error": error,
        "loss": loss,
    }
    for i, (name, value) in enumerate(row.items()):
        _node(drawing, 24 + 145 * i, 58, name, value)
    for i, (sign, name, value) in enumerate(
        [("·", "x", x), ("+", "b", b), ("−", "y", y)]
    ):
        middle = 142.5 + 145 * i
        _node(drawing, middle - 46, 184, name, value)
        drawing.line((middle, 184), (middle, 112), arrow=True)
        _operation(drawing, middle, sign)
    _operation(drawing, 577.5, "²")
    chain = {
        "error": f"2 · {short(error)} = {short(error.grad)}",
        "b": f"1 · {short(product.grad)} = {short(b.grad)}",
        "w": f"{short(x)} · {short(product.grad)} = {short(w.grad)}",
    }
    drawing.text(
        524, 190, "the chain rule", colour=VERMILLION.text, bold=True, anchor="start"
    )
    for i, (name, words) in enumerate(chain.items()):
        drawing.text(524, 214 + 22 * i, name, colour=VERMILLION.text, anchor="start")
        drawing.text(
            580, 214 + 22 * i, words, colour=VERMILLION.text, anchor="start", code=True
        )
    drawing.text(
        696,
        296,
        "backward: gradients",
        colour=VERMILLION.text,
        size=NORMAL,
        anchor="end",
    )
    drawing.line((510, 296), (24, 296), colour=VERMILLION.line, arrow=True)
    return drawing


def _operation(drawing: Drawing, x: float, sign: str) -> None:
    """A circle between two nodes of the upper row."""
    drawing.line((x - 26, 96), (x + 26, 96), arrow=True)
    drawing.circle(x, 96, 13)
    drawing.text(x, 96, sign, size=NORMAL, bold=True)


def gradient_step() -> Drawing:
    w = torch.tensor(1.0, requires_grad=True)
    loss = (w - 3) ** 2
    loss.backward()
    slope, rate = w.grad.item(), 0.2
    after = w.item() - rate * slope
    drawing = Drawing(
        "One step against the gradient",
        "A loss curve over one weight, loss = (w − 3)². At w = 1 the loss is "
        f"{short(loss)} and the tangent's slope, the gradient, is {short(slope)}. With lr = {rate} "
        f"the step is −lr · grad = {short(-rate * slope)}, to the right and downhill: at w = "
        f"{short(after)} the loss is {short((after - 3) ** 2)}. The lowest point is at w = 3.",
        320,
    )
    place = axes(drawing, 50, 24, 380, 244, x=(-0.2, 6), y=(0, 9.6))
    curve = [place(a / 20, (a / 20 - 3) ** 2) for a in range(0, 121)]
    drawing.line(*curve, colour=BLUE.line, thick=2.5)
    tangent = [place(a, loss.item() + slope * (a - 1)) for a in (0, 1.95)]
    drawing.line(*tangent, colour=VERMILLION.line, dashed=True)
    start, end = place(1, loss.item()), place(after, (after - 3) ** 2)
    for x, y in (start, end):
        drawing.line((x, y), (x, 268), thick=1.5, dashed=True)
    drawing.line((start[0], 250), (end[0], 250), colour=GREEN.line, thick=3, arrow=True)
    drawing.circle(*start, 6, fill=VERMILLION.line, line=VERMILLION.line)
    drawing.circle(*end, 6, fill=GREEN.line, line=GREEN.line)
    drawing.text(24, 30, "loss", anchor="middle", colour=GREY.text)
    for a in (1, 3, 5):
        drawing.text(place(a, 0)[0], 284, str(a), code=True, colour=GREY.text)
    drawing.text(430, 284, "w", colour=GREY.text, code=True)
    drawing.text(end[0], 300, short(after), code=True, colour=GREEN.text)

    lines = [
        ("where we are", f"w = 1, loss = {short(loss)}", VERMILLION.text),
        (
            "the slope of the tangent",
            f"grad = 2 (w − 3) = {short(slope)}",
            VERMILLION.text,
        ),
        ("the step", f"−lr · grad = −0.2 · (−4) = {short(-rate * slope)}", GREEN.text),
        (
            "after it",
            f"w = {short(after)}, loss = {short((after - 3) ** 2)}",
            GREEN.text,
        ),
    ]
    for i, (words, formula, colour) in enumerate(lines):
        drawing.text(452, 44 + 64 * i, words, anchor="start", colour=INK)
        drawing.text(
            452, 66 + 64 * i, formula, anchor="start", colour=colour, code=True
        )
    return drawing


DRAWINGS = [forward_and_backward, gradient_step]
