from helper.exercises.find_out_why_it_does_not_learn.drawn import draw_digits
from helper.exercises.find_out_why_it_does_not_learn.judged import (
    expect_all_trained,
    expect_learned,
    expect_numbers,
    expect_pair,
    expect_same_program,
    run,
)


def frozen_layers(answer: object) -> str:
    """train(images, labels), in which most layers get no gradient."""
    for data in [draw_digits(count) for count in (840, 900)]:
        watched = run(answer, data.images, data.labels)
        model, losses = expect_pair(watched.result)
        losses = expect_numbers(losses)
        expect_same_program(watched)
        expect_all_trained(watched, model)
        expect_learned(watched, model, losses, data, at_least=0.75)
    return "every parameter has moved."
