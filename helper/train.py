"""The training loop that notebook 05 writes out, kept for the notebooks after it.

It does more than the lesson where a mistake would cost a night: it says when the loss is no
number, refuses labels that it can't count, and knows what a weighted loss averages over.
"""

import copy
from collections.abc import Callable
from numbers import Integral

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from torch.utils.data import DataLoader

from helper import losses
from helper.progress import progress

NO_EXAMPLES = (
    "the loader gave no examples: is its data set empty, or are all its labels ignored?"
)


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
        loss_function: gives the *mean* loss of a batch, as `nn.CrossEntropyLoss()` does. It
            may have weights for the classes, and an `ignore_index`.
        device: where the model is.

    Returns:
        The mean loss and the accuracy, 0 to 1, over all examples, however they are batched.
        The loss is what `loss_function` would give for all of them at once; labels that it
        ignores count for neither. The model is left in evaluation mode.

    Raises:
        ValueError: the loader gave no examples, or labels that aren't classes, or the loss is
            no mean over the examples, so that it would depend on the size of the batches.
    """
    model.eval()
    total_loss, total_weight, correct, seen = 0.0, 0, 0, 0
    for images, labels in loader:
        images, labels = images.to(device), labels.to(device)
        logits = model(images)
        losses.expect_classes(logits, labels)
        if weight := losses.weight_of(loss_function, logits, labels):
            total_loss += loss_function(logits, labels).item() * weight
        total_weight += weight
        counted = losses.counted_by(loss_function, labels)
        correct += (logits.argmax(dim=1) == labels)[counted].sum().item()
        seen += counted.sum().item()
    if total_weight == 0:
        raise ValueError(NO_EXAMPLES)
    return total_loss / total_weight, correct / seen


def train_epoch(
    model: nn.Module,
    train_loader: DataLoader,
    loss_function: Callable[[Tensor, Tensor], Tensor],
    optimizer: Optimizer,
    *,
    device: torch.device | str = "cpu",
    scheduler: LRScheduler | None = None,
) -> float:
    """Train `model` on all batches of `train_loader`, once; one step for each batch.

    Takes what `fit` takes, and targets of other kinds too, such as those of `nn.MSELoss()`.
    Leaves the model in training mode. A batch whose labels are all ignored is left out.

    Returns:
        The mean loss over all examples, each measured before the step of its batch.

    Raises:
        ValueError: `optimizer` has no parameter of `model`, the loader gave no examples, or the
            loss is no mean over the examples, or it is NaN or infinite; then the weights are
            those before that batch.
    """
    _expect_parameters_of(model, optimizer)
    model.train()
    total_loss, total_weight = 0.0, 0
    for batch, (images, labels) in enumerate(train_loader, 1):
        images, labels = images.to(device), labels.to(device)
        logits = model(images)
        weight = losses.weight_of(loss_function, logits, labels)
        if weight == 0:
            continue
        loss = loss_function(logits, labels)
        losses.expect_finite(loss.item(), f"batch {batch}")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if scheduler is not None:
            scheduler.step()
        total_loss += loss.item() * weight
        total_weight += weight
    if total_weight == 0:
        raise ValueError(NO_EXAMPLES)
    return total_loss / total_weight


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
    scheduler: LRScheduler | None = None,
) -> dict[str, list[float]]:
    """Train `model`, and leave it with the weights that were best on `valid_loader`.

    Called again, it goes on from these weights and compares the epochs of that call alone: its
    best may be worse than the best of the call before.

    Args:
        model: gives logits (N, C) for a batch of images; must be on `device` already.
        train_loader, valid_loader: give (images, labels) batches, labels int64 (N,).
        loss_function: gives the mean loss of a batch, see `evaluate`.
        optimizer: has the parameters that are to be trained.
        epochs: passes over `train_loader`, at most; 1 or more.
        patience: stop after so many epochs without a lower validation loss, 1 or more; None
            never does.
        device: where the model is, and each batch is moved to.
        scheduler: sets the learning rate of `optimizer`; its `step()` is called after each
            batch, not after each epoch.

    Returns:
        Lists "train_loss", "valid_loss" and "valid_accuracy", one number for each epoch. The
        model is left in evaluation mode.

    Raises:
        ValueError: what `train_epoch` and `evaluate` raise; `epochs` or `patience` is below 1;
            a loss is NaN or infinite: the message names the epoch, and the batch. After any
            error, and Ctrl-C, the model has the weights of the best epoch, if one was finished.
    """
    _expect_counts(epochs=epochs, patience=patience)
    history = {"train_loss": [], "valid_loss": [], "valid_accuracy": []}
    best_loss, best_weights, waited = float("inf"), None, 0
    try:
        for epoch in progress(range(1, epochs + 1)):  # noqa: B007  an error names it
            train_loss = train_epoch(
                model,
                train_loader,
                loss_function,
                optimizer,
                device=device,
                scheduler=scheduler,
            )
            measured = evaluate(model, valid_loader, loss_function, device=device)
            losses.expect_finite(measured[0], "validation")
            for name, number in zip(history, (train_loss, *measured), strict=True):
                history[name].append(number)
            waited += 1
            if measured[0] < best_loss:
                best_loss, waited = measured[0], 0
                best_weights = copy.deepcopy(model.state_dict())
            if waited == patience:
                break
    except losses.NotFinite as error:
        raise ValueError(f"epoch {epoch}, {error}") from None
    finally:
        if best_weights is not None:
            model.load_state_dict(best_weights)
    return history


def _expect_parameters_of(model: nn.Module, optimizer: Optimizer) -> None:
    groups = getattr(optimizer, "param_groups", [])  # what only steps has none
    given = {id(p) for group in groups for p in group["params"]}
    if groups and given.isdisjoint(map(id, model.parameters())):
        raise ValueError(
            "the optimizer has no parameter of this model: make it with model.parameters()"
        )


def _expect_counts(**counts: int | None) -> None:
    for name, count in counts.items():
        if name == "patience" and count is None:
            continue
        if not isinstance(count, Integral) or count < 1:
            raise ValueError(
                f"{name} must be a whole number, 1 or more, got {count!r}"
                + (": leave it out never to stop early" if name == "patience" else "")
            )
