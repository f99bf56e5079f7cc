"""Drawings about validation: the three parts of the data, fits, two loss curves."""

import numpy as np
import torch
from torch import nn

from helper.data import Digits
from helper.networks import Network
from pictures.canvas import Drawing
from pictures.palette import BLUE, GREEN, GREY, INK, NORMAL, VERMILLION
from pictures.parts import axes


def three_parts() -> Drawing:
    counts = Digits(train=True).targets.bincount()
    valid = int((counts // 5).sum())  # a fifth of each class, as notebook 05 does it
    train, test = int(counts.sum()) - valid, len(Digits(train=False))
    drawing = Drawing(
        "Training, validation and test part",
        f"Three parts of the data, over the time of a training run. The {train:,} training digits "
        "are used in every epoch: gradients change the weights. The "
        f"{valid} validation digits are looked at after each epoch: we choose settings and when to "
        f"stop. The {test} test digits are looked at once, at the very end: the number to report.",
        296,
    )
    rows = [
        ("train", train, "gradients", "change the weights", BLUE),
        ("validation", valid, "choices", "settings, when to stop", VERMILLION),
        ("test", test, "a report", "nothing is changed", GREEN),
    ]
    left, wide, epochs = 330, 62, 4
    for row, (name, count, for_what, how, accent) in enumerate(rows):
        y = 48 + 68 * row
        drawing.box(24, y, 282, 52, accent=accent, thick=2)
        drawing.text(38, y + 17, name, bold=True, size=NORMAL, anchor="start")
        drawing.text(
            38, y + 38, f"{count:,} digits", colour=accent.text, anchor="start"
        )
        drawing.text(292, y + 17, for_what, bold=True, anchor="end")
        drawing.text(292, y + 38, how, colour=accent.text, anchor="end")
        drawing.line((left, y + 26), (left + 366, y + 26), thick=1)
    for epoch in range(epochs):
        x = left + 8 + (wide + 14) * epoch
        drawing.text(x + wide / 2, 28, f"epoch {epoch + 1}", colour=GREY.text)
        drawing.box(x, 60, 48, 28, fill=BLUE.line, line=BLUE.line)
        drawing.circle(x + 59, 142, 9, fill=VERMILLION.line, line=VERMILLION.line)
    drawing.text(674, 28, "the end", colour=GREY.text)
    drawing.polygon((674, 194), (690, 210), (674, 226), (658, 210), fill=GREEN.line)
    drawing.line((24, 258), (696, 258), arrow=True)
    drawing.text(24, 276, "time", colour=GREY.text, anchor="start")
    return drawing


def fitting() -> Drawing:
    random = np.random.default_rng(6)
    x = np.linspace(0.03, 0.97, 23)
    y = np.sin(5 * x) + random.normal(0, 0.3, len(x))
    train = np.arange(len(x)) % 2 == 0
    degrees = {"underfitting": 1, "a good fit": 3, "overfitting": 11}
    fits = {
        d: np.polynomial.Polynomial.fit(x[train], y[train], d) for d in degrees.values()
    }
    error = {d: (fit(x) - y) ** 2 for d, fit in fits.items()}
    errors = {d: (e[train].mean(), e[~train].mean()) for d, e in error.items()}
    said = "; ".join(
        f"{name}: training error {errors[d][0]:.2f}, validation error {errors[d][1]:.2f}"
        for name, d in degrees.items()
    )
    drawing = Drawing(
        "Underfitting, a good fit, overfitting",
        "Three panels with the same points and a polynomial fitted to the training points: a line "
        "misses the bend; a curve of degree 3 follows it; a curve of degree 11 goes through every "
        f"training point and misses the validation points. {said[0].upper()}{said[1:]}.",
        320,
    )
    for i, (name, degree) in enumerate(degrees.items()):
        left = 24 + 231 * i
        drawing.text(left + 105, 24, name, bold=True, size=NORMAL)
        drawing.text(left + 105, 46, f"degree {degree}", colour=GREY.text)
        place = axes(drawing, left, 62, 210, 180, x=(0, 1), y=(-1.8, 1.8))
        along = np.linspace(x[0], x[-1], 100)
        curve = [place(a, b) for a, b in zip(along, fits[degree](along), strict=True)]
        drawing.line(*curve, colour=INK)
        for a, b, learned in zip(x, y, train, strict=True):
            _point(drawing, *place(a, b), learned)
        for j, (part, colour) in enumerate(
            [("training error", BLUE.text), ("validation error", VERMILLION.text)]
        ):
            drawing.text(left + 24, 264 + 24 * j, part, colour=colour, anchor="start")
            _point(drawing, left + 8, 264 + 24 * j, j == 0)
            words = f"{errors[degree][j]:.2f}"
            drawing.text(
                left + 205, 264 + 24 * j, words, colour=colour, anchor="end", code=True
            )
    return drawing


def _point(drawing: Drawing, x: float, y: float, learned: bool) -> None:
    """A training point is a disc, a validation point an open square."""
    if learned:
        drawing.circle(x, y, 4, fill=BLUE.line, line=BLUE.line)
    else:
        drawing.box(x - 4, y - 4, 8, 8, line=VERMILLION.line, thick=2, radius=0)


def _train_too_long(epochs: int) -> tuple[list[float], list[float]]:
    """Losses of a hundred digits, twenty of them mislabelled, and of three hundred others."""
    torch.manual_seed(1)
    digits = Digits(train=True)
    images, labels = digits.data[:400].double() / 255, digits.targets[:400].clone()
    labels[:20] = (labels[:20] + 1) % 10
    model = Network(784, [128], 10).double()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    loss_function = nn.CrossEntropyLoss()
    train, valid = [], []
    for _ in range(epochs):
        for batch in torch.arange(100).split(50):
            loss = loss_function(model(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            logits = model(images)
        train.append(loss_function(logits[:100], labels[:100]).item())
        valid.append(loss_function(logits[100:], labels[100:]).item())
    return train, valid


def loss_curves() -> Drawing:
    epochs, patience = 60, 8
    train, valid = _train_too_long(epochs)
    best = min(range(epochs), key=valid.__getitem__)
    stop = best + patience
    drawing = Drawing(
        "Two loss curves, and where early stopping stops",
        f"Training and validation loss over {epochs} epochs, of a network that learns from a "
        "hundred digits, twenty of them with a wrong label. Both losses fall at first. The "
        f"training loss falls on, to {train[-1]:.2f}. The validation loss is lowest after epoch "
        f"{best + 1}, {valid[best]:.2f}, and rises to {valid[-1]:.2f}. Early stopping with a "
        f"patience of {patience} stops after epoch {stop + 1} and keeps the weights of epoch "
        f"{best + 1}.",
        310,
    )
    place = axes(drawing, 60, 30, 510, 236, x=(0, epochs), y=(0, 2.4))
    for losses, accent, name in (
        (valid, VERMILLION, "validation"),
        (train, BLUE, "training"),
    ):
        curve = [place(i + 1, loss) for i, loss in enumerate(losses)]
        drawing.line(*curve[: stop + 1], colour=accent.line, thick=3)
        drawing.line(*curve[stop:], colour=accent.line, thick=2, dashed=True)
        x, y = curve[-1]
        drawing.text(
            x + 10, y - 10, name, anchor="start", colour=accent.text, bold=True
        )
        last = f"{losses[-1]:.2f}"
        drawing.text(x + 10, y + 8, last, anchor="start", colour=accent.text, code=True)
    notes = ((best, "the lowest: these weights are kept", 56), (stop, "stop", 96))
    for epoch, words, high in notes:
        x = place(epoch + 1, 0)[0]
        drawing.line((x, high), (x, 270), colour=GREEN.line, dashed=True)
        drawing.text(x + 8, high + 2, words, anchor="start", colour=GREEN.text)
        drawing.text(x, 284, str(epoch + 1), code=True, colour=GREEN.text)
    drawing.text(60, 20, "loss", colour=GREY.text)
    drawing.text(560, 284, "epoch", colour=GREY.text)
    drawing.text(60, 284, "0", colour=GREY.text, code=True)
    drawing.text(42, place(0, 1)[1], "1", colour=GREY.text, code=True)
    drawing.text(42, place(0, 2)[1], "2", colour=GREY.text, code=True)
    drawing.circle(*place(best + 1, valid[best]), 6, fill=GREEN.line, line=GREEN.line)
    return drawing


DRAWINGS = [three_parts, fitting, loss_curves]
