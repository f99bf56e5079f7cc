"""An exception in one line, for a sentence of ours that quotes it."""

import textwrap


def one_line(
    error: BaseException, *, lines: int | None = None, kind: bool = False
) -> str:
    """What the exception says, in 200 characters at most: longer ones end in "...".

    Args:
        lines: takes so many of its lines alone; None takes all.
        kind: puts its type in front, as in "ValueError: no digits".

    Returns:
        "OSError()", or "OSError" with `kind`, for an exception that says nothing.
    """
    said = " ".join(str(error).strip().splitlines()[:lines])
    said = textwrap.shorten(said, 200, placeholder=" ...")
    if kind:
        return f"{type(error).__name__}: {said}" if said else type(error).__name__
    return said or repr(error)
