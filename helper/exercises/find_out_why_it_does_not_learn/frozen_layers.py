from torch import nn

from helper.exercises.find_out_why_it_does_not_learn.drawn import draw_digits
from helper.exercises.find_out_why_it_does_not_learn.judged import (
    expect_all_trained,
    expect_learned,
    expect_numbers,
    expect_pair,
    expect_same_program,
    run,
)
from helper.expect import Wrong


def frozen_layers(answer: object) -> str:
    """train(images, labels), in which most layers get no gradient."""
    data = draw_digits()
    watched = run(answer, data.images, data.labels)
    model, losses = expect_pair(watched.result)
    losses = expect_numbers(losses)
    expect_same_program(watched)
    layers = sum(isinstance(part, nn.Linear) for part in model.modules())
    if layers < 3:
        raise Wrong(
            f"the model that comes back has {layers} linear layers: it must still hold all three."
        )
    expect_all_trained(watched, model)
    expect_learned(watched, model, losses, data, at_least=0.75)
    return "Every parameter has moved."
