import statistics

import torch
from torch import Tensor, nn

from helper.exercises.find_out_why_it_does_not_learn.drawn import Parts, draw_numbers
from helper.exercises.find_out_why_it_does_not_learn.judged import (
    expect_all_trained,
    expect_numbers,
    expect_pair,
    expect_same_program,
    run,
)
from helper.expect import Wrong, call, kind_of


def broadcast_loss(answer: object) -> str:
    """train(inputs, targets), in which (N, 1) minus (N,) is (N, N)."""
    data = draw_numbers()
    watched = run(answer, data.images, data.labels)
    model, losses = expect_pair(watched.result)
    losses = expect_numbers(losses)
    expect_same_program(watched)
    expect_all_trained(watched, model)
    _expect_near(model, losses, data)
    return "Each prediction is compared with its own target alone."


def _expect_near(model: nn.Module, losses: list[float], data: Parts) -> None:
    with torch.no_grad():
        predicted = call(model, data.new_images, given="given new rows")
    count = len(data.new_labels)
    if not isinstance(predicted, Tensor) or predicted.numel() != count:
        shape = kind_of(predicted)
        if isinstance(predicted, Tensor):
            shape = tuple(predicted.shape)
        raise Wrong(f"the model gives {shape} for {count} rows: one number for each.")
    predicted = predicted.flatten()
    if predicted.std() < 0.3:
        raise Wrong(
            "the model predicts nearly the same for every row: is each prediction compared "
            "with all targets? Look at the shape of the errors."
        )
    if ((predicted - data.new_labels) ** 2).mean() > 0.25:
        raise Wrong("it learns, but its predictions are far from the targets.")
    if statistics.median(losses[-3:]) > 1:  # the last batch alone may be of four rows
        raise Wrong("the losses that come back are not those of such a good model.")
