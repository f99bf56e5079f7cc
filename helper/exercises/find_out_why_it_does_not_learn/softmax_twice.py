from helper.exercises.find_out_why_it_does_not_learn.drawn import draw_digits
from helper.exercises.find_out_why_it_does_not_learn.judged import (
    CHANCE,
    expect_all_trained,
    expect_learned,
    expect_numbers,
    expect_pair,
    expect_same_program,
    run,
)
from helper.expect import Wrong

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
    if 0.97 * LOWEST < min(losses) < 0.9 * CHANCE:
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
    if min(losses) > LOWEST_OF_TANH:
        raise Wrong(
            f"the loss never falls below {min(losses):.2f}: the loss function wants what the "
            "last linear layer gives, as it is."
        )
    return "Softmax is applied once, and the loss can fall to 0."
