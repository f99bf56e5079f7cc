"""Exercise 10.2: it runs to its end, and something is wrong with it."""

import torch
from torch import nn, optim

from helper.data import Digits


def train(images, labels):
    layers = [nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10)]
    model = nn.Sequential(*layers, nn.Softmax(dim=1))
    loss_function = nn.CrossEntropyLoss()
    optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    losses = []
    for _ in range(5):
        for places in torch.randperm(len(labels)).split(64):
            loss = loss_function(model(images[places]), labels[places])
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
