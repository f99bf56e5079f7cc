"""The fully connected network of the course, which notebook 03 writes out."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Network(nn.Module):
    """A fully connected network: relu after each hidden layer, logits at the end.

    Args:
        input_size: how many numbers one example has, 784 for a picture of 28×28.
        hidden_sizes: how many outputs each hidden layer has; may be empty.
        output_size: how many classes there are.
        dropout: the probability of a hidden number to be dropped while training.

    Takes (N, ...) with `input_size` numbers an example, gives logits (N, output_size).

    Raises:
        ValueError: no tensor, or a batch of other than `input_size` numbers an example, or of
            whole numbers, or float64 where the weights are float32.
    """

    def __init__(
        self,
        input_size: int,
        hidden_sizes: Sequence[int],
        output_size: int,
        *,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        hidden_sizes = list(hidden_sizes)  # what can be walked through once, perhaps
        self.settings = {
            "input_size": input_size,
            "hidden_sizes": hidden_sizes,
            "output_size": output_size,
            "dropout": dropout,
        }
        sizes = [input_size, *hidden_sizes]
        pairs = zip(sizes[:-1], sizes[1:], strict=True)
        self.hidden = nn.ModuleList(nn.Linear(n, m) for n, m in pairs)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(sizes[-1], output_size)

    def forward(self, images: Tensor) -> Tensor:
        _expect_batch(images, self.settings["input_size"], self.output.weight.dtype)
        rows = images.flatten(1)  # (N, input_size)
        for layer in self.hidden:
            rows = self.dropout(torch.relu(layer(rows)))
        return self.output(rows)


def _expect_batch(images: Tensor, size: int, dtype: torch.dtype) -> None:
    """Say what is wrong in terms of pictures: the layers would speak of mat1 and mat2."""
    if not isinstance(images, Tensor):
        raise ValueError(
            f"the network takes a tensor (N, ...), got {type(images).__name__}: use "
            "torch.from_numpy(images) for an array, torch.stack(images) for a list of tensors"
        )
    if images.ndim < 2 or images.shape[1:].numel() != size:
        raise ValueError(
            f"the network takes a batch (N, ...) with {size} numbers an example, got "
            f"{tuple(images.shape)}: flatten or resize the pictures to {size}, and add "
            ".unsqueeze(0) for a single one"
        )
    # Autocast may bring half precision to float32 weights, but never float64.
    double = torch.float64
    if not images.is_floating_point() or (images.dtype == double) != (dtype == double):
        raise ValueError(
            f"the network takes {dtype}, got {images.dtype}: use images.to({dtype}), and "
            "divide by 255 if they run from 0 to 255"
        )
