"""The training loop that notebook 05 writes out, kept for the notebooks after it."""

import copy
import sys
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.data import DataLoader
from tqdm import tqdm


@torch.no_grad()
def evaluate(
    model: nn.Module,
    loader: DataLoader,
    loss_function: Callable[[Tensor, Tensor], Tensor],
    *,
    device: torch.device | str = "cpu",
) -> tuple[float, float]:
    """Measure `model` on all batches of `loader`, in evaluation mode.

    Args:
        model: gives logits (N, C) for a batch of images.
        loader: gives (images, labels) batches, labels int64 (N,).
        loss_function: gives the *mean* loss of a batch, as `nn.CrossEntropyLoss()` does.
        device: where the model is.

    Returns:
        The mean loss and the accuracy, 0 to 1, over all examples: sums over seen, so that a
        smaller last batch counts for what it is. The model is left in evaluation mode.

    Raises:
        ValueError: the loader gave no examples.
    """
    model.eval()
    total_loss, correct, seen = 0.0, 0, 0
    for images, labels in loader:
        images, labels = images.to(device), labels.to(device)
        logits = model(images)
        total_loss += loss_function(logits, labels).item() * len(labels)
        correct += (logits.argmax(dim=1) == labels).sum().item()
        seen += len(labels)
    if seen == 0:
        raise ValueError("the loader gave no examples: is its data set empty?")
    return total_loss / seen, correct / seen


def train_epoch(
    model: nn.Module,
    train_loader: DataLoader,
    loss_function: Callable[[Tensor, Tensor], Tensor],
    optimizer: Optimizer,
    *,
    device: torch.device | str = "cpu",
) -> float:
    """Train `model` on all batches of `train_loader`, once; one step for each batch.

    Takes what `fit` takes, and leaves the model in training mode.

    Returns:
        The mean loss over all examples, each measured before the step of its batch.

    Raises:
        ValueError: the loader gave no examples.
    """
    model.train()
    total_loss, seen = 0.0, 0
    for images, labels in train_loader:
        images, labels = images.to(device), labels.to(device)
        loss = loss_function(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total_loss += loss.item() * len(labels)
        seen += len(labels)
    if seen == 0:
        raise ValueError("the loader gave no examples: is its data set empty?")
    return total_loss / seen


def fit(
    model: nn.Module,
    train_loader: DataLoader,
    valid_loader: DataLoader,
    loss_function: Callable[[Tensor, Tensor], Tensor],
    optimizer: Optimizer,
    *,
    epochs: int,
    patience: int | None = None,
    device: torch.device | str = "cpu",
) -> dict[str, list[float]]:
    """Train `model`, and leave it with the weights that were best on `valid_loader`.

    Args:
        model: gives logits (N, C) for a batch of images; must be on `device` already.
        train_loader, valid_loader: give (images, labels) batches, labels int64 (N,).
        loss_function: gives the mean loss of a batch, as `nn.CrossEntropyLoss()` does.
        optimizer: has the parameters that are to be trained.
        epochs: passes over `train_loader`, at most.
        patience: stop after so many epochs without a lower validation loss; None never does.
        device: where the model is, and each batch is moved to.

    Returns:
        Lists "train_loss", "valid_loss" and "valid_accuracy", one number for each epoch. The
        model is left in evaluation mode.

    Raises:
        ValueError: a loader gave no examples.
    """
    history = {"train_loss": [], "valid_loss": [], "valid_accuracy": []}
    best_loss, best_weights, waited = float("inf"), copy.deepcopy(model.state_dict()), 0
    for _ in progress(range(epochs)):
        train_loss = train_epoch(
            model, train_loader, loss_function, optimizer, device=device
        )
        measured = evaluate(model, valid_loader, loss_function, device=device)
        for name, number in zip(history, (train_loss, *measured), strict=True):
            history[name].append(number)
        if measured[0] < best_loss:
            best_loss, waited = measured[0], 0
            best_weights = copy.deepcopy(model.state_dict())
        else:
            waited += 1
        if waited == patience:
            break
    model.load_state_dict(best_weights)
    return history


def progress(epochs: Iterable) -> Iterable:
    """The same epochs; while somebody is watching, with a bar that says how far it is.

    The bar disappears when it is full, and is not drawn at all where a program reads the
    output: nbval compares it, and a log file would be filled with it.
    """
    return tqdm(epochs, "epochs", leave=False, file=sys.stdout, disable=not _watched())


def _watched() -> bool:
    try:
        kernel = get_ipython().kernel
    except (NameError, AttributeError):
        return sys.stdout.isatty()
    # Whoever sends cells to the kernel says whether a person could be asked for input.
    return kernel.get_parent("shell")["content"].get("allow_stdin", False)
