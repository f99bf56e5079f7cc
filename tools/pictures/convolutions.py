"""Drawings about convolutional networks: a convolution, its channels, pooling."""

import torch
from torch import nn
from torch.nn import functional as F

from pictures.canvas import Drawing
from pictures.palette import BLUE, GREEN, GREY, NORMAL, VERMILLION, Accent
from pictures.parts import CELL, short, table


def convolution() -> Drawing:
    image = torch.zeros(5, 5)
    image[:4, 2:] = 9
    image[0, 2] = 0
    kernel = torch.tensor([[-1.0, 0, 1]]).expand(3, 3)
    output = F.conv2d(image[None, None], kernel[None, None])[0, 0]
    row, column = 1, 0
    window = image[row : row + 3, column : column + 3]
    drawing = Drawing(
        "A convolution",
        "A picture of 5 × 5 numbers, dark at the left and bright at the right. A kernel of 3 × 3 "
        "numbers, −1, 0, 1 in each row, lies on one place of it. The nine pairs are multiplied, "
        f"and their sum, {short(output[row, column])}, is the number of the output at that place. "
        "The kernel slides over all places: the output is 3 × 3, large where dark turns bright.",
        288,
    )
    blue, green = (BLUE.tint, BLUE.text), (GREEN.tint, GREEN.text)
    top = 52
    marks = {(row + i, column + j): blue for i in range(3) for j in range(3)}
    table(drawing, 24, top, _written(image), marks=marks)
    drawing.box(
        24, top + CELL, 108, 108, fill="none", line=BLUE.line, thick=3, radius=0
    )
    red = {
        (i, j): (VERMILLION.tint, VERMILLION.text) for i in range(3) for j in range(3)
    }
    table(drawing, 306, top, _written(kernel), marks=red)
    table(drawing, 560, top, _written(output), marks={(row, column): green})
    for x, name, size in ((114, "input", 5), (360, "kernel", 3), (614, "output", 3)):
        drawing.text(x, 28, f"{name} ({size}, {size})", bold=True, size=NORMAL)
    drawing.text(255, 106, "∗", size=NORMAL, bold=True)
    drawing.text(487, 106, "=", size=NORMAL, bold=True)
    drawing.text(614, 186, "a number for each place", colour=GREY.text)
    drawing.text(250, 186, "multiply, and add up:", anchor="start")
    for i, (values, weights) in enumerate(zip(window, kernel, strict=True)):
        pairs = zip(values, weights, strict=True)
        words = " + ".join(f"{short(v)}·{_signed(w)}" for v, w in pairs)
        words += " +" if i < 2 else f" = {short(output[row, column])}"
        drawing.text(250, 212 + 24 * i, words, anchor="start", code=True)
    return drawing


def _written(numbers: torch.Tensor) -> list[list[str]]:
    return [[short(value) for value in row] for row in numbers]


def _signed(value: torch.Tensor) -> str:
    return f"({short(value)})" if value < 0 else short(value)


def padding_and_stride() -> Drawing:
    image = torch.tensor([[2.0, 1, 0, 3, 1]]).roll(1) + torch.arange(5.0)[:, None]
    padded = F.pad(image, (1, 1, 1, 1))
    output = F.conv2d(image[None, None], torch.ones(1, 1, 3, 3), padding=1, stride=2)[
        0, 0
    ]
    drawing = Drawing(
        "Padding and stride",
        "A picture of 5 × 5 numbers with a border of zeros, padding 1, so 7 × 7. A kernel "
        "of 3 × 3 begins in the upper left corner, over the border, and moves by two numbers each "
        "time, stride 2. There are three places along each side: the output is 3 × 3.",
        300,
    )
    ring = {(i, j) for i in range(7) for j in range(7) if {i, j} & {0, 6}}
    marks = dict.fromkeys(ring, (GREY.tint, GREY.text))
    table(drawing, 80, 50, _written(padded), cell=32, marks=marks)
    for k, accent in enumerate((BLUE, VERMILLION, GREEN)):
        x = 80 + 64 * k
        drawing.box(x, 50, 96, 96, fill="none", line=accent.line, thick=3, radius=0)
    places = {(0, k): (a.tint, a.text) for k, a in enumerate((BLUE, VERMILLION, GREEN))}
    table(drawing, 500, 90, _written(output), marks=places)
    drawing.line((330, 144), (476, 144), arrow=True)
    drawing.text(403, 124, "add up each 3 × 3", colour=GREY.text)
    drawing.text(192, 28, "input (5, 5), padding 1", bold=True, size=NORMAL)
    drawing.text(554, 28, "output (3, 3)", bold=True, size=NORMAL)
    drawing.text(554, 228, "(5 + 2·1 − 3) / 2 + 1 = 3", code=True)
    return drawing


def convolution_channels() -> Drawing:
    layer = nn.Conv2d(3, 2, kernel_size=3)
    images = torch.zeros(1, 3, 6, 6)
    weight, bias = tuple(layer.weight.shape), tuple(layer.bias.shape)
    output = tuple(layer(images).shape)
    count = sum(p.numel() for p in layer.parameters())
    drawing = Drawing(
        "A convolution with channels",
        "nn.Conv2d(3, 2, kernel_size=3). The input has three channels of 6 × 6, red, green, blue. "
        "There are two kernels, each of three layers of 3 × 3, one layer for each input channel. "
        "Each kernel looks at all three channels and gives one channel of the output, of 4 × 4. "
        f"The weight has shape {weight}, the bias {bias}: {count} parameters.",
        340,
    )
    for i, (name, accent) in enumerate(
        (("blue", BLUE), ("green", GREEN), ("red", VERMILLION))
    ):
        x, y = 136 - 30 * i, 60 + 34 * i
        _sheet(drawing, x, y, 6, 17, accent)
        drawing.text(x - 8, y + 12, name, anchor="end", colour=accent.text)
    for k, y in enumerate((60, 176)):
        for i, accent in enumerate((BLUE, GREEN, VERMILLION)):
            _sheet(drawing, 376 - 18 * i, y + 18 * i, 3, 18, accent)
        _sheet(drawing, 554, y + 11, 4, 17, GREY)
        drawing.text(632, y + 45, f"channel {k}", anchor="start")
        drawing.line((256, 148), (330, y + 45), arrow=True)
        drawing.line((442, y + 45), (546, y + 45), arrow=True)
        drawing.text(493, y + 29, "sum + bias", colour=GREY.text)
    for x, name, shape in (
        (157, "input", (1, 3, 6, 6)),
        (385, "two kernels", weight),
        (588, "output", output),
    ):
        drawing.text(x, 28, name, bold=True, size=NORMAL)
        drawing.text(x, 298, str(shape), code=True)
    words = f"{layer.weight.numel()} weights + {layer.bias.numel()} biases"
    drawing.text(385, 320, words, colour=GREY.text)
    return drawing


def _sheet(
    drawing: Drawing, x: float, y: float, count: int, cell: float, accent: Accent
) -> None:
    """One channel: a square of small cells without numbers."""
    side = count * cell
    drawing.box(x, y, side, side, accent=accent, radius=0)
    for i in range(1, count):
        drawing.line(
            (x + i * cell, y), (x + i * cell, y + side), colour=accent.line, thick=0.7
        )
        drawing.line(
            (x, y + i * cell), (x + side, y + i * cell), colour=accent.line, thick=0.7
        )


def pooling() -> Drawing:
    image = torch.tensor([[1.0, 3, 0, 2], [5, 2, 4, 1], [0, 6, 7, 3], [2, 4, 5, 3]])
    largest = F.max_pool2d(image[None, None], 2)[0, 0]
    mean = F.adaptive_avg_pool2d(image[None, None], 1).item()
    drawing = Drawing(
        "Max pooling and global average pooling",
        "A channel of 4 × 4 numbers, in the middle. To the left, max pooling keeps the largest "
        f"number of each 2 × 2 part: {', '.join(sum(_written(largest), []))}, a channel "
        "of 2 × 2. To the right, global average pooling gives one number for the whole channel, "
        f"its mean {short(mean)}.",
        250,
    )
    accents = ((BLUE, VERMILLION), (GREEN, GREY))
    marks = {
        (i, j): (accents[i // 2][j // 2].tint, accents[i // 2][j // 2].text)
        for i in range(4)
        for j in range(4)
    }
    quarters = {(i, j): marks[2 * i, 2 * j] for i in range(2) for j in range(2)}
    table(drawing, 288, 56, _written(image), marks=marks)
    table(drawing, 68, 92, _written(largest), marks=quarters)
    table(drawing, 580, 110, [[short(mean)]], cell=44)
    drawing.line((276, 128), (152, 128), arrow=True)
    drawing.line((444, 128), (568, 128), arrow=True)
    drawing.text(214, 106, "the largest", colour=GREY.text)
    drawing.text(506, 106, "the mean", colour=GREY.text)
    for x, name, code in (
        (128, "max pooling", "nn.MaxPool2d(2)"),
        (360, "a channel", "(4, 4)"),
        (592, "global average pooling", "nn.AdaptiveAvgPool2d(1)"),
    ):
        drawing.text(x, 28, name, bold=True, size=NORMAL)
        drawing.text(x, 226, code, code=True)
    return drawing


DRAWINGS = [convolution, padding_and_stride, convolution_channels, pooling]
