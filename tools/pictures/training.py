"""Drawings about training: the loop, the three parts of the data, fits, losses, a file."""

import numpy as np

from helper.data import Digits
from pictures.canvas import Drawing
from pictures.palette import BLUE, GREEN, GREY, INK, NORMAL, VERMILLION
from pictures.parts import axes


def training_loop() -> Drawing:
    drawing = Drawing(
        "The training loop",
        "Five steps in a circle, once for each batch of train_loader. 1, predict: logits = "
        "model(images). 2, measure: loss = loss_function(logits, labels). 3, clear: "
        "optimizer.zero_grad(). 4, go back: loss.backward(). 5, learn: optimizer.step(). Then the "
        "next batch.",
        292,
    )
    top, bottom, high = 24, 200, 68
    steps = [
        (24, top, 300, "predict", "logits = model(images)", BLUE),
        (362, top, 334, "measure", "loss = loss_function(logits, labels)", BLUE),
        (486, bottom, 210, "clear", "optimizer.zero_grad()", VERMILLION),
        (252, bottom, 196, "go back", "loss.backward()", VERMILLION),
        (24, bottom, 190, "learn", "optimizer.step()", GREEN),
    ]
    for number, (x, y, width, name, code, accent) in enumerate(steps, 1):
        drawing.box(x, y, width, high, accent=accent, thick=2, radius=10)
        drawing.text(x + 18, y + 22, f"{number}", bold=True, size=NORMAL)
        drawing.text(x + 34, y + 22, name, bold=True, size=NORMAL, anchor="start")
        drawing.text(x + 14, y + 48, code, code=True, anchor="start")
    middle = bottom + high / 2
    drawing.line((324, top + high / 2), (360, top + high / 2), thick=2.5, arrow=True)
    drawing.line((591, top + high), (591, bottom - 2), thick=2.5, arrow=True)
    drawing.line((486, middle), (450, middle), thick=2.5, arrow=True)
    drawing.line((252, middle), (216, middle), thick=2.5, arrow=True)
    drawing.line((119, bottom), (119, top + high + 2), thick=2.5, arrow=True)
    drawing.text(355, 132, "for images, labels in train_loader:", code=True)
    drawing.text(
        355, 160, "one turn a batch; all batches once: an epoch", colour=GREY.text
    )
    drawing.text(106, 146, "next batch", colour=GREEN.text, anchor="end")
    drawing.text(604, 146, "loss", colour=BLUE.text, anchor="start", code=True)
    return drawing


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
        f"training point and far from the validation points. {said[0].upper()}{said[1:]}.",
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


DRAWINGS = [training_loop, three_parts, fitting]
