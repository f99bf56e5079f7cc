"""save_checkpoint: a file that is complete, or not there."""

import io
import os
import re
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.parallel import DataParallel, DistributedDataParallel

from helper.checkpoints.rebuilding import class_of, not_finite, without_memory
from helper.errors import one_line


def save_checkpoint(path: str | Path, model: nn.Module, **more: object) -> None:
    """Write a file that `load_checkpoint` rebuilds `model` from.

    The file gets its name when it is complete: a crash, or a full disk, leaves the file that
    was there before. A symbolic link stays one, and the file that it names is written.

    Args:
        path: the file.
        model: a `Network` or a `SmallDenseNet`; may be inside of `torch.compile` or
            `DistributedDataParallel`; its weights are saved under their plain names.
        more: is kept beside the weights, such as `epoch=3` or
            `optimizer=optimizer.state_dict()`: numbers, strings, tensors, and lists and dicts
            of them. A number of numpy's, as `np.mean` gives it, becomes one of Python's.

    Raises:
        ValueError: the model is of another class, or was changed so that its settings don't
            describe it any more, or has weights that are NaN or infinite, or `more` holds
            something that could not be loaded. Nothing has been written then.
        OSError: the folder doesn't exist or can't be written to, or the disk is full, or, on
            Windows, another program has the file open.
    """
    model = _unwrapped(model)
    if type(model) is not class_of(getattr(model, "settings", None)):
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
        rebuilt = without_memory(checkpoint["settings"], weights)
        if repr(rebuilt) != repr(model):
            raise ValueError("it has other parts than its class makes")
    except Exception as error:
        raise ValueError(
            f"the model was changed after it was made, and {model.settings} doesn't describe "
            f"it ({one_line(error)}): keep its weights by torch.save(model.state_dict(), path)"
        ) from error
    for name in not_finite(weights):
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
        _rename(new, path)
    except BaseException:  # Ctrl-C too
        new.unlink(missing_ok=True)
        raise


def _rename(new: Path, path: Path) -> None:
    """Windows replaces no file that a program has open, as virus scanners do for a moment."""
    deadline = time.monotonic() + 2
    while True:
        try:
            return os.replace(new, path)
        except PermissionError:
            if sys.platform != "win32" or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
