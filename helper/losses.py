"""What `helper.train` asks of a loss: that it is finite, and what it is the mean over."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn


def weight_of(loss_function: Callable, logits: Tensor, labels: Tensor) -> float:
    """What the loss of this batch is the mean over: the labels' weights, or the examples."""
    reduction = getattr(loss_function, "reduction", "mean")
    if reduction in ("sum", "none"):
        raise ValueError(
            f"the loss must be the mean over a batch, got reduction={reduction!r}: leave "
            "reduction out"
        )
    if _averages_over_classes(loss_function, labels):
        counted = counted_by(loss_function, labels)
        if loss_function.weight is None:
            return counted.sum().item()
        return loss_function.weight[labels[counted].long()].sum().item()
    if len(labels) > 1:
        _expect_mean(loss_function, logits, labels)
    return len(labels)


def counted_by(loss_function: Callable, labels: Tensor) -> Tensor:
    """Bool, of the labels' shape: True for each that the loss doesn't ignore."""
    if _averages_over_classes(loss_function, labels):
        return labels.long() != loss_function.ignore_index
    return torch.ones_like(labels, dtype=torch.bool)


def expect_classes(logits: Tensor, labels: Tensor) -> None:
    """Anything else would be broadcast when it is compared with the predicted classes."""
    fits = logits.ndim > 1 and logits.select(1, 0).shape == labels.shape
    if not fits or labels.is_floating_point():
        raise ValueError(
            "the accuracy is counted for logits (N, C) and labels (N,) of whole numbers, got "
            f"{tuple(logits.shape)} and {tuple(labels.shape)} of {labels.dtype}: measure "
            "the loss in a loop of your own for other targets"
        )


class NotFinite(ValueError):
    """A loss is NaN or infinite."""


def expect_finite(loss: float, place: str) -> None:
    if not math.isfinite(loss):
        raise NotFinite(
            f"{place}: the loss is {loss}, from which nothing can be learned: use a lower "
            "learning rate, and look for NaN or infinite numbers in the images"
        )


def _averages_over_classes(loss_function: Callable, labels: Tensor) -> bool:
    """Whether the loss has a weight for each class, and a class that it ignores."""
    kinds = nn.CrossEntropyLoss, nn.NLLLoss  # and not what is derived from them
    return type(loss_function) in kinds and not labels.is_floating_point()


@torch.no_grad()
def _expect_mean(loss_function: Callable, logits: Tensor, labels: Tensor) -> None:
    """Two parts of a batch must give what the whole gives, each counted for its size."""
    whole, middle = loss_function(logits, labels), len(labels) // 2
    first = loss_function(logits[:middle], labels[:middle]).item() * middle
    second = loss_function(logits[middle:], labels[middle:]).item()
    second *= len(labels) - middle
    rounding = max(1e-4, 8 * torch.finfo(whole.dtype).eps)
    allowed = 1e-6 + rounding * (abs(first) + abs(second)) / len(labels)
    parts, whole = (first + second) / len(labels), whole.item()
    if math.isfinite(whole) and not abs(whole - parts) <= allowed:
        if labels.is_floating_point() and logits.shape != labels.shape:
            raise ValueError(
                f"the outputs are {tuple(logits.shape)} and the targets "
                f"{tuple(labels.shape)}, so one is broadcast over the other: give targets of "
                "the outputs' shape, such as targets[:, None]"
            )
        raise ValueError(
            f"the loss of {len(labels)} examples is {whole:.6g}, and {parts:.6g} when they "
            "are measured in two parts: give a loss that is the mean over the examples, and "
            "weights as nn.CrossEntropyLoss(weight=...) has them"
        )
