"""Files that a network is rebuilt from: complete or not there, and loaded without running code.

A file doesn't say which class its network is of; its settings do. Therefore this module imports
the two classes that can be rebuilt; of the others it needs `one_line` alone.
"""

import io
import os
import re
import shutil
import zipfile
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parallel import DataParallel, DistributedDataParallel

from helper.errors import one_line
from helper.networks import Network
from helper.pretrained import SmallDenseNet

# How a file of torch's older format begins, which torch.save wrote before 2020.
_OLD_FORMAT = bytes.fromhex("6cfc9c46f9206aa85019")


def save_checkpoint(
    path: str | Path, model: Network | SmallDenseNet, **more: object
) -> None:
    """Write a file that `load_checkpoint` rebuilds `model` from.

    The file gets its name when it is complete: a crash, or a full disk, leaves the file that
    was there before. A symbolic link stays one, and the file that it names is written.

    Args:
        path: the file.
        model: may be inside of `torch.compile` or `DistributedDataParallel`; its weights are
            saved under their plain names.
        more: is kept beside the weights, such as `epoch=3` or
            `optimizer=optimizer.state_dict()`: numbers, strings, tensors, and lists and dicts
            of them. A number of numpy's, as `np.mean` gives it, becomes one of Python's.

    Raises:
        ValueError: the model is of another class, or was changed so that its settings don't
            describe it any more, or has weights that are NaN or infinite, or `more` holds
            something that could not be loaded. Nothing has been written then.
        OSError: the folder doesn't exist or can't be written to, or the disk is full.
    """
    model = _unwrapped(model)
    if type(model) not in (Network, SmallDenseNet):
        raise ValueError(
            f"a Network or a SmallDenseNet can be rebuilt from a checkpoint, got "
            f"{type(model).__name__}: keep its weights by torch.save(model.state_dict(), path)"
        )
    for name in more.keys() & {"settings", "state_dict"}:
        raise ValueError(
            f"{name}= would take the place of the model's own {name}: choose another name"
        )
    # Clones: a part of a larger tensor would bring all of it along into the file.
    weights = {
        name: value.detach().clone(memory_format=torch.contiguous_format)
        for name, value in model.state_dict().items()
    }
    checkpoint = {"settings": model.settings, "state_dict": weights, **more}
    checkpoint = {name: _loadable(name, value) for name, value in checkpoint.items()}
    try:
        rebuilt = _without_memory(checkpoint["settings"], weights)
        if repr(rebuilt) != repr(model):
            raise ValueError("it has other parts than its class makes")
    except Exception as error:
        raise ValueError(
            f"the model was changed after it was made, and {model.settings} doesn't describe "
            f"it ({one_line(error)}): keep its weights by torch.save(model.state_dict(), path)"
        ) from error
    for name in _not_finite(weights):
        raise ValueError(
            f"{name} holds NaN or infinite numbers: training has diverged, and the checkpoint "
            "was not written"
        )
    # In memory first: torch.save makes a RuntimeError of a full disk, and of Ctrl-C.
    content = io.BytesIO()
    torch.save(checkpoint, content)
    _replace(Path(path).resolve(), content)


def _unwrapped(model: nn.Module) -> nn.Module:
    """The model itself, whose weights have their plain names."""
    while True:
        if isinstance(model, DistributedDataParallel | DataParallel):
            model = model.module
        elif hasattr(model, "_orig_mod"):  # by torch.compile
            model = model._orig_mod
        else:
            return model


def _loadable(name: str, value: object) -> object:
    """The value as it is saved; it has been loaded from memory once."""
    content = io.BytesIO()
    try:
        value = _with_plain_numbers(value)
        torch.save(value, content)
        content.seek(0)
        torch.load(content, map_location="cpu", weights_only=True)
    except (OSError, MemoryError):
        raise
    except Exception as error:  # each kind of object has its own
        found = re.search(r"GLOBAL (\S+)", str(error))
        what = f"it holds a {found[1]}" if found else one_line(error)
        raise ValueError(
            f"{name}= can't be kept ({what}): a checkpoint holds numbers, strings, tensors, "
            "and lists and dicts of them. Use torch.from_numpy(...) for an array, dict(...) "
            "for another mapping, vars(...) for options, str(...) for other things"
        ) from error
    return value


def _with_plain_numbers(value: object) -> object:
    """The same, where numpy's numbers are Python's: torch.load takes no others."""
    if isinstance(value, np.number | np.bool_):
        return value.item()
    if type(value) in (list, tuple):
        return type(value)(_with_plain_numbers(each) for each in value)
    if type(value) is dict:
        each = value.items()
        return {_with_plain_numbers(k): _with_plain_numbers(v) for k, v in each}
    return value


def _replace(path: Path, content: io.BytesIO) -> None:
    """Write the file under another name, and give it its own when it is complete."""
    if path.exists() and not path.is_file():
        raise OSError(f"{path} is not a file that can be replaced: choose another name")
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(f"{path} may not be written to: choose another name")
    # In the same folder, for a file can't be renamed from one disk to another.
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with open(new, "wb") as file:
            file.write(content.getbuffer())
            file.flush()
            os.fsync(file.fileno())  # on the disk, before it gets the good name
        if path.exists():
            shutil.copymode(path, new)  # who may read it stays as it was
        os.replace(new, path)
    except BaseException:  # Ctrl-C too
        new.unlink(missing_ok=True)
        raise


def load_checkpoint(
    path: str | Path, *, map_location: str | torch.device = "cpu"
) -> tuple[Network | SmallDenseNet, dict]:
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
        model = _without_memory(checkpoint["settings"], weights)
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
    for name in _not_finite(model.state_dict()):
        raise ValueError(
            f"{path}: {name} holds NaN or infinite numbers: training had diverged; use "
            "the checkpoint before it"
        )


def _without_memory(settings: dict, weights: dict[str, Tensor]) -> nn.Module:
    """The network of these settings, on torch's device without memory, if they fit it."""
    for name, value in weights.items():
        if value.is_meta or value.layout != torch.strided or value.is_quantized:
            raise ValueError(f"{name} is no ordinary tensor")
    kind = SmallDenseNet if "num_classes" in settings else Network
    with torch.device("meta"):
        kind(**settings).load_state_dict(weights, assign=True)
        return kind(**settings)


def _not_finite(weights: dict[str, Tensor]) -> list[str]:
    return [name for name, value in weights.items() if not value.isfinite().all()]
