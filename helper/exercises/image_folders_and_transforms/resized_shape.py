import math

import numpy as np
import torch
from torch import Tensor

from helper.expect import Wrong, expect_number, expect_tried, kind_of


def resized_shape(answer: object) -> str:
    """The shape after v2.Resize(100) of a picture 400 wide and 250 high."""
    expect_tried(answer)
    if isinstance(answer, Tensor) and answer.ndim > 1:
        raise Wrong("this is a picture's tensor itself: its .shape is asked for.")
    if isinstance(answer, np.ndarray):
        answer = answer.tolist() if answer.ndim == 1 else answer
    if isinstance(answer, Tensor) and answer.layout == torch.strided:
        answer = list(answer) if answer.ndim else 0
    if not isinstance(answer, (tuple, list)):
        raise Wrong(
            f"your answer is {kind_of(answer)}: give three numbers in their order, such as "
            "(3, 20, 30)."
        )
    shape = []
    for number in answer:
        try:
            shape.append(float(expect_number(number, 0, tolerance=math.inf)))
        except Wrong:
            raise Wrong(
                f"there is {kind_of(number)} in your answer: give three numbers, such as "
                "(3, 20, 30)."
            ) from None
    first = "a tensor's shape has the colours first, then the height, then the width."
    shorter = "the *shorter* side becomes 100, and that is the height."
    keeps = "the proportions stay: the width shrinks by the same factor as the height."
    mistakes = {
        (3, 160, 100): "a tensor's shape has the height before the width.",
        (100, 160, 3): first,
        (160, 100, 3): first,
        (3, 100, 100): "one number is for the shorter side only: the proportions stay.",
        (3, 62, 100): shorter,
        (3, 62.5, 100): shorter,
        (3, 63, 100): shorter,
        (3, 100, 400): keeps,
        (3, 100, 250): keeps,
        (3, 100, 62): "the factor is upside down: the width is the longer side.",
        (3, 100, 62.5): "the factor is upside down: the width is the longer side.",
        (3, 250, 400): "this is the picture as it was: Resize makes it smaller.",
        (3, 400, 250): "this is the picture as it was, and the height comes first.",
        (1, 3, 100, 160): "this is a batch of one: a picture alone has three numbers.",
        (100, 160): "the colours are missing: they come first.",
        (
            160,
            100,
        ): "this is PIL's size: a tensor has the colours and the height first.",
        (1, 100, 160): "this has one colour: red, green and blue are three.",
    }
    if tuple(shape) in mistakes:
        raise Wrong(mistakes[tuple(shape)])
    if len(shape) != 3:
        raise Wrong(f"a picture's shape has three numbers, and yours has {len(shape)}.")
    if shape != [3, 100, 160]:
        raise Wrong(
            f"not ({', '.join(f'{n:g}' for n in shape)}): the shorter side becomes 100, "
            "the other is scaled by the same factor, and the three colours come first."
        )
    return "The height, the shorter side, became 100 and the width 160."
