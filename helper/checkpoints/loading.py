"""load_checkpoint: read without running code, refused where it can't be right."""

import zipfile
from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import Tensor, nn

from helper.checkpoints.rebuilding import not_finite, without_memory
from helper.errors import one_line

# How a file of torch's older format begins, which torch.save wrote before 2020.
_OLD_FORMAT = bytes.fromhex("6cfc9c46f9206aa85019")


def load_checkpoint(
    path: str | Path, *, map_location: str | torch.device = "cpu"
) -> tuple[nn.Module, dict]:
    """Rebuild the model that `save_checkpoint` wrote to `path`, in evaluation mode.

    No random number is drawn for it, and it shares no memory with the checkpoint.

    Returns:
        The model, on `map_location`, and all that was kept in the file, by name, on the CPU:
        an optimizer moves its state to the model by itself, and `torch.set_rng_state` wants
        it there. The weights are float32, also when the file has half precision, and float64
        when the file has that.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is cut off, or something else than a checkpoint of a `Network` or
            a `SmallDenseNet`, or its weights don't fit the sizes in it, or are more than the
            file can hold, or aren't all finite; the message says which. No code that a file
            brings along is ever run.
    """
    path = Path(path)
    checkpoint = _read(path)
    model = _rebuild(path, checkpoint)
    _fill(model, checkpoint["state_dict"], path)
    return model.to(map_location).eval(), checkpoint


def _read(path: Path) -> dict:
    """What the file holds: tensors and the like, no code; with "settings" and "state_dict"."""
    if not path.is_file():
        raise FileNotFoundError(
            f"no checkpoint at {path}: check the name and the folder"
        )
    _check_complete(path)
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > path.stat().st_size:
            raise ValueError("it is compressed, which torch.save never does")
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError as error:
        raise ValueError(
            f"{path} is not a checkpoint of tensors and numbers: it holds other objects, "
            "whose loading could run code, and was not loaded"
        ) from error
    except Exception as error:  # whatever a damaged pickle runs into
        raise ValueError(
            f"{path} can't be read as a checkpoint: {one_line(error)}"
        ) from error
    parts = {"settings", "state_dict"}
    if not isinstance(checkpoint, dict) or not parts <= checkpoint.keys():
        raise ValueError(
            f"{path} can be read, but is not a checkpoint of this course: it has no "
            "'settings' and 'state_dict'. Is it a bare state dict? Then build the model "
            "first and use model.load_state_dict"
        )
    return checkpoint


def _check_complete(path: Path) -> None:
    """torch.save writes a zip archive, whose table of contents comes last."""
    with open(path, "rb") as file:
        start = file.read(4)
        old_format = _OLD_FORMAT in file.read(20)
    if not start:
        raise ValueError(f"{path} is empty: the save that made it never finished")
    if start == b"PK\x03\x04" and not zipfile.is_zipfile(path):
        raise ValueError(
            f"{path} is cut off: a save or a copy of it never finished. Use the checkpoint "
            "before it"
        )
    if old_format:
        raise ValueError(
            f"{path} is in the file format that torch had before 2020: open it by "
            "torch.load(path) and save it again"
        )
    if start != b"PK\x03\x04":
        raise ValueError(f"{path} is no checkpoint: torch.save did not write this file")


def _rebuild(path: Path, checkpoint: dict) -> nn.Module:
    """The model of the settings, without memory still; its weights fit it, and the file."""
    try:
        # A plain dict: load_state_dict leaves a mark on the one of torch.load, after which
        # every model that loads it would share its memory.
        weights = checkpoint["state_dict"] = dict(checkpoint["state_dict"])
        # First without memory: a file may claim layers of any size.
        model = without_memory(checkpoint["settings"], weights)
    except Exception as error:  # what is wrong in the file decides which
        raise ValueError(
            f"{path}: the weights don't fit the network of these settings "
            f"({one_line(error)}). Only a Network or a SmallDenseNet is rebuilt: build a "
            "model of another class first and use model.load_state_dict"
        ) from error
    size = path.stat().st_size
    claimed = sum(value.numel() * value.element_size() for value in weights.values())
    if claimed > size:
        raise ValueError(
            f"{path} has {size:,} bytes, and its weights would take {claimed:,}: they repeat "
            "a few numbers, which save_checkpoint doesn't write"
        )
    return model


def _fill(model: nn.Module, weights: dict[str, Tensor], path: Path) -> None:
    """Give the model its memory, on the CPU, and in it copies of the weights."""
    double = any(value.dtype == torch.float64 for value in weights.values())
    model.to(torch.float64 if double else torch.float32).to_empty(device="cpu")
    model.load_state_dict(weights)
    for name in not_finite(model.state_dict()):
        raise ValueError(
            f"{path}: {name} holds NaN or infinite numbers: training had diverged; use "
            "the checkpoint before it"
        )
