"""What is said to a learner: the two verdicts on an answer, and words for what came."""

from helper.errors import one_line


class NotTried(Exception):
    """The exercise stands as it was published."""


class Wrong(Exception):
    """The answer is wrong; the message says how, in a learner's words."""


def kind_of(answer: object) -> str:
    """Its type with an article: "a list", "an int"."""
    name = type(answer).__name__
    vowel = name[:1].lower() in "aeiou" or name == "ndarray"
    return f"{'an' if vowel else 'a'} {name}"


# What PyTorch says where the mend is far from clear to somebody who is new to it.
ADVICE = {
    "Boolean value of Tensor": (
        "`if` wants one True or False: ask `is not None`, or `.all()`, or `.any()`."
    ),
    "must match the size of tensor": (
        "Shapes are compared from the last dimension on, and a dimension of size 1, made by "
        "unsqueeze, fits any size."
    ),
    "is invalid for input of size": (
        "The new shape must have as many numbers as the tensor: does one of its sizes stand "
        "there as a fixed number?"
    ),
    "does not require grad and does not have a grad_fn": (
        "No tensor in it requires grad: is requires_grad_() missing, or was the graph cut?"
    ),
    "cannot be multiplied": (
        "In a @ b, the last size of a must be the first of b. (.T turns a table; flatten(1) "
        "makes a row of each picture.)"
    ),
}


def describe(error: BaseException) -> str:
    """An exception in one line, with advice where what it says doesn't lead on."""
    # The second line too: load_state_dict's first one doesn't say what is wrong.
    said = one_line(error, lines=2, kind=True)
    advice = [words for part, words in ADVICE.items() if part in said]
    return f"{said.rstrip('.')}. {advice[0]}" if advice else said
