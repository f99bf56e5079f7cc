"""Drawings about tensors: shapes, memory, broadcasting, the matrix product."""

import torch

from helper.data import Digits
from pictures.canvas import Drawing
from pictures.palette import BLUE, GREEN, GREY, NORMAL, VERMILLION
from pictures.parts import table

NEW = (VERMILLION.tint, VERMILLION.text)
LOOKED_AT = (BLUE.tint, BLUE.text)


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
    new, old = {(0, 0): NEW}, {(0, 0): (GREEN.tint, GREEN.text)}
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
    drawing.text(226, 132, "the same memory", colour=BLUE.text)
    drawing.text(586, 150, "its own memory", colour=GREEN.text, anchor="start")
    table(drawing, 120, 190, [numbers.tolist()], marks=new)
    table(drawing, 466, 190, [copy.flatten().tolist()], marks=old)
    drawing.line((138, 264), (138, 230), colour=VERMILLION.line, arrow=True)
    drawing.text(120, 280, "square[0, 0] = 100", code=True, anchor="start")
    drawing.text(280, 280, "changes both", colour=VERMILLION.text, anchor="start")
    drawing.line((484, 264), (484, 230), colour=GREEN.line, arrow=True)
    drawing.text(466, 280, "not changed", colour=GREEN.text, anchor="start")
    return drawing


DRAWINGS = [ladder, view_and_copy]
