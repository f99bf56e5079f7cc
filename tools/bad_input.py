"""What the tables in tests/bad_input are made of: bad files, networks, loaders, looks at results.

A function whose first argument is `folder` writes into it.
"""

import os
import struct
import tomllib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

from helper.checkpoints import save_checkpoint
from helper.data import FILES
from helper.launch import launch
from helper.networks import Network
from helper.train import evaluate, fit

TABLES = Path(__file__).resolve().parents[1] / "tests" / "bad_input"
LOSS = nn.CrossEntropyLoss()
MARKS = {
    "posix": pytest.mark.skipif(os.name != "posix", reason="no such limits or links"),
    "not root": pytest.mark.skipif(
        not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all"
    ),
}


def cases() -> Iterator:
    """A parameter of pytest for each `when` of each case of each table."""
    for path in sorted(TABLES.glob("*.toml")):
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        for case in table["case"]:
            case["imports"] = table["imports"]
            if isinstance(case.get("says"), list):  # a sentence of several cases
                name, *fills = case["says"]
                case["says"] = table["sentences"][name].format(*fills)
            whens = case["when"] if isinstance(case["when"], list) else [case["when"]]
            for when in whens:
                name = f"{path.stem}: {case['input']}"
                name += f", {when}" if len(whens) > 1 else ""
                marks = [MARKS[only] for only in case.get("only", [])]
                yield pytest.param(case | {"when": when}, id=name, marks=marks)


def idx(*shape: int, magic: int | None = None) -> bytes:
    """An IDX file of that shape, its values 0, 1, 2 and so on."""
    magic = 0x800 + len(shape) if magic is None else magic
    values = np.arange(np.prod(shape)) % 10
    return struct.pack(f">I{len(shape)}I", magic, *shape) + bytes(values.tolist())


def digits(folder: Path, change: dict[str, bytes | None]) -> None:
    """Five digits to train on and three to test with, but for the files of `change`."""
    folder.mkdir(parents=True, exist_ok=True)
    shapes = (5, 28, 28), (5,), (3, 28, 28), (3,)
    content = {name: idx(*shape) for name, shape in zip(FILES, shapes, strict=True)}
    for name, data in (content | change).items():
        if data is not None:
            (folder / name).write_bytes(data)


def described(dataset) -> tuple:
    return len(dataset), dataset.data.dtype, dataset.targets.dtype


def network(value: float | None = None, name: str = "hidden.0.weight") -> Network:
    """Of 12 numbers and 3 classes, with one weight that is `value`."""
    model = Network(12, [5], 3)
    if value is not None:
        model.get_parameter(name).data.view(-1)[0] = value
    return model


def content_of(model: Network) -> dict:
    return {"settings": model.settings, "state_dict": model.state_dict()}


def written(folder: Path, content: object) -> Path:
    """bytes as they are; anything else as torch.save writes it."""
    path = folder / "model.pt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    return path


def checkpoint(folder: Path, model: Network) -> Path:
    save_checkpoint(folder / "model.pt", model)
    return folder / "model.pt"


class RunsCode:
    """Loaded carelessly, it makes a file called ran in the current folder."""

    def __reduce__(self):
        return open, ("ran", "w")


def loader_of(labels: torch.Tensor, images: torch.Tensor | None = None) -> DataLoader:
    """Batches of two, of 12 numbers an example."""
    images = torch.rand(len(labels), 12) if images is None else images
    return DataLoader(TensorDataset(images, labels), batch_size=2)


def learn(how, model: nn.Module, loader: DataLoader, loss_function=LOSS):
    """One epoch of `fit`, or what the function measures in one."""
    optimizer = (
        optim.SGD(model.parameters(), lr=0.1) if list(model.parameters()) else None
    )
    if how is evaluate:
        return evaluate(model, loader, loss_function)
    if how is fit:
        history = fit(model, loader, loader, loss_function, optimizer, epochs=1)
        whole = all(value.isfinite().all() for value in model.state_dict().values())
        return [len(numbers) for numbers in history.values()], whole
    return how(model, loader, loss_function, optimizer)


def started(script: Path, **options) -> None:
    with launch(script, **options):
        pass
