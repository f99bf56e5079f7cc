"""What the code of a learner's function shows without a call: loops, ways out, or nothing."""

import dis
import inspect
from collections.abc import Callable

from helper.expect.sentences import Wrong


def expect_no_loop(function: Callable, hint: str) -> None:
    """The function must have no `for`, `while`, comprehension or `map`, nor call itself.

    Other functions of the learner's that it calls are looked into as well.
    """
    function = inspect.unwrap(function)
    code = getattr(function, "__code__", None)
    known = getattr(function, "__globals__", {})
    parts = [code] if code else []
    for part in parts:
        operations = {instruction.opname for instruction in dis.get_instructions(part)}
        looked_up = {
            instruction.argval
            for instruction in dis.get_instructions(part)
            if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME")
        }
        called = [known.get(name) for name in looked_up]
        called = [
            other.__code__
            for other in called
            if inspect.isfunction(other) and other.__module__ == function.__module__
        ]
        if (
            "FOR_ITER" in operations
            or any("BACKWARD" in name for name in operations)
            or ("map" in looked_up and "map" not in known)
        ):
            raise Wrong(f"there is a loop in your function. {hint}".rstrip())
        if code in called:
            raise Wrong(
                f"your function calls itself, which is a loop too. {hint}".rstrip()
            )
        inner = [const for const in part.co_consts if inspect.iscode(const)]
        parts += [found for found in inner + called if found not in parts]


def returns_of(function: Callable) -> set[str]:
    """What the function's ways through end with: "something" or "nothing" behind `return`."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    steps = list(dis.get_instructions(code)) if code else []
    found = set()
    for before, after in zip(steps[:-1], steps[1:], strict=True):
        if after.opname == "RETURN_CONST":
            found.add("nothing" if after.argval is None else "something")
        if after.opname == "RETURN_VALUE":
            nothing = before.opname == "LOAD_CONST" and before.argval is None
            found.add("nothing" if nothing else "something")
    return found


def is_stub(function: Callable) -> bool:
    """Nothing but `...`, a docstring, or `pass`."""
    names = {instruction.opname for instruction in dis.get_instructions(function)}
    return names <= {
        "RESUME",
        "NOP",
        "LOAD_CONST",
        "RETURN_CONST",
        "RETURN_VALUE",
    } and (
        not any(
            c is not None and c != function.__doc__ for c in function.__code__.co_consts
        )
    )
