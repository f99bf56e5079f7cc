import numpy as np
import torch
from torch import Tensor

from helper.expect import Case, distinct, expect_function, expect_results


def one_picture(answer: object) -> str:
    """one_picture(array): uint8 (H, W), (H, W, 3) or (H, W, 4) to float32 (1, 3, H, W)."""
    function = expect_function(answer)
    high, wide, small, large = distinct(4, 5, 12)
    shapes = [
        (high, wide, 3),
        (small, large),
        (large, wide, 4),
        (3, high, 3),
        (4, small),
        (large, 3),  # grey, though the last size is that of colours
        (high, 4),
    ]
    cases = []
    for i, shape in enumerate(shapes):
        array = np.random.randint(0, 256, shape, dtype=np.uint8)
        array.flat[0], array.flat[-1] = 255, 0
        cases.append(Case((array,), _picture(array), f"given an array {shape}"))
        if i == 0:  # nothing can be divided by its own largest value
            dark = array // 64
            cases.append(Case((dark,), _picture(dark), f"given a dark array {shape}"))
    expect_results(
        function,
        cases,
        what="one_picture(array)",
        hint="The channels come first, the batch before them, and 255 becomes 1.",
        mistakes={
            "the pixels still run to 255: divide by 255.": lambda a: 255 * _picture(a),
            "the dimension of the batch is missing: (1, 3, H, W).": lambda a: _picture(
                a
            )[0],
            "the channels stand last: permute them to the front.": lambda a: _picture(
                a
            ).permute(0, 2, 3, 1),
            "height and width are exchanged: permute(2, 0, 1).": lambda a: _picture(
                a
            ).transpose(2, 3),
            "the fourth channel is the transparency: leave it out, array[:, :, :3].": _last,
            "the transparency was multiplied in: it is to be left out.": _faded,
            "red and blue are exchanged.": lambda a: _picture(a).flip(1),
            "reshape doesn't move the channels: it reads the numbers in their old order. "
            "permute(2, 0, 1) moves them.": _reshaped,
        },
    )
    return "This is the way from numpy, OpenCV or a camera to a batch of one."


def _rgb(array: np.ndarray) -> np.ndarray:
    return np.stack([array] * 3, axis=2) if array.ndim == 2 else array[:, :, :3]


def _picture(array: np.ndarray) -> Tensor:
    rgb = np.ascontiguousarray(_rgb(array))
    return torch.from_numpy(rgb).permute(2, 0, 1)[None].float() / 255


def _last(array: np.ndarray) -> Tensor:
    return _picture(array[:, :, -3:] if array.ndim == 3 else array)


def _faded(array: np.ndarray) -> Tensor:
    picture = _picture(array)
    if array.ndim == 3 and array.shape[2] == 4:
        picture = picture * torch.from_numpy(array[:, :, 3] / 255).float()
    return picture


def _reshaped(array: np.ndarray) -> Tensor:
    rgb = np.ascontiguousarray(_rgb(array))
    return torch.from_numpy(rgb).reshape(1, 3, *rgb.shape[:2]).float() / 255
