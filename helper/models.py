"""The fully connected network of notebook 03, and files that rebuild it."""

import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from pickle import UnpicklingError

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
        self.settings = {
            "input_size": input_size,
            "hidden_sizes": list(hidden_sizes),
            "output_size": output_size,
            "dropout": dropout,
        }
        sizes = [input_size, *hidden_sizes]
        pairs = zip(sizes[:-1], sizes[1:], strict=True)
        self.hidden = nn.ModuleList(nn.Linear(n, m) for n, m in pairs)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(sizes[-1], output_size)

    def forward(self, images: Tensor) -> Tensor:
        rows = images.flatten(1)  # (N, input_size)
        for layer in self.hidden:
            rows = self.dropout(torch.relu(layer(rows)))
        return self.output(rows)


def save_checkpoint(path: str | Path, model: Network, **more: object) -> None:
    """Write a file that `load_checkpoint` rebuilds `model` from.

    The file gets its name when it is complete: a crash, or a full disk, leaves the file that
    was there before. `more` is kept beside the weights, such as `epoch=3` or
    `optimizer=optimizer.state_dict()`: numbers, strings, tensors, and lists and dicts of them.

    Raises:
        OSError: the folder doesn't exist or can't be written to, or the disk is full.
    """
    path = Path(path)
    checkpoint = {
        "settings": model.settings,
        "state_dict": model.state_dict(),
        **more,
    }
    # In the same folder, for a file can't be renamed from one disk to another.
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with open(new, "wb") as file:
            torch.save(checkpoint, file)
            file.flush()
            os.fsync(file.fileno())  # on the disk, before it gets the good name
        os.replace(new, path)
    except BaseException:  # Ctrl-C too
        new.unlink(missing_ok=True)
        raise


def load_checkpoint(
    path: str | Path, *, map_location: str | torch.device = "cpu"
) -> tuple[Network, dict]:
    """Rebuild the model that `save_checkpoint` wrote to `path`, in evaluation mode.

    Returns:
        The model, on `map_location`, and all that was kept in the file, by name.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is cut off, or something else than a checkpoint of a `Network`,
            or its weights don't fit the sizes in it; the message says which. No code that a
            file brings along is ever run.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"no checkpoint at {path}: check the name and the folder"
        )
    _check_complete(path)
    try:
        checkpoint = torch.load(path, map_location=map_location, weights_only=True)
    except UnpicklingError as error:
        raise ValueError(
            f"{path} is not a checkpoint of tensors and numbers: it holds other objects, "
            "whose loading could run code, and was not loaded"
        ) from error
    except (RuntimeError, EOFError, ValueError, KeyError) as error:
        raise ValueError(f"{path} can't be read as a checkpoint: {error}") from error
    if not isinstance(checkpoint, dict) or not {"settings", "state_dict"} <= set(
        checkpoint
    ):
        raise ValueError(
            f"{path} can be read, but is not a checkpoint of this course: it has no "
            "'settings' and 'state_dict'. Is it a bare state dict? Then build the model "
            "first and use model.load_state_dict"
        )
    try:
        model = Network(**checkpoint["settings"])
        model.load_state_dict(checkpoint["state_dict"])
    except (RuntimeError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(
            f"{path}: the weights don't fit the network of these settings: {error}"
        ) from error
    return model.to(map_location).eval(), checkpoint


def _check_complete(path: Path) -> None:
    """torch.save writes a zip archive, whose table of contents comes last."""
    with open(path, "rb") as file:
        start = file.read(4)
    if not start:
        raise ValueError(f"{path} is empty: the save that made it never finished")
    if start == b"PK\x03\x04" and not zipfile.is_zipfile(path):
        raise ValueError(
            f"{path} is cut off: a save or a copy of it never finished. Use the checkpoint "
            "before it"
        )
    if start != b"PK\x03\x04":
        raise ValueError(f"{path} is no checkpoint: torch.save did not write this file")
