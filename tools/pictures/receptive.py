"""A drawing about the receptive field: what one number of a layer depends on."""

import torch
from torch import Tensor
from torch.nn import functional as F

from pictures.canvas import Drawing
from pictures.palette import BLUE, GREY, NORMAL, VERMILLION, WHITE

LAYERS = ("convolution, 3", "convolution, 3", "pooling, 2", "convolution, 3")


def receptive_field() -> Drawing:
    rows = _rows(16)
    sees = [len(_reads(rows, k, row.shape[-1] // 2)[0]) for k, row in enumerate(rows)]
    drawing = Drawing(
        "Receptive fields",
        f"A row of {rows[0].shape[-1]} pixels, and below it the same row after each of four "
        "layers. Two cones are marked: a number after two convolutions of width 3 depends on "
        f"{sees[2]} pixels, and one after pooling by 2 and a third convolution on {sees[4]}. "
        f"The receptive fields, row by row: {', '.join(map(str, sees))} pixels.",
        294,
    )
    left, top, cell, high, step = 144, 52, 26, 26, 46
    cones = ((_reads(rows, 2, 2), VERMILLION), (_reads(rows, 4, 5), BLUE))
    for k, row in enumerate(rows):
        y, wide = top + step * k, cell * rows[0].shape[-1] / row.shape[-1]
        name = LAYERS[k - 1] if k else "picture"
        drawing.text(left - 12, y + high / 2, name, anchor="end")
        for i in range(row.shape[-1]):
            accents = [a for places, a in cones if k < len(places) and i in places[k]]
            line = accents[0].line if accents else GREY.line
            fill = accents[0].tint if accents else WHITE
            x = left + wide * i
            drawing.box(x, y, wide, high, fill=fill, line=line, radius=0)
        field = f"{sees[k]} pixel{'s' if k else ''}"
        drawing.text(left + 16 * cell + 16, y + high / 2, field, anchor="start")
        for places, accent in cones:
            if 0 < k < len(places):
                before = cell * rows[0].shape[-1] / rows[k - 1].shape[-1]
                for end in (0, 1):  # the left and the right border of the cone
                    above = left + before * (places[k - 1][-end] + end)
                    below = left + wide * (places[k][-end] + end)
                    ends = (above, y - step + high), (below, y)
                    drawing.line(*ends, colour=accent.line)
    drawing.text(left + 8 * cell, 28, "one row, layer by layer", bold=True, size=NORMAL)
    drawing.text(644, 28, "receptive field", bold=True, size=NORMAL)
    return drawing


def _rows(size: int) -> list[Tensor]:
    """A row of pixels, and the output of each layer; means see what the largest sees."""
    rows, kernel = [torch.ones(1, 1, size, requires_grad=True)], torch.ones(1, 1, 3)
    for name in LAYERS:
        row = rows[-1]
        pooling = name.startswith("pooling")
        rows.append(
            F.avg_pool1d(row, 2) if pooling else F.conv1d(row, kernel, padding=1)
        )
    return rows


def _reads(rows: list[Tensor], k: int, place: int) -> list[list[int]]:
    """The places in rows 0 to k that the number at `place` in row k depends on."""
    found = torch.autograd.grad(rows[k][0, 0, place], rows[: k + 1], retain_graph=True)
    return [gradient[0, 0].nonzero().flatten().tolist() for gradient in found]


DRAWINGS = [receptive_field]
