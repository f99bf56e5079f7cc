"""Make data/weights/small_densenet.pt: a small DenseNet, trained on CIFAR-10.

    python -m pip install -c constraints.txt -e .
    python data/build/pretrain_densenet.py            # torchvision downloads CIFAR-10
    python data/build/pretrain_densenet.py FOLDER     # FOLDER/train/<class>/*.jpg, test/…

With --minutes, it makes as many epochs as fit into that time on this machine. Killed, it goes
on where it last saved, half a minute before at most, when it is started again. On a GPU it
uses the GPU. A run is the same again on the same machine, not to the last digit on another.

Nothing is chosen by the test pictures: they are opened when the file of weights is there.
"""

import argparse
import copy
import math
import os
import time
from pathlib import Path

import torch
from torch import Tensor, nn, optim
from torch.utils.data import DataLoader
from torchvision.datasets import CIFAR10, ImageFolder
from torchvision.transforms.v2 import functional
from tqdm import tqdm

from helper.checkpoints import load_checkpoint, save_checkpoint
from helper.pretrained import SmallDenseNet

DATA = Path(__file__).resolve().parents[1]
WEIGHTS = DATA / "weights" / "small_densenet.pt"
RESUME = DATA / "downloads" / "pretrain_densenet.pt"
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
WORKERS = os.cpu_count()
SIZE = 64  # the pictures are enlarged to what load_backbone's transforms give
EPOCHS, BATCH, LEARNING_RATE, WEIGHT_DECAY = 40, 1024, 0.8, 5e-4
SMOOTHING, CUT = 0.1, 8
PARTS = ("optimizer", "scheduler")  # of a training, beside its model


def load(folder: Path | None, train: bool) -> tuple[Tensor, Tensor, list[str]]:
    """All pictures as uint8 (N, 3, 32, 32), all labels as int64 (N,), and the classes."""
    if folder is None:
        dataset = CIFAR10(DATA / "downloads", train=train, download=True)
    else:
        dataset = ImageFolder(folder / ("train" if train else "test"))
    dataset.transform = functional.pil_to_tensor
    batches = list(tqdm(DataLoader(dataset, 250, num_workers=WORKERS), desc="decode"))
    images, labels = zip(*batches, strict=True)
    return torch.cat(images), torch.cat(labels), dataset.classes


def scale(images: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """uint8 to float32 with mean 0 and standard deviation 1. (N, 3, 32, 32)"""
    return (images.float() / 255 - mean[:, None, None]) / std[:, None, None]


def enlarge(images: Tensor) -> Tensor:
    """(N, 3, 32, 32) to (N, 3, SIZE, SIZE), with the channels of a point side by side."""
    if SIZE != images.shape[-1]:
        images = nn.functional.interpolate(images, size=SIZE, mode="bilinear")
    return images.contiguous(memory_format=torch.channels_last)


def augment(images: Tensor, generator: torch.Generator) -> Tensor:
    """Each picture moved by up to 4 points, every other one mirrored. (N, 3, 32, 32)"""
    n, device = len(images), images.device
    padded = nn.functional.pad(images, (4, 4, 4, 4), mode="reflect")
    windows = padded.unfold(2, 32, 1).unfold(3, 32, 1)  # (N, 3, 9, 9, 32, 32), a view
    down, right = torch.randint(9, (2, n), generator=generator, device=device)
    moved = windows[torch.arange(n, device=device), :, down, right]
    mirrored = torch.rand(n, generator=generator, device=device) < 0.5
    return torch.where(mirrored[:, None, None, None], moved.flip(3), moved)


def cut_out(images: Tensor, generator: torch.Generator) -> Tensor:
    """In each picture a square of CUT points set to 0, which is the mean. (N, 3, 32, 32)"""
    n, device = len(images), images.device
    edges = torch.randint(33 - CUT, (2, n, 1), generator=generator, device=device)
    points = torch.arange(32, device=device)
    down, right = (points >= edges) & (points < edges + CUT)  # (N, 32) each
    return images.masked_fill((down[:, :, None] & right[:, None, :])[:, None], 0)


class Training:
    """The model, and what changes its weights."""

    def __init__(self, model: SmallDenseNet, total_steps: int) -> None:
        self.model = model
        self.loss_function = nn.CrossEntropyLoss(label_smoothing=SMOOTHING)
        options = {"momentum": 0.9, "nesterov": True, "weight_decay": WEIGHT_DECAY}
        self.optimizer = optim.SGD(model.parameters(), LEARNING_RATE, **options)
        options = {"pct_start": 0.2, "cycle_momentum": False}
        self.scheduler = optim.lr_scheduler.OneCycleLR(
            self.optimizer, LEARNING_RATE, total_steps, **options
        )

    def load(self, state: dict) -> None:
        """What was saved: these three, and the model's weights."""
        self.model.load_state_dict(state["state_dict"])
        for name in PARTS:
            getattr(self, name).load_state_dict(state[name])

    def save(self, **more: float) -> None:
        RESUME.parent.mkdir(exist_ok=True)
        parts = {name: getattr(self, name).state_dict() for name in PARTS}
        save_checkpoint(RESUME, self.model, **parts, **more)

    def step(self, images: Tensor, labels: Tensor) -> Tensor:
        with torch.autocast(DEVICE, torch.bfloat16):
            loss = self.loss_function(self.model(images), labels)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.scheduler.step()
        return loss.detach()

    def epoch(self, images: Tensor, labels: Tensor, steps: int, seed: int) -> float:
        """A number of steps, each with other pictures, already scaled; their mean loss."""
        generator = torch.Generator(DEVICE).manual_seed(seed)
        order = torch.randperm(len(labels), generator=generator, device=DEVICE)
        chosen = order[: steps * BATCH].split(BATCH)
        self.model.train()
        total = torch.zeros((), device=DEVICE)
        for some in tqdm(chosen, leave=False, disable=None):
            batch = cut_out(augment(images[some], generator), generator)
            total += self.step(enlarge(batch), labels[some])
        return total.item() / steps  # waits until a GPU has finished


def epochs_until(end: float, model, images: Tensor, labels: Tensor, steps: int) -> int:
    """How many epochs fit in before that time, by a few steps of a copy; 1 at least."""
    few = min(steps, 40)
    trial = Training(copy.deepcopy(model), 2 * few)
    trial.epoch(images, labels, few, seed=0)  # the first one chooses algorithms
    began = time.monotonic()
    trial.epoch(images, labels, few, seed=0)
    now = time.monotonic()
    seconds = (now - began) / few * steps
    epochs = max(1, int(0.93 * (end - now) / seconds))  # the rest is for saving
    print(f"{seconds:.2f} s an epoch, so {epochs} epochs", flush=True)
    return epochs


def pretrain(folder: Path | None, epochs: int, minutes: float | None = None) -> None:
    began = time.monotonic()
    images, labels, classes = load(folder, train=True)
    images, labels = images.to(DEVICE), labels.to(DEVICE)
    std, mean = torch.std_mean(images.float() / 255, (0, 2, 3))
    images = scale(images, mean, std)
    torch.backends.cudnn.benchmark = True
    torch.manual_seed(0)
    model = SmallDenseNet(len(classes)).to(DEVICE, memory_format=torch.channels_last)
    steps = len(labels) // BATCH
    state = {"epoch": -1, "seconds": 0.0}
    if RESUME.exists():
        state = torch.load(RESUME, map_location=DEVICE, weights_only=True)
        if minutes is None and state["epochs"] != epochs:
            raise SystemExit(
                f"{RESUME} is of {state['epochs']} epochs: delete it first"
            )
        epochs = state["epochs"]
    elif minutes is not None:
        epochs = epochs_until(began + 60 * minutes, model, images, labels, steps)
    training = Training(model, epochs * steps)
    if RESUME.exists():
        training.load(state)

    began, saved = time.monotonic() - state["seconds"], -math.inf
    for epoch in range(state["epoch"] + 1, epochs):
        loss = training.epoch(images, labels, steps, seed=epoch)
        seconds = time.monotonic() - began
        print(f"epoch {epoch + 1} of {epochs}: loss {loss:.3f}, {seconds:.0f} s")
        if time.monotonic() - saved > 30:
            training.save(epoch=epoch, epochs=epochs, seconds=seconds)
            saved = time.monotonic()

    model.to("cpu", torch.half, memory_format=torch.contiguous_format)
    WEIGHTS.parent.mkdir(exist_ok=True)
    save_checkpoint(
        WEIGHTS,
        model,
        classes=classes,
        mean=[round(number, 4) for number in mean.tolist()],
        std=[round(number, 4) for number in std.tolist()],
    )
    RESUME.unlink(missing_ok=True)
    minutes = (time.monotonic() - began) / 60
    print(f"{epochs} epochs in {minutes:.1f} minutes on {DEVICE}")


@torch.no_grad()
def measure(folder: Path | None) -> None:
    """Print the share of test pictures that the file's weights name right."""
    images, labels, _ = load(folder, train=False)
    model, saved = load_checkpoint(WEIGHTS)
    mean, std = torch.tensor(saved["mean"]), torch.tensor(saved["std"])
    model.to(DEVICE)
    correct = 0
    for some, truth in zip(images.split(500), labels.split(500), strict=True):
        batch = enlarge(scale(some, mean, std)).to(DEVICE)
        correct += (model(batch).argmax(1).cpu() == truth).sum().item()
    print(f"{correct / len(labels):.2%} of {len(labels):,} test pictures")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, help="train/ and test/ inside")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--minutes", type=float, help="instead of --epochs")
    parser.add_argument("--measure", action="store_true", help="the file that is there")
    arguments = parser.parse_args()
    if not arguments.measure:
        pretrain(arguments.folder, arguments.epochs, arguments.minutes)
    if arguments.folder is None or (arguments.folder / "test").is_dir():
        measure(arguments.folder)
