"""Exercise 10.6: it runs to its end, and something is wrong with it."""

import torch
from torch import nn, optim


def train(inputs, targets):
    model = nn.Sequential(nn.Linear(5, 32), nn.ReLU(), nn.Linear(32, 1))
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    losses = []
    for _ in range(5):
        for places in torch.randperm(len(targets)).split(64):
            errors = model(inputs[places]) - targets[places]
            loss = (errors**2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return model, losses


if __name__ == "__main__":
    torch.manual_seed(10)
    rows, sums = torch.randn(1200, 5), torch.randn(5)
    sums = rows @ sums
    sums = (sums - sums.mean()) / sums.std()
    model, losses = train(rows[:900], sums[:900])
    error = ((model(rows[900:]).flatten() - sums[900:]) ** 2).mean()
    print(f"loss: first {losses[0]:.2f}, last {losses[-1]:.2f}")
    print(f"squared error on new rows: {error.item():.3f}")
