"""check(name, answer): is this exercise right, wrong (and how), or not tried yet?

What an exercise expects stands in helper/exercises, in the file that has the notebook's
name: one function `exercise_N(answer)` each. It returns one sentence of why a right answer
is right, or raises `Wrong` or `NotTried`; the functions `expect_...` and `call` below do
that in a learner's words.
"""

import copy
import dis
import importlib
import inspect
import math
import textwrap
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

EXERCISES = Path(__file__).parent / "exercises"


class NotTried(Exception):
    """The exercise stands as it was published."""


class Wrong(Exception):
    """The answer is wrong; the message says how, in a learner's words."""


def check(name: str, answer: object) -> None:
    """Print whether `answer` solves the exercise `name`, such as "01.2".

    Never changes the answer, nor torch's random state, and whatever the answer is or does
    when it is called, raises nothing.

    Raises:
        ValueError: there is no exercise of that name.
    """
    exercise = _find(name)
    try:
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            verdict = f"right. {exercise(answer)}"
    except NotTried:
        verdict = "not tried yet: replace the ... and run this cell again."
    except Wrong as wrong:
        verdict = f"not yet: {wrong}"
    except (Exception, SystemExit) as error:
        verdict = f"not yet: your answer could not be checked ({_describe(error)})."
    print(f"Exercise {name}: {verdict}")


def _find(name: str) -> Callable[[object], str]:
    notebook, _, number = str(name).partition(".")
    files = [path.stem for path in EXERCISES.glob("[0-9]*.py")]
    for stem in files:
        if stem.split("_")[0] == notebook:
            module = importlib.import_module(f"helper.exercises.{stem}")
            if hasattr(module, f"exercise_{number}"):
                return getattr(module, f"exercise_{number}")
            last = sum(key.startswith("exercise_") for key in vars(module))
            raise ValueError(
                f"there is no exercise {name!r}: notebook {notebook} has {notebook}.1 "
                f"to {notebook}.{last}"
            )
    raise ValueError(
        f'there is no exercise {name!r}: names look like "01.2", notebook and number'
    )


# For helper/exercises: each raises NotTried or Wrong, or returns what it was given.


def expect_tensor(
    answer: object,
    expected: Tensor,
    *,
    hint: str = "",
    what: str = "your answer",
    tolerance: float = 1e-5,
) -> Tensor:
    """`answer` must be like `expected`: type, shape, dtype, device and values.

    The values of a float tensor may be off by `tolerance`, relative to the larger of one
    and the expected value.
    """
    expect_tried(answer)
    if isinstance(answer, np.ndarray):
        raise Wrong(f"{what} is a numpy array, not a tensor. {hint}".rstrip())
    if not isinstance(answer, Tensor):
        raise Wrong(f"{what} is {_kind(answer)}, not a tensor. {hint}".rstrip())
    if answer.shape != expected.shape:
        raise Wrong(
            f"the shape of {what} is {tuple(answer.shape)}, expected "
            f"{tuple(expected.shape)}. {hint}".rstrip()
        )
    for name in ("dtype", "device"):
        got, want = getattr(answer, name), getattr(expected, name)
        if got != want:
            raise Wrong(
                f"the {name} of {what} is {got}, expected {want}. {hint}".rstrip()
            )

    got, want = answer.detach().double(), expected.detach().double()
    if got.isnan().any() and not want.isnan().any():
        many = f"{int(got.isnan().sum())} of {got.numel()}"
        raise Wrong(f"{many} values of {what} are NaN, not a number. {hint}".rstrip())
    allowed = tolerance * want.abs().clamp(min=1) if expected.is_floating_point() else 0
    wrong = ~((got == want) | ((got - want).abs() <= allowed))
    if wrong.any():
        place = tuple(wrong.nonzero()[0].tolist())
        value = answer.detach()[place].item()
        value = f"{value:.4g}" if isinstance(value, float) else value
        where = (
            f" The first is at {list(place)}, where you have {value}." if place else ""
        )
        raise Wrong(
            f"{int(wrong.sum())} of {wrong.numel()} values of {what} are not the expected "
            f"ones.{where} {hint}".rstrip()
        )
    return answer


def expect_number(
    answer: object, expected: float, *, hint: str = "", tolerance: float = 1e-6
) -> float:
    """`answer` must be a number, or a tensor or array with one, close to `expected`."""
    expect_tried(answer)
    if isinstance(answer, (Tensor, np.ndarray, np.generic)):
        if math.prod(answer.shape) != 1:
            raise Wrong(
                f"your answer has shape {tuple(answer.shape)}, expected one number. "
                f"{hint}".rstrip()
            )
        answer = answer.item()
    if isinstance(answer, bool) or not isinstance(answer, (int, float)):
        raise Wrong(f"your answer is {_kind(answer)}, not a number. {hint}".rstrip())
    if math.isnan(answer):
        raise Wrong(f"your answer is NaN, not a number. {hint}".rstrip())
    if abs(answer - expected) > tolerance * max(1, abs(expected)):
        raise Wrong(f"{answer:g} is not the number. {hint}".rstrip())
    return answer


def expect_function(answer: object) -> Callable:
    """`answer` must be a function or class whose body is more than three dots."""
    expect_tried(answer)
    if isinstance(answer, type) or not callable(answer):
        raise Wrong(f"your answer is {_kind(answer)}, not a function.")
    if inspect.isfunction(answer) and _is_stub(answer):
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
        raise Wrong(f"your answer is {_kind(answer)}, not a module (nn.Module).")
    return copy.deepcopy(answer).eval()


def expect_tried(answer: object) -> None:
    """Three dots, or None, is what an exercise is published with."""
    if answer is ... or answer is None:
        raise NotTried


def call(function: Callable, *arguments: object, given: str = "") -> object:
    """What the learner's `function` returns; that it raises, or returns None, is `Wrong`.

    `given` describes the arguments, as in "given a batch of 5".
    """
    given = f", {given}," if given else ""
    try:
        result = function(*arguments)
    except Exception as error:
        raise Wrong(f"your code raises{given} {_describe(error)}") from error
    if result is None:
        raise Wrong("your function returns None: is a `return` missing?")
    return result


def _is_stub(function: Callable) -> bool:
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


def _kind(answer: object) -> str:
    name = type(answer).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def _describe(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    # The second line too: load_state_dict's first one doesn't say what is wrong.
    said = textwrap.shorten(" ".join(lines[:2]), 200, placeholder=" ...")
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
