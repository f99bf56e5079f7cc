"""Data that no lesson has: the digits with other pixels, other names and in other parts."""

from typing import NamedTuple

import torch
from torch import Tensor

from helper.data import Digits


class Parts(NamedTuple):
    """Pictures (N, 1, 28, 28) from 0 to 1, or rows of numbers, and what belongs to each, (N,)."""

    images: Tensor
    labels: Tensor
    new_images: Tensor
    new_labels: Tensor


def draw_digits(count: int = 1200, new: int = 240) -> Parts:
    """`count` digits to train on and `new` others.

    All pixels change places in the same way, and each class gets another number: as hard for a
    fully connected network as before, but none of the lesson's numbers is right here.
    """
    parts = [Digits(train=True), Digits(train=False)]
    images = torch.cat([part.data for part in parts]).flatten(1)
    labels = torch.cat([part.targets for part in parts])
    order = torch.randperm(len(labels))[: count + new]
    images = images[order][:, torch.randperm(784)].view(-1, 1, 28, 28) / 255
    labels = torch.randperm(10)[labels[order]]
    return Parts(images[:count], labels[:count], images[count:], labels[count:])


def draw_numbers(count: int = 900, new: int = 240) -> Parts:
    """Rows of five numbers, (N, 5), and a weighed sum of each row, as a float.

    The sums have mean 0 and standard deviation 1.
    """
    rows = torch.randn(count + new, 5)
    sums = rows @ torch.randn(5)
    sums = (sums - sums.mean()) / sums.std()
    return Parts(rows[:count], sums[:count], rows[count:], sums[count:])
