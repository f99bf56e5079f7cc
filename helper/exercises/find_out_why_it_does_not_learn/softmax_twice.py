import torch
from torch import nn

from helper.exercises.find_out_why_it_does_not_learn.drawn import Parts, draw_digits
from helper.exercises.find_out_why_it_does_not_learn.judged import (
    CHANCE,
    accuracy,
    expect_all_trained,
    expect_learned,
    expect_numbers,
    expect_pair,
    expect_same_program,
    run,
)
from helper.expect import Wrong, call

LOWEST = 1.46  # what is left when softmax is applied twice to ten logits
LOWEST_OF_TANH = 0.79  # and this, if the logits lie between -1 and 1


def softmax_twice(answer: object) -> str:
    """train(images, labels), whose model ends in a softmax, and whose loss applies another."""
    data = draw_digits()
    watched = run(answer, data.images, data.labels)
    model, losses = expect_pair(watched.result)
    losses = expect_numbers(losses)
    expect_same_program(watched)
    expect_all_trained(watched, model)
    if min(losses) < 0:
        raise Wrong(
            "the loss is negative: nll_loss takes the logarithm of the probabilities."
        )
    lowest = min(losses)
    if 0.97 * LOWEST < lowest < 0.9 * CHANCE and _bounded(model, data, lowest):
        raise Wrong(
            "the loss never falls below 1.46: the softmax of the loss still gets numbers "
            "between 0 and 1, and it wants logits."
        )
    if abs(losses[0] - CHANCE) > 0.8:
        raise Wrong(
            "the first of the losses is far from ln 10 = 2.30: it must be the cross-entropy of "
            "the first batch."
        )
    expect_learned(watched, model, losses, data, at_least=0.75)
    if lowest > LOWEST_OF_TANH and _bounded(model, data, lowest):
        raise Wrong(
            f"the loss never falls below {lowest:.2f}: the loss function wants what the "
            "last linear layer gives, as it is."
        )
    return "Nothing holds the loss up any more: it can fall to 0."


def _bounded(model: nn.Module, data: Parts, lowest: float) -> bool:
    """Are a picture's logits never more than 2 apart, in the model or on their way to the loss?

    A loss that is high because learning is slow is no fault.
    """
    accuracy(model, data.images, data.labels)  # says what is wrong with what it returns
    model.eval()
    with torch.no_grad():
        logits = call(model, data.images)
    own = nn.functional.cross_entropy(logits, data.labels).item()
    apart = (logits.amax(dim=1) - logits.amin(dim=1)).max().item()
    return apart <= 2 or own < 0.8 * lowest
