import random

import torch
from torch import Tensor

from helper.exercises.find_out_why_it_does_not_learn.drawn import Parts, draw_digits
from helper.exercises.find_out_why_it_does_not_learn.judged import (
    expect_numbers,
    expect_same_program,
    run,
)
from helper.expect import Wrong, kind_of


def prepared_apart(answer: object) -> str:
    """train(images, labels, test_images), all pictures as bytes."""
    for number, count in enumerate((840, 900)):
        data = draw_digits(count)
        images, new_images = _as_bytes(data.images), _as_bytes(data.new_images)
        seed = random.getrandbits(60)
        predicted = _predicted(answer, seed, images, data.labels, new_images)
        _expect_right(predicted, data)
        if number == 0:
            white = torch.full_like(new_images, 255)
            others = torch.cat([new_images, white, white, white, white, images])
            beside = _predicted(answer, seed, images, data.labels, others)
            same = (beside[: len(predicted)] == predicted).float().mean()
            if same < 0.95:
                raise Wrong(
                    "what is predicted for a picture depends on the other test pictures: "
                    "prepare them with the numbers of the training pictures."
                )
            known = (beside[-len(images) :] == data.labels).float().mean()
            if known < 0.93:
                raise Wrong(
                    "the training pictures, given as test pictures, are not all recognised: the "
                    "two are still prepared in different ways, or it learns badly."
                )
    return "the test pictures are prepared as those that it learned from."


def _as_bytes(images: Tensor) -> Tensor:
    return (images * 255).round().to(torch.uint8)


def _predicted(answer: object, seed: int, *data: Tensor) -> Tensor:
    torch.default_generator.manual_seed(seed)
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
    return predicted


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
