"""Drawings about tensors: shapes, memory, broadcasting, the matrix product."""

import torch
from torch import Tensor

from helper.data import Digits
from pictures.canvas import Drawing
from pictures.palette import BLUE, GREEN, GREY, NORMAL, VERMILLION
from pictures.parts import CELL, table

NEW = (VERMILLION.tint, VERMILLION.text)
LOOKED_AT = (BLUE.tint, BLUE.text)
FOUND = (GREEN.tint, GREEN.text)


def ladder() -> Drawing:
    images = Digits(train=True).data
    patch = images[0, 6:9, 9:13]  # (3, 4)
    drawing = Drawing(
        "From a number to a batch of pictures",
        "Four tensors side by side, each a part of the next. A scalar, one number, has shape () "
        "and ndim 0. A vector, a row of four numbers, has shape (4,) and ndim 1. A matrix of "
        "three rows of four has shape (3, 4) and ndim 2. A batch of handwritten digits has shape "
        f"{tuple(images.shape)} and ndim 3.",
        250,
    )
    middle = 98
    corners = {"scalar": 40, "vector": 130, "matrix": 330, "batch": 530}
    row = patch[1:2].tolist()
    table(
        drawing,
        corners["scalar"],
        middle - 18,
        [row[0][2:3]],
        marks={(0, 0): LOOKED_AT},
    )
    table(drawing, corners["vector"], middle - 18, row, marks={(0, 2): LOOKED_AT})
    line = {(1, j): LOOKED_AT for j in range(4)}
    table(drawing, corners["matrix"], middle - 54, patch.tolist(), marks=line)
    for i in (2, 1, 0):
        drawing.pixels(corners["batch"] + 20 * i, 56 - 16 * i, images[i], pixel=4)
    left, top = corners["batch"] + 9 * 4, 56 + 6 * 4  # the patch, in the picture
    drawing.box(
        left, top, 4 * 4, 3 * 4, fill="none", line=BLUE.line, thick=2.5, radius=0
    )
    centres = {"scalar": 58, "vector": 202, "matrix": 402, "batch": 606}
    tensors = {
        "scalar": patch[1, 2],
        "vector": patch[1],
        "matrix": patch,
        "batch": images,
    }
    for name, x in centres.items():
        shape, ndim = tuple(tensors[name].shape), tensors[name].ndim
        drawing.text(x, 186, name, size=NORMAL, bold=True)
        drawing.text(x, 208, f"shape {shape}", code=True)
        drawing.text(x, 230, f"ndim {ndim}", colour=GREY.text)
    for x in (103, 302, 502):
        drawing.line((x - 14, middle), (x + 14, middle), arrow=True)
    return drawing


def view_and_copy() -> Drawing:
    numbers = torch.arange(6)
    square = numbers.view(2, 3)
    copy = square.clone()
    square[0, 0] = 100
    drawing = Drawing(
        "A view and a copy",
        "Three tensors over two blocks of memory. numbers, of shape (6,), and its view square, of "
        "shape (2, 3), lead to the same six numbers in memory. copy, of shape (2, 3), has a memory "
        f"of its own. After square[0, 0] = 100, numbers begins with {numbers[0]} and square too; "
        f"copy still begins with {copy[0, 0]}.",
        310,
    )
    new, old = {(0, 0): NEW}, {(0, 0): FOUND}
    x_numbers, x_square, x_copy = 24, 264, 520
    drawing.text(x_numbers, 24, "numbers = torch.arange(6)", code=True, anchor="start")
    table(drawing, x_numbers, 58, [numbers.tolist()], marks=new)
    drawing.text(x_square, 24, "square = numbers.view(2, 3)", code=True, anchor="start")
    table(drawing, x_square, 40, square.tolist(), marks=new)
    drawing.text(x_copy, 24, "copy = square.clone()", code=True, anchor="start")
    table(drawing, x_copy, 40, copy.tolist(), marks=old)

    drawing.line(
        (132, 98), (132, 150), (200, 150), (200, 186), colour=BLUE.line, arrow=True
    )
    drawing.line(
        (318, 116), (318, 150), (256, 150), (256, 186), colour=BLUE.line, arrow=True
    )
    drawing.line((574, 116), (574, 186), colour=GREEN.line, arrow=True)
    drawing.text(226, 132, "a view: same memory", colour=BLUE.text)
    drawing.text(562, 150, "a copy: its own memory", colour=GREEN.text, anchor="end")
    table(drawing, 120, 190, [numbers.tolist()], marks=new)
    table(drawing, 466, 190, [copy.flatten().tolist()], marks=old)
    drawing.line((138, 264), (138, 230), colour=VERMILLION.line, arrow=True)
    drawing.text(120, 280, "square[0, 0] = 100", code=True, anchor="start")
    drawing.text(280, 280, "changes both", colour=VERMILLION.text, anchor="start")
    drawing.line((484, 264), (484, 230), colour=GREEN.line, arrow=True)
    drawing.text(466, 280, "not changed", colour=GREEN.text, anchor="start")
    return drawing


def broadcasting() -> Drawing:
    column = torch.tensor([[0], [10], [20]])
    row = torch.tensor([1, 2, 3, 4])
    total = column + row
    drawing = Drawing(
        "Broadcasting: a column plus a row",
        "A column of shape (3, 1) with 0, 10, 20 is repeated four times to the right. A row of "
        "shape (4,) with 1, 2, 3, 4 is repeated three times downward. Their sum has shape (3, 4); "
        f"its last row is {total[2].tolist()}. Beside it the shapes, aligned at the right: 3 and "
        "1, below it 4, below both 3 and 4.",
        220,
    )
    middle = 98
    corners = {"column (3, 1)": 24, "row (4,)": 216, "sum (3, 4)": 408}
    parts = (column.expand(3, 4), row.expand(3, 4), total)
    repeated = (
        lambda i, j: j > 0,
        lambda i, j: i > 0,
        lambda i, j: False,
    )
    for (name, x), part, again in zip(corners.items(), parts, repeated, strict=True):
        for i in range(3):
            for j in range(4):
                _cell(drawing, x + CELL * j, 44 + CELL * i, part[i, j], again(i, j))
        drawing.text(x + 2 * CELL, 176, name, code=True)
    drawing.text(192, middle, "+", size=NORMAL, bold=True)
    drawing.text(384, middle, "=", size=NORMAL, bold=True)
    drawing.text(
        24, 204, "dashed: repeated, not stored", colour=GREY.text, anchor="start"
    )
    drawing.text(640, 24, "the shapes", bold=True)
    for words, x, y in (("3", 626, 62), ("1", 660, 62), ("4", 660, 98)):
        drawing.text(x, y, words, code=True, size=NORMAL)
    drawing.line((608, 118), (678, 118))
    for words, x in (("3", 626), ("4", 660)):
        drawing.text(x, 136, words, code=True, size=NORMAL, colour=BLUE.text, bold=True)
    return drawing


def _cell(drawing: Drawing, x: float, y: float, value: Tensor, repeated: bool) -> None:
    if repeated:
        drawing.box(x, y, CELL, CELL, radius=0, thick=1, dashed=True)
    else:
        drawing.box(x, y, CELL, CELL, radius=0, accent=BLUE)
    colour = GREY.text if repeated else BLUE.text
    drawing.text(
        x + CELL / 2, y + CELL / 2, str(value.item()), colour=colour, code=True
    )


def matrix_product() -> Drawing:
    a = torch.arange(1, 7).reshape(2, 3)
    b = torch.tensor([[1, 0, 2, 1], [0, 3, 1, 2], [2, 1, 4, 0]])
    c = a @ b
    i, j = 1, 2
    products = [
        f"{x} · {y}" for x, y in zip(a[i].tolist(), b[:, j].tolist(), strict=True)
    ]
    drawing = Drawing(
        "The matrix product",
        "A matrix a of shape (2, 3) at the left, b of shape (3, 4) above, and between them their "
        "product a @ b of shape (2, 4). Row 1 of a and column 2 of b are marked, and the value "
        f"where they meet: {' + '.join(products)} = {c[i, j]}. The inner sizes, 3 and 3, agree.",
        288,
    )
    left, top = 212, 170
    table(drawing, left, 44, b.tolist(), marks={(k, j): NEW for k in range(3)})
    table(drawing, 64, top, a.tolist(), marks={(i, k): LOOKED_AT for k in range(3)})
    table(drawing, left, top, c.tolist(), marks={(i, j): FOUND})
    drawing.text(284, 24, "b (3, 4)", code=True)
    drawing.text(118, 264, "a (2, 3)", code=True)
    drawing.text(284, 264, "a @ b (2, 4)", code=True)
    drawing.line((176, top + 54), (left - 4, top + 54), colour=BLUE.line, arrow=True)
    x = left + (j + 0.5) * CELL
    drawing.line((x, 152), (x, top - 2), colour=VERMILLION.line, thick=1.5, arrow=True)
    lines = [
        (f"row {i} of a", str(a[i].tolist()), BLUE),
        (f"column {j} of b", str(b[:, j].tolist()), VERMILLION),
        ("multiplied and added up", " + ".join(products), GREEN),
    ]
    for k, (words, numbers, accent) in enumerate(lines):
        drawing.text(420, 56 + 64 * k, words, anchor="start")
        drawing.text(
            420, 80 + 64 * k, numbers, anchor="start", code=True, colour=accent.text
        )
    result = f"= {c[i, j]}"
    drawing.text(
        420, 232, result, anchor="start", code=True, colour=GREEN.text, bold=True
    )
    return drawing


DRAWINGS = [ladder, view_and_copy, broadcasting, matrix_product]
