"""Drawings about the dimensions of a tensor: one that goes away, and their order."""

import torch

from pictures.canvas import Drawing
from pictures.palette import BLUE, GREEN, GREY, NORMAL, VERMILLION
from pictures.parts import CELL, table

ACCENTS = (VERMILLION, GREEN, BLUE)


def reduction() -> Drawing:
    values = torch.tensor([[1, 2, 3], [4, 5, 6]])
    down, across = values.sum(dim=0), values.sum(dim=1)
    drawing = Drawing(
        "Sums along a dimension",
        f"A table of shape (2, 3) with the rows {values[0].tolist()} and {values[1].tolist()}. "
        "Downward, sum(dim=0) adds its rows: the 2 goes away, and the result of shape (3,) is "
        f"{down.tolist()}. To the right, sum(dim=1) adds the values of each row: the 3 goes away, "
        f"and the result of shape (2,) is {across.tolist()}.",
        250,
    )
    left, top = 150, 52
    table(drawing, left, top, values.tolist())
    drawing.text(left + 1.5 * CELL, 28, "table (2, 3)", code=True)
    for j in range(3):
        x = left + (j + 0.5) * CELL
        drawing.line((x, 128), (x, 170), colour=VERMILLION.line, arrow=True)
    orange, blue = (
        (VERMILLION.tint, VERMILLION.text),
        (BLUE.tint, BLUE.text),
    )
    table(drawing, left, 174, [down.tolist()], marks={(0, j): orange for j in range(3)})
    drawing.text(left + 1.5 * CELL, 230, "sum(dim=0): (3,)", code=True)
    drawing.text(278, 186, "the 2 goes away:", colour=VERMILLION.text, anchor="start")
    drawing.text(278, 206, "rows are added", colour=VERMILLION.text, anchor="start")
    for i in range(2):
        y = top + (i + 0.5) * CELL
        drawing.line((264, y), (386, y), colour=BLUE.line, arrow=True)
    sums = [[value] for value in across.tolist()]
    table(drawing, 390, top, sums, marks={(i, 0): blue for i in range(2)})
    drawing.text(408, 28, "sum(dim=1): (2,)", code=True)
    drawing.text(446, 78, "the 3 goes away:", colour=BLUE.text, anchor="start")
    drawing.text(446, 98, "columns are added", colour=BLUE.text, anchor="start")
    return drawing


def permute_and_reshape() -> Drawing:
    colour = torch.tensor([[[10, 20, 30], [11, 21, 31]], [[12, 22, 32], [13, 23, 33]]])
    right, wrong = colour.permute(2, 0, 1), colour.reshape(3, 2, 2)
    drawing = Drawing(
        "permute and reshape",
        "The twelve values of a coloured picture in the order of the memory: "
        f"{', '.join(map(str, colour.flatten().tolist()))}. Below them, at the left, permute(2, 0, "
        "1) makes a table for each channel: each table has values of one colour. At the right, "
        "reshape(3, 2, 2) cuts the row into three pieces of four: each table mixes the colours.",
        280,
    )
    drawing.text(360, 24, "colour (2, 2, 3), in the order of the memory", code=True)
    row = [colour.flatten().tolist()]
    table(drawing, 144, 42, row, marks=_channels(row))
    drawing.line((250, 84), (170, 124), colour=GREY.line, arrow=True)
    drawing.line((470, 84), (550, 124), colour=GREY.line, arrow=True)
    for x, words, pictures, remark in (
        (24, "colour.permute(2, 0, 1)", right, "a table for each channel"),
        (424, "colour.reshape(3, 2, 2)", wrong, "the channels are mixed"),
    ):
        drawing.text(x + 136, 144, words, code=True)
        for k, picture in enumerate(pictures.tolist()):
            table(drawing, x + 100 * k, 164, picture, marks=_channels(picture))
        drawing.text(x + 136, 260, remark, size=NORMAL, bold=True)
    return drawing


def _channels(rows: list[list[int]]) -> dict:
    """Marks in the colour of the channel that each value belongs to: its first digit."""
    return {
        (i, j): (accent.tint, accent.text)
        for i, row in enumerate(rows)
        for j, value in enumerate(row)
        for accent in [ACCENTS[value // 10 - 1]]
    }


DRAWINGS = [reduction, permute_and_reshape]
