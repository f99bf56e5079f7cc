"""What every mended program must do, whichever fault it had."""

import math
from collections.abc import Sequence
from numbers import Real

import numpy as np
import torch
from torch import Tensor, nn

from helper.exercises.find_out_why_it_does_not_learn.drawn import Parts
from helper.exercises.find_out_why_it_does_not_learn.watched import Watched, watch
from helper.expect import (
    Wrong,
    call,
    expect_function,
    expect_unchanged,
    kind_of,
    remember,
)

CHANCE = math.log(10)  # what is lost by guessing among ten classes


def run(answer: object, *data: Tensor) -> Watched:
    """Train with the learner's program; the data must be as before."""
    function = expect_function(answer)
    before = remember(list(data))
    watched = watch(function, *data)
    expect_unchanged(list(data), before, "the data that was given", "Work on a copy.")
    return watched


def expect_pair(result: object, second: str = "losses") -> tuple[nn.Module, object]:
    """The program must return a model and something."""
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise Wrong(
            f"train returns {kind_of(result)}: it must return two things, model and {second}."
        )
    model, other = result
    if not isinstance(model, nn.Module):
        raise Wrong(
            f"the first thing that train returns is {kind_of(model)}, not the model."
        )
    return model, other


def expect_numbers(losses: object, what: str = "losses") -> list[float]:
    """`losses` must be a list of numbers, one for each step, none of them NaN."""
    if isinstance(losses, (Tensor, np.ndarray)) and losses.ndim:
        losses = list(losses)
    if isinstance(losses, Sequence) and not len(losses):
        raise Wrong(f"{what} is empty: append a number to it again and again.")
    if not isinstance(losses, Sequence) or isinstance(losses, str):
        raise Wrong(f"{what} is {kind_of(losses)}, not a list of numbers.")
    for loss in losses:
        if isinstance(loss, Tensor) and loss.requires_grad:
            raise Wrong(
                f"{what} holds the graph of each batch, and its memory: append loss.item()."
            )
        if isinstance(loss, Tensor) and loss.numel() != 1:
            raise Wrong(
                f"{what} holds tensors of {loss.numel()} numbers: append one number each time."
            )
        if not isinstance(loss, (Real, Tensor)):
            raise Wrong(f"{what} holds {kind_of(loss)}, not numbers.")
    losses = [float(loss) for loss in losses]
    bad = [step for step, loss in enumerate(losses) if not math.isfinite(loss)]
    if bad:
        raise Wrong("the loss becomes NaN or infinite: the steps are too long.")
    return losses


def expect_learned(
    watched: Watched,
    model: nn.Module,
    losses: list[float],
    data: Parts,
    *,
    at_least: float,
) -> None:
    """It must have learned from the pictures it was given, all of it, step by step."""
    expect_same_program(watched)
    right = accuracy(model, data.new_images, data.new_labels)
    expect_all_trained(watched, model)
    if right >= at_least:
        return
    end = mean_of_last(losses)
    if 0.93 * CHANCE < end < 1.3 * CHANCE:
        raise Wrong(
            "the loss stays near ln 10 = 2.30, as with guessing: what it learns has nothing to "
            "do with the pictures that are given, or it learns nothing."
        )
    raise Wrong(
        f"it learns, but badly: fewer than {round(100 * at_least)} of 100 new digits are right."
    )


def expect_same_program(watched: Watched) -> None:
    """Whatever was mended, there is a step for each batch, by its own gradient."""
    if watched.steps == 0:
        raise Wrong("no optimizer makes a step: nothing is learned without one.")
    if watched.empty_steps > watched.looks / 2:
        raise Wrong(
            "at a step, the gradients are empty: clear them before loss.backward(), not after it."
        )
    if watched.steps_with_rest > watched.looks / 10:
        raise Wrong(
            "at a step, the gradients still hold those of the batches before: clear them "
            "once for each batch."
        )


def expect_all_trained(watched: Watched, model: nn.Module) -> None:
    stuck = watched.stuck(model)
    if stuck:
        total = len(list(model.parameters()))
        if len(stuck) == total:
            raise Wrong(
                "no parameter of the model that comes back was changed: is it the one that "
                "was trained?"
            )
        raise Wrong(
            f"{len(stuck)} of {total} parameters are what they were at the start: "
            f"{', '.join(stuck[:2])}{', …' if stuck[2:] else ''}."
        )


def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """The share of right answers, with the model in evaluation mode."""
    modes = {part: part.training for part in model.modules()}
    model.eval()
    with torch.no_grad():
        logits = call(model, images, given="given new pictures")
    for part, mode in modes.items():
        part.training = mode
    if not isinstance(logits, Tensor) or logits.shape != (len(labels), 10):
        shape = tuple(logits.shape) if isinstance(logits, Tensor) else kind_of(logits)
        raise Wrong(
            f"the model gives {shape} for {len(labels)} pictures: ten numbers each."
        )
    return (logits.argmax(dim=1) == labels).float().mean().item()


def mean_of_last(losses: Sequence[float]) -> float:
    last = losses[-10:]
    return sum(last) / len(last)
