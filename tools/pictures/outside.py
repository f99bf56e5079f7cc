"""Drawings about a network that leaves its notebook: the ways out, one picture's, numbers."""

import torch

from pictures.canvas import Drawing
from pictures.palette import BLUE, GREEN, GREY, NORMAL, VERMILLION


def ways_out() -> Drawing:
    drawing = Drawing(
        "Three ways out of a notebook",
        "A trained model in a notebook, and three files that take it elsewhere. A checkpoint, "
        "flowers.pt, goes to a script in which the class of the model stands: it needs Python, "
        "PyTorch and the class. An exported program, flowers.pt2, has the computation in it: it "
        "needs Python and PyTorch, and no class. A file in the ONNX format, flowers.onnx, needs a "
        "runtime alone, in any language.",
        276,
    )
    drawing.box(24, 96, 128, 100, accent=GREY, thick=2)
    drawing.text(88, 128, "notebook", bold=True, size=NORMAL)
    drawing.text(88, 152, "a trained model")
    drawing.text(88, 172, "in memory")
    for x, words in ((300, "the file"), (574, "what it needs elsewhere")):
        drawing.text(x, 26, words, bold=True, size=NORMAL)
    rows = [
        (
            "flowers.pt",
            "checkpoint",
            "predict.py, with the class",
            "Python, PyTorch",
            BLUE,
        ),
        ("flowers.pt2", "exported program", "no class", "Python, PyTorch", GREEN),
        ("flowers.onnx", "ONNX", "no class, no Python", "a runtime", VERMILLION),
    ]
    for i, (file, kind, needs, more, accent) in enumerate(rows):
        y = 46 + 74 * i
        drawing.line((154, 146), (214, y + 29), arrow=True)
        drawing.box(218, y, 164, 58, accent=accent, thick=2)
        drawing.text(300, y + 19, file, code=True)
        drawing.text(300, y + 40, kind, colour=accent.text)
        drawing.line((384, y + 29), (448, y + 29), arrow=True)
        drawing.box(452, y, 244, 58, line=accent.line)
        drawing.text(574, y + 19, needs)
        drawing.text(574, y + 40, more, colour=GREY.text)
    return drawing


def picture_to_answer() -> Drawing:
    steps = [
        ("ToImage", "uint8", "(3, H, W)", "TypeError"),
        ("ToDtype", "float32", "(3, H, W)", "RuntimeError"),
        ("Normalize", "float32", "(3, H, W)", "no error!"),
        ("unsqueeze", "float32", "(1, 3, H, W)", "ValueError"),
        ("model", "float32", "(1, 5)", ""),
    ]
    drawing = Drawing(
        "From one picture to an answer",
        "A picture goes through four steps to the model. ToImage makes a tensor of bytes, uint8 "
        "(3, H, W); without it the model raises a TypeError. ToDtype makes float32 of it; without "
        "it, a RuntimeError. Normalize keeps dtype and shape; without it there is no error, and "
        "the answers are worse. unsqueeze makes a batch of one, (1, 3, H, W); without it, a "
        "ValueError. The model gives logits of shape (1, 5).",
        236,
    )
    drawing.box(24, 60, 84, 88, accent=GREY, thick=2)
    drawing.text(66, 92, "picture", bold=True)
    drawing.text(66, 116, "PIL", colour=GREY.text)
    drawing.text(24, 196, "left out:", colour=VERMILLION.text, anchor="start")
    for i, (name, dtype, shape, error) in enumerate(steps):
        x = 130 + 116 * i
        accent = GREEN if name == "model" else BLUE
        drawing.line((x - 20, 104), (x - 2, 104), arrow=True, thick=1.5)
        drawing.box(x, 60, 94, 88, accent=accent, thick=2)
        drawing.text(x + 47, 80, name, bold=True)
        drawing.text(x + 47, 106, dtype, code=True)
        drawing.text(x + 47, 130, shape, size=14)
        if error:
            drawing.line(
                (x + 47, 178),
                (x + 47, 154),
                colour=VERMILLION.line,
                arrow=True,
                thick=1,
            )
            drawing.text(x + 47, 196, error, colour=VERMILLION.text)
    drawing.text(66, 36, "H × W pixels", colour=GREY.text)
    drawing.text(177 + 3 * 116, 36, "a batch of one", colour=GREY.text)
    drawing.text(177 + 4 * 116, 36, "logits", colour=GREY.text)
    return drawing


# Bits for the size of a number (exponent) and for its digits (mantissa).
FORMATS = {torch.float32: (8, 23), torch.float16: (5, 10), torch.bfloat16: (8, 7)}


def number_formats() -> Drawing:
    said = []
    for dtype, (exponent, mantissa) in FORMATS.items():
        info = torch.finfo(dtype)
        assert info.bits == 1 + exponent + mantissa and info.eps == 2.0**-mantissa
        said.append(
            f"{_name(dtype)} has {info.bits} bits: 1 for the sign, {exponent} for the size and "
            f"{mantissa} for the digits; its largest number is {info.max:.1e}, and the next one "
            f"after 1 is {info.eps:.1e} more"
        )
    drawing = Drawing("The bits of three number formats", ". ".join(said) + ".", 250)
    left, wide = 110, 12.5
    drawing.text(580, 24, "largest", bold=True, anchor="end")
    drawing.text(696, 24, "step after 1", bold=True, anchor="end")
    for i, (dtype, (exponent, mantissa)) in enumerate(FORMATS.items()):
        y = 42 + 56 * i
        drawing.text(24, y + 18, _name(dtype), bold=True, anchor="start")
        for bit in range(1 + exponent + mantissa):
            accent = VERMILLION if bit == 0 else GREEN if bit <= exponent else BLUE
            drawing.box(
                left + wide * bit, y, wide, 36, accent=accent, radius=0, thick=1.5
            )
        info = torch.finfo(dtype)
        drawing.text(580, y + 18, f"{info.max:.1e}", code=True, anchor="end")
        drawing.text(696, y + 18, f"{info.eps:.1e}", code=True, anchor="end")
    keys = (("sign", 110, VERMILLION), ("size", 200, GREEN), ("digits", 290, BLUE))
    for words, x, accent in keys:
        drawing.box(x, 215, 14, 14, accent=accent, radius=0)
        drawing.text(x + 22, 222, words, colour=accent.text, anchor="start")
    return drawing


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


DRAWINGS = [ways_out, picture_to_answer, number_formats]
