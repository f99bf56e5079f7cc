"""The bundled digits as two tensors, without torchvision, which takes long to import.

For scripts that are started again and again; `helper.data` opens them as a data set.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

DIGITS = Path(__file__).resolve().parents[1] / "data" / "digits"


def read_digits(train: bool = True) -> tuple[Tensor, Tensor]:
    """All pictures, uint8 (N, 28, 28), and their labels, int64 (N,).

    Args:
        train: the training digits, or else the test digits.

    Raises:
        FileNotFoundError: a file is missing; the message names it.
        ValueError: a file is damaged.
    """
    part = "train" if train else "t10k"
    images = _read(DIGITS / f"{part}-images-idx3-ubyte")
    return images, _read(DIGITS / f"{part}-labels-idx1-ubyte").long()


def _read(path: Path) -> Tensor:
    """An IDX file: how many axes, their sizes as four bytes each, and then the numbers."""
    content = path.read_bytes()
    try:
        axes = content[3]
        sizes = np.frombuffer(content, ">u4", axes, offset=4)
        numbers = np.frombuffer(content, np.uint8, offset=4 + 4 * axes)
        return torch.from_numpy(numbers.reshape(sizes).copy())
    except (IndexError, ValueError) as error:
        raise ValueError(
            f"{path} is damaged: bring it back (`git checkout -- data/digits`, or copy "
            "data/digits from a new copy of the course)"
        ) from error
