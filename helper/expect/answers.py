"""What an answer must be before it is tried: not three dots; a function; a model."""

import copy
import inspect
from collections.abc import Callable

from torch import Tensor, nn

from helper.expect.bytecode import is_stub
from helper.expect.sentences import NotTried, Wrong, describe, kind_of


def expect_tried(answer: object) -> None:
    """Three dots is what an exercise is published with; None is what `print` gives."""
    if answer is ...:
        raise NotTried
    if answer is None:
        raise Wrong(
            "your answer is None: print shows a value and gives None back, and so does a "
            "function without `return`."
        )


def expect_function(answer: object) -> Callable:
    """`answer` must be a function whose body is more than three dots."""
    expect_tried(answer)
    if isinstance(answer, type) or not callable(answer):
        raise Wrong(f"your answer is {kind_of(answer)}, not a function.")
    if inspect.isfunction(answer) and is_stub(answer):
        raise NotTried
    return answer


def expect_model(answer: object) -> nn.Module:
    """`answer` must be a module; a copy in evaluation mode is returned."""
    expect_tried(answer)
    if isinstance(answer, type):
        raise Wrong(
            f"your answer is the class {answer.__name__} itself: make a model of it by "
            f"calling it, {answer.__name__}(...)."
        )
    if not isinstance(answer, nn.Module):
        raise Wrong(f"your answer is {kind_of(answer)}, not a module (nn.Module).")
    try:
        return copy.deepcopy(answer, _stand_ins(answer)).eval()
    except Exception as error:
        raise Wrong(f"your model can't be copied ({describe(error)}).") from error


def _stand_ins(model: nn.Module) -> dict[int, object]:
    """For `deepcopy`: what it refuses to copy, by its id, and what the copy has in its place.

    A result that the model keeps in self loses its graph; other things are shared.
    """
    found, seen, things = {}, set(), [model]
    for thing in things:
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, nn.Module):
            things += vars(thing).values()
        elif isinstance(thing, dict):
            things += thing.values()
        elif isinstance(thing, (list, tuple)):
            things += thing
        elif isinstance(thing, Tensor):
            if not thing.is_leaf:
                found[id(thing)] = thing.detach().clone()
        else:
            try:
                copy.deepcopy(thing)
            except Exception:  # a module, a file, a generator expression
                found[id(thing)] = thing
    return found
