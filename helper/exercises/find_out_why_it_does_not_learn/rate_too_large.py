from helper.exercises.find_out_why_it_does_not_learn.drawn import draw_digits
from helper.exercises.find_out_why_it_does_not_learn.judged import (
    accuracy,
    expect_learned,
    expect_numbers,
    expect_pair,
    expect_same_program,
    run,
)
from helper.exercises.find_out_why_it_does_not_learn.watched import LEARNS
from helper.expect import Wrong

MOST_EPOCHS = 40  # the program has 5, and some take a few more


def rate_too_large(answer: object) -> str:
    """train(images, labels), whose steps are too long."""
    data = draw_digits()
    watched = run(answer, data.images, data.labels)
    model, losses = expect_pair(watched.result)
    losses = expect_numbers(losses)
    expect_same_program(watched)
    if accuracy(model, data.new_images, data.new_labels) < 0.8:
        if max(losses) > 1.5 * losses[0]:
            raise Wrong(
                "at first the loss jumps up: the steps are still too long for it to learn."
            )
        if 0 < watched.moved(model) < 0.1:
            raise Wrong(
                "the parameters hardly move: now the steps are too short for five epochs."
            )
    if len(watched.order(LEARNS)) > MOST_EPOCHS * len(data.labels):
        raise Wrong(
            "it learns in many more epochs than before: five are enough, with "
            "steps of a better length."
        )
    expect_learned(watched, model, losses, data, at_least=0.75)
    return "The steps are long enough to arrive, and short enough not to jump over."
