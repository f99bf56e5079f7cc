"""A drawing of the sizes in a convolutional network: where a flattened 16·5·5 comes from."""

import torch
from torch import nn

from pictures.canvas import Drawing
from pictures.palette import BLUE, GREEN, GREY, NORMAL

LAYERS = [nn.Conv2d(3, 6, 5), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.MaxPool2d(2)]
PLACES = (70, 222, 358, 474, 578)  # the middle of each stack
MIDDLE, PIXEL = 138, 2.8


def sizes_of_layers() -> Drawing:
    shapes = [(3, 32)]
    numbers = torch.zeros(1, 3, 32, 32)
    for layer in LAYERS:
        numbers = layer(numbers)
        shapes.append(tuple(numbers.shape[1:3]))
    flat = numbers.flatten(1).shape[1]
    sides = " → ".join(str(side) for _, side in shapes)
    channels, side = shapes[-1]
    drawing = Drawing(
        f"Where {channels}·{side}·{side} comes from",
        f"Five stacks of squares, from left to right, which get smaller and thicker: the side "
        f"goes {sides}, the channels {', '.join(str(c) for c, _ in shapes)}. A convolution with a "
        f"kernel of 5 takes 4 away, pooling by 2 halves. Flatten lays the last stack, {channels} "
        f"channels of {side} × {side}, into one row of {flat} numbers.",
        262,
    )
    edges = []
    for x, (channels, side) in zip(PLACES, shapes, strict=True):
        width, apart = side * PIXEL, min(3, 24 / channels)
        half = (width + apart * channels) / 2
        for i in range(channels):
            left, top = x - half + apart * i, MIDDLE - half + apart * i
            drawing.box(left, top, width, width, accent=BLUE, thick=1, radius=0)
        drawing.text(x, 222, f"{channels}·{side}·{side}", code=True, bold=True)
        edges.append((x - half, x + half))
    words = [("convolution, 5", "− 4"), ("pooling, 2", "÷ 2")] * 2
    steps = zip(words, edges[:-1], edges[1:], strict=True)
    for i, ((what, change), (_, begin), (end, _)) in enumerate(steps):
        drawing.line((begin + 5, MIDDLE), (end - 5, MIDDLE), arrow=True)
        middle = (begin + end) / 2
        drawing.text(middle, (30, 48)[i % 2], what, colour=GREY.text)
        before, after = shapes[i][1], shapes[i + 1][1]
        drawing.text(middle, MIDDLE - 14, change, size=NORMAL, colour=GREY.text)
        assert after == (before - 4 if i % 2 == 0 else before // 2)
    drawing.line((edges[-1][1] + 5, MIDDLE), (656, MIDDLE), arrow=True)
    drawing.text(634, 30, "flatten", colour=GREY.text)
    drawing.box(662, 66, 12, 144, accent=GREEN, thick=1, radius=0)
    drawing.text(668, 222, str(flat), code=True, bold=True)
    drawing.text(20, 246, "channels · rows · columns", anchor="start", colour=GREY.text)
    return drawing


DRAWINGS = [sizes_of_layers]
