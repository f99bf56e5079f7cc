"""How what a learner waits for grows with the data: a part of `make bench`."""

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

from helper.checkpoints import load_checkpoint, save_checkpoint
from helper.data import Digits
from helper.launch import launch
from helper.networks import Network
from helper.pictures import FLOWERS
from helper.pretrained import load_backbone
from helper.train import train_epoch

ROOT = Path(__file__).resolve().parents[2]
TRAIN = ROOT / "notebooks" / "scripts" / "12_train.py"
TIMES = 32
LOSS = nn.CrossEntropyLoss()
TRANSFORM = v2.Compose(
    [
        v2.RandomResizedCrop(64),
        v2.RandomHorizontalFlip(),
        v2.ToImage(),
        v2.ToDtype(torch.float32, scale=True),
    ]
)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The training flowers, and the same 32 times over, class by class."""
    small = FLOWERS / "train"
    large = tmp_path_factory.mktemp("flowers")
    for path in small.glob("*/*"):
        (large / path.parent.name).mkdir(exist_ok=True)
        for i in range(TIMES):
            shutil.copy(path, large / path.parent.name / f"{i}-{path.name}")
    yield small, large
    shutil.rmtree(large)


def load(folder: str) -> int:
    """An epoch through the loader of notebook 07."""
    dataset = ImageFolder(folder, TRANSFORM)
    for _ in DataLoader(dataset, 40, shuffle=True):
        pass
    return len(dataset)


def keep(folder: str) -> int:
    """The features of notebook 09, of each picture once."""
    backbone = load_backbone()
    model = backbone.model.eval()
    model.classifier = nn.Identity()
    dataset = ImageFolder(folder, backbone.transforms)
    with torch.no_grad():
        kept = [model(images) for images, _ in DataLoader(dataset, 40)]
    return len(torch.cat(kept))


def alone(what: str, folder: Path) -> dict[str, float]:
    """Seconds, pictures and the most memory (MB), in a process of its own."""
    command = [sys.executable, __file__, what, str(folder)]
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return json.loads(subprocess.check_output(command, cwd=ROOT, env=variables))


@pytest.mark.skipif(sys.platform == "win32", reason="memory is asked of Unix")
@pytest.mark.parametrize("what", ["load", "keep"])
def test_pictures(what, folders, benchmark, note, capsys):
    found = benchmark.pedantic(
        lambda: [alone(what, folder) for folder in folders], rounds=1
    )
    small, large = found
    assert large["pictures"] == TIMES * small["pictures"]
    each = [(one["seconds"] / one["pictures"],) for one in (large, small)]
    name = {"load": "07's loader", "keep": "09's kept features"}[what]
    row = f"{name}: seconds a picture of {large['pictures']}, to one of {small['pictures']}"
    note(row, [each[0] + each[1]], at_most=1.25)
    row = (
        f"{name}: the most MB with {large['pictures']} pictures, to {small['pictures']}"
    )
    note(row, [(large["memory"], small["memory"])], at_most=1.25)
    growth = (large["memory"] - small["memory"]) / (
        large["pictures"] - small["pictures"]
    )
    if growth > 0:
        most = (2000 - small["memory"]) / growth
        with capsys.disabled():
            print(
                f"\n{name}: {1000 * growth:.2f} kB more a picture, so 2 GB for {most:,.0f}"
            )


@pytest.mark.parametrize("size", [16, 256, 1024])
def test_batch_size(size, ratio):
    """05's network, an epoch: small batches pay for each step, large ones learn less by one."""
    digits = Digits(train=True)
    data = TensorDataset(digits.data.float().unsqueeze(1) / 255, digits.targets)

    def epoch(batch_size):
        torch.manual_seed(0)
        model = Network(784, [256, 128], 10)
        optimizer = optim.Adam(model.parameters(), lr=0.001)
        loader = DataLoader(data, batch_size, shuffle=True)
        return lambda: train_epoch(model, loader, LOSS, optimizer) and None

    row = f"an epoch of 05's network in batches of {size}, to one in batches of 64"
    ratio(row, epoch(size), epoch(64), rounds=9)


@pytest.mark.parametrize("processes", [2, 3, 4])
def test_processes(processes, benchmark, note, tmp_path):
    """Seconds a picture, as notebook 12 draws it. More processes than cores wait."""
    pairs = {64: [], 2048: []}

    def turn():
        speeds = []
        for number in (processes, 1):
            folder = tmp_path / f"{len(pairs[64])}-{number}"
            with launch(
                TRAIN, "--folder", folder, "--batch-size", 60, processes=number
            ):
                pass
            speeds.append(load_checkpoint(folder / "checkpoint.pt")[1]["speeds"])
        for size in pairs:
            pairs[size].append([1 / speed[size] for speed in speeds])

    benchmark.pedantic(turn, rounds=3 if processes == 2 else 1)
    for size in pairs:
        row = f"12_train.py by {processes} processes, to one, in batches of {size}"
        note(row, pairs[size])


def test_checkpoint(ratio, tmp_path):
    """A network of 160 MB against one of 2.5 MB, by the byte: a checkpoint costs what it holds."""
    models = {width: Network(784, [width, width], 10) for width in (512, 6000)}
    sizes = {
        width: sum(p.numel() * 4 for p in model.parameters())
        for width, model in models.items()
    }

    def there_and_back(width):
        def turn() -> float:
            begin = time.perf_counter()
            save_checkpoint(tmp_path / "model.pt", models[width])
            load_checkpoint(tmp_path / "model.pt")
            return (time.perf_counter() - begin) / sizes[width] * 1e9

        return turn

    row = (
        "a checkpoint of {:.0f} MB, saved and loaded, to one of {:.0f} MB: seconds a GB"
    )
    row = row.format(sizes[6000] / 1e6, sizes[512] / 1e6)
    ratio(row, there_and_back(6000), there_and_back(512), rounds=5, at_most=1.5)


if __name__ == "__main__":
    begin = time.perf_counter()
    pictures = {"load": load, "keep": keep}[sys.argv[1]](sys.argv[2])
    seconds = time.perf_counter() - begin
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    memory = most / (1e6 if sys.platform == "darwin" else 1e3)
    print(json.dumps({"seconds": seconds, "pictures": pictures, "memory": memory}))
