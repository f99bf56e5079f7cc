import math

from helper.expect import Wrong, expect_number


def untrained_loss(answer: object) -> str:
    """The loss of an untrained network with 26 classes."""
    natural = "here it is the natural one."
    mistakes = {
        1 / 26: "that is the probability: the loss is minus its logarithm.",
        -math.log(26): "the sign: a loss is minus the logarithm of a probability.",
        math.log2(26): f"that is the logarithm to the base 2: {natural}",
        math.log10(26): f"that is the logarithm to the base 10: {natural}",
        math.log(10): "that is the loss with ten classes: here there are 26.",
        26: "that is the number of classes: its logarithm is asked for.",
    }
    for number, sentence in mistakes.items():
        try:
            near = (0.0005 + 0.003 * abs(number)) / max(1, abs(number))
            expect_number(answer, number, tolerance=near)
        except Wrong:
            continue
        raise Wrong(sentence)
    # About: one decimal is enough.
    right = 3.3 if isinstance(answer, float) and answer == 3.3 else math.log(26)
    expect_number(
        answer,
        right,
        tolerance=0.02 / right,
        hint="What probability does it give the right letter, and what does that cost?",
    )
    return "Each letter gets 1/26, and -log(1/26) is log(26), about 3.26."
