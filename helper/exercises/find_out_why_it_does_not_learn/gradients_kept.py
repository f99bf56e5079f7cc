from helper.exercises.find_out_why_it_does_not_learn.drawn import draw_digits
from helper.exercises.find_out_why_it_does_not_learn.judged import (
    expect_learned,
    expect_numbers,
    expect_pair,
    expect_same_program,
    run,
)


def gradients_kept(answer: object) -> str:
    """train(images, labels), which never clears the gradients."""
    data = draw_digits()
    watched = run(answer, data.images, data.labels)
    model, losses = expect_pair(watched.result)
    expect_same_program(watched)
    losses = expect_numbers(losses)
    expect_learned(watched, model, losses, data, at_least=0.75)
    return "Each step goes along the gradient of its own batch."
