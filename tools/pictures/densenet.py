"""A drawing about DenseNet: a block whose channels grow with each layer."""

import torch
from torch import nn

from pictures.canvas import Drawing
from pictures.palette import BLUE, GREEN, GREY, VERMILLION


def dense_block() -> Drawing:
    given, layers, added, side = 48, 3, 32, 32
    numbers = torch.zeros(1, given, side, side)
    counts = [given]
    for _ in range(layers):
        layer = nn.Conv2d(numbers.shape[1], added, 3, padding=1)
        numbers = torch.cat([numbers, layer(numbers)], dim=1)
        counts.append(numbers.shape[1])
    drawing = Drawing(
        "A dense block",
        f"A dense block of three layers. A stack of {given} channels comes in. A layer reads the "
        f"whole stack and makes {added} new channels. They are put beside those that were there: "
        f"{counts[1]} channels. The second layer reads all {counts[1]} and adds {added}, so there "
        f"are {counts[2]}; the third adds {added}, and there are {counts[3]}. The stack grows, "
        "and the channels that came in are still in it.",
        310,
    )
    accents = (GREY, BLUE, VERMILLION, GREEN)
    names = ("input", "layer 1", "layer 2", "layer 3")
    bottom, scale = 250, 1.3  # a channel is 1.3 high
    for k, count in enumerate(counts):
        x, y = 30 + 190 * k, bottom
        for i, channels in enumerate([given] + [added] * k):
            high = scale * channels
            y -= high
            drawing.box(x, y, 86, high, accent=accents[i], radius=0)
            drawing.text(x + 43, y + high / 2, names[i], colour=accents[i].text)
        drawing.text(x + 43, bottom + 20, f"{count} channels", bold=True)
        drawing.text(x + 43, bottom + 42, str((count, side, side)), code=True)
        if k < layers:
            middle, new = bottom - scale * count / 2, accents[k + 1]
            end = y - scale * added / 2
            drawing.line((x + 90, middle), (x + 114, middle), arrow=True)
            drawing.box(x + 114, middle - 22, 50, 44, accent=new)
            drawing.text(x + 139, middle - 8, "layer", colour=new.text)
            drawing.text(x + 139, middle + 10, str(k + 1), colour=new.text)
            drawing.line(
                (x + 139, middle - 22), (x + 139, end), (x + 187, end),
                colour=new.line, arrow=True,
            )  # fmt: skip
            drawing.text(x + 150, end - 14, f"+ {added}", colour=new.text, bold=True)
    drawing.text(30, 28, "torch.cat([x, layer(x)], dim=1)", anchor="start", code=True)
    return drawing


DRAWINGS = [dense_block]
