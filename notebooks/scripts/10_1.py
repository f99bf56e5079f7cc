"""Exercise 10.1: it runs to its end, and something is wrong with it."""

import torch
import torch.nn.functional as F
from torch import optim

from helper.data import Digits
from helper.networks import Network


def train(images, labels):
    model = Network(784, [64], 10)
    optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    losses = []
    for _ in range(5):
        images = images[torch.randperm(len(images))]
        labels = labels[torch.randperm(len(labels))]
        for batch, targets in zip(images.split(64), labels.split(64), strict=True):
            loss = F.cross_entropy(model(batch), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return model, losses


if __name__ == "__main__":
    digits, new_digits = Digits(train=True), Digits(train=False)
    images, new_images = (d.data.unsqueeze(1) / 255 for d in (digits, new_digits))
    torch.manual_seed(10)
    model, losses = train(images, digits.targets)
    right = model(new_images).argmax(dim=1) == new_digits.targets
    print(f"loss: first {losses[0]:.2f}, last {losses[-1]:.2f}")
    print(f"accuracy on new digits: {right.float().mean().item():.3f}")
