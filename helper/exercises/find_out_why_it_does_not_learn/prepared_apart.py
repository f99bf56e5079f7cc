import random

import numpy as np
import torch
from torch import Tensor

from helper.exercises.find_out_why_it_does_not_learn.drawn import Parts, draw_digits
from helper.exercises.find_out_why_it_does_not_learn.judged import (
    expect_numbers,
    expect_same_program,
    run,
)
from helper.exercises.find_out_why_it_does_not_learn.watched import (
    LEARNS,
    MEASURES,
    Watched,
)
from helper.expect import Wrong, kind_of


def prepared_apart(answer: object) -> str:
    """train(images, labels, test_images), all pictures as bytes."""
    data = draw_digits()
    images, new_images = _as_bytes(data.images), _as_bytes(data.new_images)
    seed = random.getrandbits(32)
    predicted, alone = _predicted(answer, seed, images, data.labels, new_images)
    _expect_right(predicted, data)
    white = torch.full_like(new_images, 255)
    others = torch.cat([new_images, white, white, white, white, images])
    beside, watched = _predicted(answer, seed, images, data.labels, others)
    same = (beside[: len(predicted)] == predicted).float().mean()
    inks = [w.order(MEASURES)[: len(predicted)] for w in (alone, watched)]
    if same < 0.95 or _look_different(*inks) is not None:
        raise Wrong(
            "what is predicted for a picture depends on the other test pictures: "
            "prepare them with the numbers of the training pictures."
        )
    learned = watched.order(LEARNS)[: len(images)].sort().values
    tested = watched.order(MEASURES)[-len(images) :].sort().values
    place = _look_different(learned, tested)
    if place is not None:
        raise Wrong(
            "they aren't prepared alike: a training picture looks different to the network when it "
            f"is tested: the mean of its pixels is {learned[place] / 784:.2f} while it learns, "
            f"and {tested[place] / 784:.2f} in the test. Do the same with both."
        )
    return "The test pictures are prepared as those that it learned from."


def _look_different(first: Tensor, second: Tensor) -> int | None:
    """Where the same pictures have other pixels; None, if nowhere, or if it was not seen."""
    if first.shape != second.shape or not len(first):
        return None
    apart = (first - second).abs()
    return int(apart.argmax()) if apart.max() > 0.01 * first.abs().max() else None


def _as_bytes(images: Tensor) -> Tensor:
    """The brightest has less than 255, so that a white picture beside it changes the maximum."""
    return (images * 200).round().to(torch.uint8)


def _predicted(answer: object, seed: int, *data: Tensor) -> tuple[Tensor, Watched]:
    for draw in (torch.default_generator.manual_seed, np.random.seed, random.seed):
        draw(seed)  # trained alike, whichever of them shuffles
    watched = run(answer, *data)
    result = watched.result
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise Wrong(
            f"train returns {kind_of(result)}: it must return two things, losses and predicted."
        )
    losses, predicted = result
    expect_numbers(losses)
    expect_same_program(watched)
    if not isinstance(predicted, Tensor) or predicted.shape != (len(data[2]),):
        shape = kind_of(predicted)
        if isinstance(predicted, Tensor):
            shape = tuple(predicted.shape)
        raise Wrong(f"predicted is {shape}: one class for each test picture, (N,).")
    return predicted, watched


def _expect_right(predicted: Tensor, data: Parts) -> None:
    right = (predicted == data.new_labels).float().mean()
    if right > 0.8:
        return
    if predicted.unique().numel() <= 4:
        raise Wrong(
            "nearly all test pictures get the same class: they still look unlike all that the "
            "model learned from. Print both means, as the model gets them."
        )
    raise Wrong(
        "too few test pictures are right: are both parts prepared in the same way, and does "
        "the model learn?"
    )
