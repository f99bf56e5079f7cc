"""Make data/weights/small_densenet.pt: a small DenseNet, trained on CIFAR-10.

    python -m pip install -c constraints.txt -e .
    python data/build/pretrain_densenet.py            # torchvision downloads CIFAR-10
    python data/build/pretrain_densenet.py FOLDER     # FOLDER/train/<class>/*.jpg, test/…

Killed, it goes on after the last whole epoch when it is started again, or, with `--fall N`, lets
the learning rate fall to 0 within N more epochs, and ends. On a GPU it uses the GPU. A run is the
same again on the same machine, not to the last digit on another.
"""

import argparse
import time
from pathlib import Path

import torch
from torch import Tensor, nn, optim
from torchvision.datasets import CIFAR10, ImageFolder
from torchvision.transforms.v2 import functional
from tqdm import tqdm

from helper.checkpoints import save_checkpoint
from helper.pretrained import SmallDenseNet

DATA = Path(__file__).resolve().parents[1]
WEIGHTS = DATA / "weights" / "small_densenet.pt"
RESUME = DATA / "downloads" / "pretrain_densenet.pt"
EPOCHS, BATCH, LEARNING_RATE, WEIGHT_DECAY = 40, 128, 0.1, 5e-4


def load(folder: Path | None, train: bool) -> tuple[Tensor, Tensor, list[str]]:
    """All pictures as uint8 (N, 3, 32, 32), all labels as int64 (N,), and the classes."""
    if folder is None:
        dataset = CIFAR10(DATA / "downloads", train=train, download=True)
    else:
        dataset = ImageFolder(folder / ("train" if train else "test"))
    images = torch.empty(len(dataset), 3, 32, 32, dtype=torch.uint8)
    labels = torch.empty(len(dataset), dtype=torch.int64)
    for i, (image, label) in enumerate(tqdm(dataset, desc="decode")):
        images[i], labels[i] = functional.pil_to_tensor(image), label
    return images, labels, dataset.classes


def augment(images: Tensor, generator: torch.Generator) -> Tensor:
    """Each picture moved by up to 4 points, every other one mirrored. (N, 3, 32, 32)"""
    n = len(images)
    padded = nn.functional.pad(images, (4, 4, 4, 4), mode="reflect")
    windows = padded.unfold(2, 32, 1).unfold(3, 32, 1)  # (N, 3, 9, 9, 32, 32), a view
    down, right = torch.randint(9, (2, n), generator=generator)
    moved = windows[torch.arange(n), :, down, right]
    mirrored = torch.rand(n, generator=generator) < 0.5
    return torch.where(mirrored[:, None, None, None], moved.flip(3), moved)


@torch.inference_mode()
def accuracy(
    model: nn.Module, images: Tensor, labels: Tensor, device: torch.device
) -> float:
    """The share of pictures that the model names right."""
    model.eval()
    correct = 0
    for some, truth in zip(images.split(500), labels.split(500), strict=True):
        correct += (model(some.to(device)).argmax(1).cpu() == truth).sum().item()
    return correct / len(labels)


def pretrain(
    folder: Path | None,
    epochs: int,
    *,
    start: Path | None = None,
    fall: int | None = None,
    compiled: bool = False,
) -> None:
    """Train, and write WEIGHTS: see the options of the command line."""
    gpu = torch.accelerator.current_accelerator(check_available=True)
    device = gpu or torch.device("cpu")
    # Older cards of NVIDIA's only imitate bfloat16.
    has_bf16 = device.type != "cuda"
    has_bf16 = has_bf16 or torch.cuda.is_bf16_supported(including_emulation=False)
    images, labels, classes = load(folder, train=True)
    test_images, test_labels, _ = load(folder, train=False)
    scaled = images.float() / 255
    mean, std = scaled.mean((0, 2, 3)), scaled.std((0, 2, 3))
    scaled = (scaled - mean[:, None, None]) / std[:, None, None]
    test_scaled = (test_images.float() / 255 - mean[:, None, None]) / std[:, None, None]

    torch.manual_seed(0)
    model = SmallDenseNet(len(classes)).to(device, memory_format=torch.channels_last)
    if start is not None:
        saved = torch.load(start, map_location=device, weights_only=True)
        model.load_state_dict(saved["state_dict"])
    forward = torch.compile(model) if compiled else model
    loss_function = nn.CrossEntropyLoss()
    optimizer = optim.SGD(
        model.parameters(),
        lr=LEARNING_RATE,
        momentum=0.9,
        nesterov=True,
        weight_decay=WEIGHT_DECAY,
    )
    steps = len(labels) // BATCH
    scheduler = optim.lr_scheduler.OneCycleLR(
        optimizer,
        2 * LEARNING_RATE,
        total_steps=epochs * steps,
        pct_start=0.2 if start is None else 0.05,  # what has learned needs less warm-up
    )
    first, seconds, fallen = 0, 0.0, None
    if RESUME.exists():
        state = torch.load(RESUME, map_location=device, weights_only=True)
        if state["epochs"] != epochs:
            raise SystemExit(
                f"{RESUME} is of {state['epochs']} epochs: delete it first"
            )
        first, seconds = state["epoch"] + 1, state["seconds"]
        model.load_state_dict(state["state_dict"])
        optimizer.load_state_dict(state["optimizer"])
        fallen = state["fallen"]
        if fallen is None:
            scheduler.load_state_dict(state["scheduler"])
    if fall is not None and fallen is None:
        fallen = {"first": first, "rate": scheduler.get_last_lr()[0], "epochs": fall}
    last = epochs
    if fallen is not None:  # from here on, in a straight line to 0
        last = fallen["first"] + fallen["epochs"]
        for group in optimizer.param_groups:
            group["initial_lr"] = fallen["rate"]
        count = fallen["epochs"] * steps
        done = (first - fallen["first"]) * steps
        scheduler = optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: 1 - step / count, last_epoch=done - 1
        )

    for epoch in range(first, last):
        generator = torch.Generator().manual_seed(epoch)
        order = torch.randperm(len(labels), generator=generator)[: steps * BATCH]
        began, losses = time.monotonic(), 0.0
        model.train()
        bar = tqdm(order.split(BATCH), desc=f"epoch {epoch + 1} of {last}")
        for seen, chosen in enumerate(bar, start=1):
            batch = augment(scaled[chosen], generator).to(device)
            batch = batch.contiguous(memory_format=torch.channels_last)
            with torch.autocast(device.type, torch.bfloat16, enabled=has_bf16):
                loss = loss_function(forward(batch), labels[chosen].to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
            losses += loss.item()
            bar.set_postfix(loss=f"{losses / seen:.3f}")
        seconds += time.monotonic() - began
        RESUME.parent.mkdir(exist_ok=True)
        save_checkpoint(
            RESUME,
            model,
            epoch=epoch,
            epochs=epochs,
            seconds=seconds,
            fallen=fallen,
            optimizer=optimizer.state_dict(),
            scheduler=scheduler.state_dict(),
        )
        if epoch % 5 == 4:
            print(f"test {accuracy(model, test_scaled, test_labels, device):.2%}")

    # What the file holds is what is measured: half precision, read back.
    for tensor in model.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(tensor.half())
    measured = accuracy(model, test_scaled, test_labels, device)
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
    print(f"{measured:.2%} of {len(test_labels):,} test pictures, {last} epochs in")
    print(f"{seconds / 60:.0f} minutes on {device}: {WEIGHTS.stat().st_size:,} bytes")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, help="train/ and test/ inside")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--start", type=Path, help="weights to go on from")
    parser.add_argument("--fall", type=int, help="end it within so many epochs more")
    parser.add_argument(
        "--compile", action="store_true", help="faster; needs a compiler"
    )
    given = parser.parse_args()
    pretrain(
        given.folder,
        given.epochs,
        start=given.start,
        fall=given.fall,
        compiled=given.compile,
    )
