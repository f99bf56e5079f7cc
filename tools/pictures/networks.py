"""Drawings about networks: a neuron, and layers of them."""

import torch
from torch import nn

from helper.data import Digits
from pictures.canvas import Drawing
from pictures.palette import BLUE, GREEN, GREY, NORMAL, VERMILLION
from pictures.parts import short


def neuron() -> Drawing:
    inputs = torch.tensor([0.5, -1.0, 2.0])
    weights = torch.tensor([0.8, 0.4, 0.3])
    bias = torch.tensor(-0.1)
    products = weights * inputs
    total = products.sum() + bias
    output = torch.relu(total)
    drawing = Drawing(
        "A neuron",
        "A neuron with three inputs, 0.5, −1 and 2. Each is multiplied by its weight, 0.8, 0.4 and "
        f"0.3. The sum of the products and of the bias, {short(bias)}, is {short(total)}. relu "
        f"turns what is negative into 0 and keeps the rest: the output is {short(output)}.",
        290,
    )
    columns = {"inputs": 56, "weights": 166, "products": 276, "sum": 406, "relu": 530}
    for name, x in {**columns, "output": 656}.items():
        drawing.text(x, 26, name, size=NORMAL, bold=True)
    middle = 126
    for y, x, w, product in zip((66, 126, 186), inputs, weights, products, strict=True):
        drawing.line((80, y), (128, y), arrow=True)
        drawing.line((200, y), (242, y), arrow=True)
        drawing.line((304, y), (378, middle + (y - middle) / 4), arrow=True)
        drawing.circle(56, y, 24)
        drawing.text(56, y, short(x), code=True)
        drawing.box(130, y - 16, 72, 32, accent=BLUE)
        drawing.text(166, y, f"× {short(w)}", code=True, colour=BLUE.text)
        drawing.text(276, y, short(product), code=True)
    drawing.box(370, 206, 72, 32, accent=BLUE)
    drawing.text(406, 222, short(bias), code=True, colour=BLUE.text)
    drawing.text(360, 222, "bias", size=NORMAL, bold=True, anchor="end")
    drawing.line((406, 206), (406, 156), arrow=True)
    drawing.circle(406, middle, 28)
    drawing.text(406, middle, short(total), code=True)
    drawing.line((434, middle), (488, middle), arrow=True)
    drawing.box(490, middle - 34, 80, 68, accent=GREEN)
    drawing.line((500, 146), (560, 146), thick=1)
    drawing.line((530, 152), (530, 100), thick=1)
    drawing.line((502, 146), (530, 146), (560, 108), colour=GREEN.line, thick=3)
    drawing.line((570, middle), (626, middle), arrow=True)
    drawing.circle(656, middle, 28, accent=GREEN)
    drawing.text(656, middle, short(output), code=True, colour=GREEN.text, bold=True)
    drawing.text(360, 268, "output = relu(weights @ inputs + bias)", code=True)
    return drawing


def network() -> Drawing:
    sizes = (784, 128, 64, 10)
    layers = [nn.Linear(*pair) for pair in zip(sizes, sizes[1:], strict=False)]
    counts = [sum(p.numel() for p in layer.parameters()) for layer in layers]
    drawing = Drawing(
        "A fully connected network, 784 → 128 → 64 → 10",
        "A picture of a handwritten 7, 28 × 28 pixels, is flattened to a row of 784 numbers. Three "
        "linear layers follow: 784 to 128, then relu; 128 to 64, then relu; 64 to 10 logits, one "
        f"for each digit. The shapes are (N, 784), (N, 128), (N, 64) and (N, 10); the layers have "
        f"{counts[0]:,}, {counts[1]:,} and {counts[2]:,} parameters.",
        360,
    )
    drawing.pixels(24, 94, Digits(train=True).data[216], pixel=4)
    drawing.text(80, 224, "a picture", size=NORMAL, bold=True)
    drawing.line((142, 150), (196, 150), arrow=True)
    drawing.text(168, 30, "flatten", colour=VERMILLION.text)
    columns, shown = (222, 372, 522, 656), (9, 9, 7, 10)
    places = [_column(x, n) for x, n in zip(columns, shown, strict=True)]
    for here, there in zip(places, places[1:], strict=False):
        drawing.segments([(p, q) for p in here for q in there])
    names = ("input", "hidden layer", "hidden layer", "logits")
    for x, place, size, name in zip(columns, places, sizes, names, strict=True):
        last = name == "logits"
        accent = GREEN if last else BLUE
        for p in place:
            drawing.circle(*p, 8, accent=accent)
        if not last:  # there are many more
            for y in (143, 150, 157):
                drawing.circle(x, y, 2, fill=GREY.line)
        drawing.text(x, 276, name, size=NORMAL, bold=True)
        drawing.text(x, 298, f"(N, {size})", code=True)
    for digit, (x, y) in enumerate(places[-1]):
        drawing.text(x + 24, y, str(digit), code=True)
    for i, count in enumerate(counts):
        x = (columns[i] + columns[i + 1]) / 2
        words = "Linear" if i == 2 else "Linear, relu"
        drawing.text(x, 30, words, colour=VERMILLION.text)
        drawing.text(x, 336, f"{count:,}", code=True, colour=GREY.text)
    drawing.text(24, 336, "parameters to learn:", colour=GREY.text, anchor="start")
    return drawing


def _column(x: float, count: int) -> list[tuple[float, float]]:
    """The places of a layer's neurons, as many as are drawn; of an odd count, not the middle."""
    gap = 21
    steps = [i - (count - 1) / 2 for i in range(count)]
    return [(x, 150 + gap * step) for step in steps if step != 0]


DRAWINGS = [neuron, network]
