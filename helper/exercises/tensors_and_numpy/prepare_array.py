import random

import numpy as np
import torch
from torch import Tensor

from helper.expect import Case, distinct, expect_function, expect_results


def prepare_array(answer: object) -> str:
    """prepare(array): uint8 (N, 28, 28) to float32 (N, 1, 28, 28), 0 to 1."""
    function = expect_function(answer)
    some, dark, darker = distinct(3, 2, 12)
    more = random.randint(65, 99)  # more than a batch often has
    arrays = [_bytes(some, 180), _bytes(more, 256), _bytes(1, 256), _bytes(dark, 90)]
    arrays[-1][0] = 0  # all black: nothing can be divided by its largest value
    cases = [
        Case((array,), _scaled(array), f"given an array {array.shape}")
        for array in arrays
    ]
    # So dark that they look as if they were divided already.
    for end in (2, random.randint(3, 9)):
        array = np.random.randint(0, end, (darker, 28, 28), dtype=np.uint8)
        array[0, 0, 0] = end - 1
        given = f"given an array {array.shape} of values up to {end - 1}"
        cases.append(Case((array,), _scaled(array), given))
    expect_results(
        function,
        cases,
        what="prepare(array)",
        hint="From numpy, to float, divided by 255, and one dimension for the channel.",
        tolerance=1e-6,
        mistakes={
            "the values still go up to 255: divide by it.": lambda a: 255 * _scaled(a),
            "this is divided by 256: the largest value, 255, has to become 1.": (
                lambda a: _scaled(a) * 255 / 256
            ),
            "this is divided by the largest value that came: divide by 255, else the same "
            "grey differs from batch to batch.": lambda a: (
                _scaled(a) / _scaled(a).max()
            ),
            "an array without values above 1 stays as it is: divide by 255 whatever came.": (
                lambda a: _scaled(a) if a.max() > 1 else 255 * _scaled(a)
            ),
            "each picture is divided by its own largest value: divide all by 255.": (
                lambda a: _scaled(a) / _scaled(a).amax((2, 3), True).clamp(min=1 / 255)
            ),
            "this is stretched from the least value to the largest: divide by 255.": (
                lambda a: (
                    (_scaled(a) - _scaled(a).min())
                    / (_scaled(a).max() - _scaled(a).min())
                )
            ),
            "this is divided by 255 twice.": lambda a: _scaled(a) / 255,
            "black and white are swapped.": lambda a: 1 - _scaled(a),
            "these go from -1 to 1: from 0 to 1 is asked for.": (
                lambda a: 2 * _scaled(a) - 1
            ),
            "the channel's dimension is missing: unsqueeze(1) puts it in.": (
                lambda a: _scaled(a).squeeze(1)
            ),
            "the channel stands last: its place is after N.": (
                lambda a: _scaled(a).permute(0, 2, 3, 1)
            ),
            "the channel stands first: its place is after N.": (
                lambda a: _scaled(a).transpose(0, 1)
            ),
            "rows and columns are swapped.": lambda a: _scaled(a).transpose(2, 3),
            "the values are rounded to 0 and 1: to float first, then divide.": (
                lambda a: (_scaled(a) == 1).float()
            ),
        },
    )
    return "This is what every picture goes through before it meets a network."


def _bytes(count: int, end: int) -> np.ndarray:
    """Pictures whose values are less than `end`, each with a largest value of its own."""
    ends = [end, *distinct(count - 1, 20, end - 1)]
    pictures = [np.random.randint(5, e, (28, 28), dtype=np.uint8) for e in ends]
    return np.stack(pictures)


def _scaled(array: np.ndarray) -> Tensor:
    return torch.from_numpy(array).float().unsqueeze(1) / 255
