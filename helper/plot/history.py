"""Losses by epoch, drawn."""

import math

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from torch import Tensor


def show_history(history: dict[str, list[float]]) -> Figure:
    """Draw training and validation loss against the epoch, and mark the best epoch.

    Args:
        history: "train_loss" and "valid_loss", a number for each epoch, as `helper.train.fit`
            returns them; other names are left out. An epoch of which the loss is NaN or
            infinite leaves a gap, and is never the best.

    Raises:
        ValueError: one of the two is missing or empty.
    """
    losses = {
        name: [_number(value) for value in history.get(name, ())]
        for name in ("train_loss", "valid_loss")
    }
    if not all(losses.values()):
        raise ValueError(
            "history must hold numbers under 'train_loss' and 'valid_loss', got "
            f"{', '.join(repr(name) for name in history) or 'nothing'}"
        )
    with plt.style.context("helper.course"):
        figure = _draw(losses)
    plt.close(figure)  # shown once, as the cell's value, and not again at its end
    return figure


def _draw(losses: dict[str, list[float]]) -> Figure:
    figure, axis = plt.subplots()
    for label, values in zip(("training", "validation"), losses.values(), strict=True):
        axis.plot(range(1, len(values) + 1), values, label=label)
    valid = losses["valid_loss"]
    finite = [i for i in range(len(valid)) if math.isfinite(valid[i])]
    if finite:
        best = min(finite, key=valid.__getitem__) + 1
        label = f"lowest, epoch {best}"
        axis.axvline(best, linestyle=":", color="dimgray", label=label)
    negative = any(value < 0 for values in losses.values() for value in values)
    axis.set(xlabel="epoch", ylabel="loss")
    axis.xaxis.get_major_locator().set_params(integer=True)
    if not negative:
        axis.set_ylim(0, None)
    axis.legend()
    return figure


def _number(value: object) -> float:
    return float(value.detach() if isinstance(value, Tensor) else value)
