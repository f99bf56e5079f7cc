"""What is said to a learner: the two verdicts on an answer, and words for what came."""

from helper.errors import one_line


class NotTried(Exception):
    """The exercise stands as it was published."""


class Wrong(Exception):
    """The answer is wrong; the message says how, in a learner's words."""


def kind_of(answer: object) -> str:
    """Its type with an article: "a list", "an int"."""
    name = type(answer).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def describe(error: BaseException) -> str:
    """An exception in one line."""
    # The second line too: load_state_dict's first one doesn't say what is wrong.
    return one_line(error, lines=2, kind=True)
