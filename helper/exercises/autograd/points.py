"""Points where functions go up in some directions and down in others."""

from collections.abc import Callable

import torch
from torch import Tensor


def signs(x: Tensor) -> Tensor:
    """1 and -1 in turn, in the shape of x."""
    return (-1) ** torch.arange(x.numel()).reshape(x.shape)


def with_both_signs(
    derivative: Callable, shape: tuple[int, ...], dtype: torch.dtype = torch.float32
) -> Tensor:
    """An x with slopes up and down, or up or down where it is a single number."""
    while True:
        x = torch.randn(shape, dtype=dtype)
        slopes = derivative(x)
        both = slopes.min() < -0.1 and slopes.max() > 0.1
        if both or (x.numel() == 1 and slopes.abs() > 0.1):
            return x
