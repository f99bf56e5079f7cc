"""Calling a learner's function, and watching what it does."""

import inspect
import sys
from collections.abc import Callable

import torch
from torch.overrides import TorchFunctionMode

from helper.expect.bytecode import returns_of
from helper.expect.sentences import Wrong, describe


def call(function: Callable, *arguments: object, given: str = "") -> object:
    """What the learner's `function` returns; that it raises, or returns None, is `Wrong`.

    `given` describes the arguments, as in "given a batch of 5".
    """
    result = call_for_effect(function, *arguments, given=given)
    if result is None:
        given = f", {given}" if given else ""
        returns = returns_of(function)
        if returns == {"something"}:
            raise Wrong(
                "your function returns None: what stands behind its `return` is None."
            )
        if "something" in returns:
            raise Wrong(
                f"your function returns None{given}: one way through it has no `return`."
            )
        raise Wrong("your function returns None: is a `return` missing?")
    return result


def call_for_effect(
    function: Callable, *arguments: object, given: str = ""
) -> object | None:
    """What the learner's `function` returns, which may be None."""
    try:
        inspect.signature(function).bind(*arguments)
    except TypeError:
        raise Wrong(
            f"your function takes {inspect.signature(function)}, and is called with "
            f"{len(arguments)} argument{'s' if len(arguments) != 1 else ''}."
        ) from None
    except ValueError:  # some functions written in C don't tell
        pass
    given = f", {given}," if given else ""
    grad, dtype = torch.is_grad_enabled(), torch.get_default_dtype()
    try:
        result = function(*arguments)
    except Wrong:
        raise
    except (Exception, SystemExit) as error:
        raise Wrong(f"your code raises{given} {describe(error)}") from error
    if torch.is_grad_enabled() != grad:
        torch.set_grad_enabled(grad)
        raise Wrong(
            "your function turns gradients on or off, and leaves it so for all that comes "
            "after it: use `with torch.no_grad():`."
        )
    if torch.get_default_dtype() != dtype:
        torch.set_default_dtype(dtype)
        raise Wrong(
            "your function changes torch's default dtype, for all that comes after it: give "
            "the dtype where you make a tensor."
        )
    return result


class Calls(TorchFunctionMode):
    """While this is entered, the names of torch's functions that are called, in `names`.

    Those of torch.nn.functional are there a second time, as "F.softmax".
    """

    def __init__(self) -> None:
        super().__init__()
        self.names = set()

    def __torch_function__(self, function, types, arguments=(), keywords=None):
        name = getattr(function, "__name__", str(function))
        if getattr(function, "__module__", "") == "torch.nn.functional":
            self.names.add(f"F.{name}")
        self.names.add(name)
        return function(*arguments, **(keywords or {}))


def count_steps(function: Callable, *arguments: object) -> int:
    """How many lines of Python a call runs: it grows with the data where there is a loop.

    A generator has its loop in one line, and is called for each of its values.
    """
    steps, traced = 0, sys.gettrace()

    def trace(frame: object, event: str, value: object) -> Callable:
        nonlocal steps
        steps += event in ("line", "call")
        return trace

    sys.settrace(trace)
    try:
        call(function, *arguments)
    finally:
        sys.settrace(traced)
    return steps
