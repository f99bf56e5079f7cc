from torch import nn

from helper.exercises.find_out_why_it_does_not_learn.drawn import draw_digits
from helper.exercises.find_out_why_it_does_not_learn.judged import (
    accuracy,
    expect_all_trained,
    expect_numbers,
    expect_pair,
    expect_same_program,
    run,
)
from helper.exercises.find_out_why_it_does_not_learn.watched import LEARNS, MEASURES
from helper.expect import Wrong

DROPOUT = 0.7  # in the program as it is given


def measured_in_training(answer: object) -> str:
    """train(images, labels, valid_images, valid_labels), which never changes the mode."""
    data = draw_digits()
    watched = run(answer, *data)
    model, accuracies = expect_pair(watched.result, "accuracies")
    accuracies = expect_numbers(accuracies, "accuracies")
    expect_same_program(watched)
    _expect_modes(watched.modes(MEASURES), watched.modes(LEARNS))
    expect_all_trained(watched, model)
    rates = [part.p for part in model.modules() if isinstance(part, nn.Dropout)]
    if rates and max(rates) < DROPOUT / 2:
        raise Wrong(
            f"dropout drops {max(rates):g} of the numbers in your model, and {DROPOUT} before: "
            "leave that, and change the mode."
        )
    right = accuracy(model, data.new_images, data.new_labels)
    if right < 0.75:
        raise Wrong("the model learns badly: was more changed than the mode?")
    if len(accuracies) < 2:
        raise Wrong("accuracies has one number: one for each epoch is asked for.")
    known = accuracy(model, data.images, data.labels)
    if abs(accuracies[-1] - known) < 1e-6 < abs(accuracies[-1] - right):
        raise Wrong(
            "these are the accuracies on the training pictures: measure with valid_images."
        )
    if abs(accuracies[-1] - right) > 0.02:
        raise Wrong(
            "the last of the accuracies is not what the model that comes back has on the "
            "validation pictures."
        )
    return "Dropout works while it learns, and rests while it is measured."


def _expect_modes(measuring: set[bool], learning: set[bool]) -> None:
    if not measuring and not learning:
        raise Wrong("the dropout is gone: keep it, and switch it off to measure.")
    if not measuring:
        raise Wrong(
            "nothing is measured: the validation pictures run through no model."
        )
    if learning == {False}:
        raise Wrong("it learns in evaluation mode: so dropout never works.")
    if False in learning:
        raise Wrong(
            "from the second epoch on it learns in evaluation mode: go back to training mode "
            "before the batches."
        )
    if True in measuring:
        raise Wrong(
            "it is measured in training mode, while dropout drops a part of what it knows."
        )
