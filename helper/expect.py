"""For the authors of exercises: each function returns what it was given, or says what is wrong.

`Wrong` holds one sentence in a learner's words. `expect_results` tries a learner's function on
several cases; draw these before the first call, with `distinct` for sizes that must differ.
"""

import copy
import dis
import inspect
import math
import numbers
import random
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

AGAIN = (
    "a later call of your function changes what an earlier one returned: make a new tensor "
    "in each call."
)
REMEMBERS = (
    "called a second time with the same arguments, your function gives another result: does "
    "it keep something from call to call?"
)


class NotTried(Exception):
    """The exercise stands as it was published."""


class Wrong(Exception):
    """The answer is wrong; the message says how, in a learner's words."""


@dataclass
class Case:
    """One call of a learner's function."""

    arguments: tuple  # what it is given; it gets a copy
    expected: object  # a Tensor or a number
    given: str = ""  # the arguments in words, as in "given 7 labels"


def distinct(count: int, low: int, high: int, *, but: Sequence[int] = ()) -> list[int]:
    """`count` different whole numbers from `low` to `high`, none of them in `but`."""
    return random.sample([n for n in range(low, high + 1) if n not in but], count)


def expect_results(
    function: Callable,
    cases: Sequence[Case],
    *,
    what: str,
    hint: str = "",
    mistakes: Mapping[str, Callable] | None = None,
    without: Mapping[str, str] | None = None,
    tolerance: float = 1e-5,
    any_float: bool = False,
) -> None:
    """`function` must give what is expected in every case, and leave its arguments alone.

    Args:
        what: how the result is called in a sentence, as in "one_hot(labels)".
        hint: follows the general sentences.
        mistakes: from a sentence to a function that computes, from the same arguments, what
            somebody gets who makes that mistake. It is said only if it explains every result.
        without: from the name of a function of torch that must not be called, such as
            "cross_entropy" or "backward", to the sentence for whoever calls it.
        tolerance, any_float: as for `expect_tensor`.
    """
    outcomes, copies = [], []
    cases = [*cases, cases[0]]  # once more, for one that keeps something between calls
    for case in cases:
        with Calls() as calls:
            outcomes.append(_try_case(function, case))
        copies.append(_numbers_of(outcomes[-1]))
        for name in sorted(calls.names & set(without or {})):
            raise Wrong(without[name])
    for outcome, copied in zip(outcomes, copies, strict=True):
        if copied is not None and _change(copied, outcome.detach()):
            raise Wrong(AGAIN)
    problems = {}
    for i, (case, outcome) in enumerate(zip(cases, outcomes, strict=True)):
        try:
            if isinstance(outcome, Wrong):
                raise outcome
            named = f"{what}, {case.given}," if case.given else what
            _expect_like(outcome, case.expected, named, hint, tolerance, any_float)
        except Wrong as problem:
            problems[i] = problem
    if not problems:
        if _share_memory(outcomes[0], outcomes[-1]):
            raise Wrong(AGAIN)
        return
    again = len(cases) - 1
    if (
        again in problems
        and 0 not in problems
        and outcomes[again] is not problems[again]
    ):
        raise Wrong(REMEMBERS)
    for sentence, mistake in (mistakes or {}).items():
        if all(
            _explains(mistake, case, outcome, max(tolerance, 1e-5))
            for case, outcome in zip(cases, outcomes, strict=True)
        ):
            raise Wrong(sentence)
    raise problems[min(problems)]


def expect_in_each(attempt: Callable, trials: Sequence[tuple]) -> None:
    """`attempt` must succeed in each trial, once more in the first, and keep nothing between.

    Args:
        attempt: is given a trial, calls the learner's function, and returns what that returned.
    """
    kept, problem = [], None

    def go(trial: tuple) -> None:
        result = attempt(*trial)
        kept.append((result, remember(result)))

    go(trials[0])
    try:
        for trial in trials[1:]:
            go(trial)
    except Wrong as wrong:
        problem = wrong
    try:
        go(trials[0])
    except Wrong as wrong:
        raise Wrong(REMEMBERS) from wrong
    if problem:
        raise problem
    for result, before in kept:
        hint = "Make a new one in each call."
        expect_unchanged(result, before, "what an earlier call returned", hint)


def expect_no_mistake(answer: object, mistakes: Mapping[str, object]) -> None:
    """`answer` must be none of the values that come of a mistake; its sentence stands before it."""
    for sentence, mistaken in mistakes.items():
        if alike(answer, mistaken):
            raise Wrong(sentence)


def expect_tensor(
    answer: object,
    expected: Tensor,
    *,
    hint: str = "",
    what: str = "your answer",
    tolerance: float = 1e-5,
    any_float: bool = False,
    say_expected: bool = False,
) -> Tensor:
    """`answer` must be like `expected`: type, shape, dtype, device and values.

    The values of a float tensor may be off by `tolerance`, relative to the larger of one
    and the expected value. `any_float` accepts every floating dtype for an expected one.
    `say_expected` as for `expect_number`.
    """
    expect_tried(answer)
    if isinstance(answer, np.ndarray):
        raise Wrong(
            f"{what} is a numpy array, and a tensor is asked for: leave .numpy() out, or "
            "use torch.from_numpy."
        )
    if not isinstance(answer, Tensor):
        raise Wrong(f"{what} is {kind_of(answer)}, not a tensor.")
    if answer.is_nested or answer.layout != expected.layout:
        kind = "nested" if answer.is_nested else "sparse"
        raise Wrong(f"{what} is a {kind} tensor, expected a plain one.")
    if answer.shape != expected.shape:
        raise Wrong(
            f"the shape of {what} is {tuple(answer.shape)}, expected "
            f"{tuple(expected.shape)}. {hint}".rstrip()
        )
    if answer.is_meta and not expected.is_meta:
        raise Wrong(f"{what} is a tensor on meta, which has no values.")
    if answer.device != expected.device:
        raise Wrong(
            f"the device of {what} is {answer.device}, expected {expected.device}: "
            f".to({str(expected.device)!r}) moves it."
        )
    floats = answer.is_floating_point() and expected.is_floating_point()
    if answer.dtype != expected.dtype and not (any_float and floats):
        raise Wrong(
            f"the dtype of {what} is {answer.dtype}, expected {expected.dtype}: "
            f".to({expected.dtype}) changes it."
        )

    got, want = answer.detach().double(), expected.detach().double()
    if got.isnan().any() and not want.isnan().any():
        many = f"{int(got.isnan().sum())} of {got.numel()}"
        raise Wrong(f"{many} values of {what} are NaN, not a number. {hint}".rstrip())
    wrong = ~_close(got, want, tolerance if expected.is_floating_point() else 0)
    if wrong.any() and expected.ndim == 0:
        value, right = _different(answer.detach().item(), expected.item())
        raise Wrong(f"{what} is {value}, expected {right}. {hint}".rstrip())
    if wrong.any():
        place = tuple(wrong.nonzero()[0].tolist())
        value, right = (t.detach()[place].item() for t in (answer, expected))
        value, right = _different(value, right)
        instead = f", expected {right}" if say_expected else ""
        raise Wrong(
            f"{int(wrong.sum())} of {wrong.numel()} values of {what} are not the expected "
            f"ones. The first is at {list(place)}, where you have {value}{instead}. "
            f"{hint}".rstrip()
        )
    return answer


def expect_number(
    answer: object,
    expected: float,
    *,
    hint: str = "",
    what: str = "your answer",
    tolerance: float = 1e-6,
    say_expected: bool = False,
) -> float:
    """`answer` must be a number, or a tensor or array with one, close to `expected`.

    `say_expected` tells a wrong one what was expected: where the question was drawn, not where
    it is the exercise's own.
    """
    expect_tried(answer)
    if isinstance(answer, (Tensor, np.ndarray, np.generic)):
        if math.prod(answer.shape) != 1:
            raise Wrong(
                f"{what} has shape {tuple(answer.shape)}, expected one number. "
                f"{hint}".rstrip()
            )
        if isinstance(answer, Tensor):
            if answer.is_meta:
                raise Wrong(f"{what} is a tensor on meta, which has no value.")
            answer = answer.detach().to_dense() if answer.is_sparse else answer.detach()
        answer = answer.item()
    if isinstance(answer, str) and _is_number(answer):
        raise Wrong(f"{what} is text, not a number: leave out the quotes.")
    if isinstance(answer, bool) or not isinstance(answer, numbers.Real):
        raise Wrong(f"{what} is {kind_of(answer)}, not a number.")
    try:
        number = float(answer)
    except OverflowError:
        number = math.inf
    if math.isnan(number):
        raise Wrong(f"{what} is NaN, not a number.")
    if not abs(number - expected) <= tolerance * max(1, abs(expected)):
        if say_expected:
            number, right = _different(number, float(expected))
            raise Wrong(f"{what} is {number}, expected {right}. {hint}".rstrip())
        shown = f"{number:.10g}" if number.is_integer() else f"{number:g}"
        raise Wrong(f"{shown} is not the number. {hint}".rstrip())
    return answer


def expect_function(answer: object) -> Callable:
    """`answer` must be a function whose body is more than three dots."""
    expect_tried(answer)
    if isinstance(answer, type) or not callable(answer):
        raise Wrong(f"your answer is {kind_of(answer)}, not a function.")
    if inspect.isfunction(answer) and _is_stub(answer):
        raise NotTried
    return answer


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


def count_steps(function: Callable, *arguments: object) -> int:
    """How many lines of Python a call runs: it grows with the data where there is a loop."""
    steps, traced = 0, sys.gettrace()

    def trace(frame: object, event: str, value: object) -> Callable:
        nonlocal steps
        steps += event == "line"
        return trace

    sys.settrace(trace)
    try:
        call(function, *arguments)
    finally:
        sys.settrace(traced)
    return steps


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


def expect_tried(answer: object) -> None:
    """Three dots is what an exercise is published with; None is what `print` gives."""
    if answer is ...:
        raise NotTried
    if answer is None:
        raise Wrong(
            "your answer is None: print shows a value and gives None back, and so does a "
            "function without `return`."
        )


def expect_unchanged(thing: object, before: object, what: str, hint: str = "") -> None:
    """`thing` must be as it was when `before = remember(thing)` was made."""
    change = _change(before, remember(thing))
    if change:
        raise Wrong(f"{what} {change}. {hint}".rstrip())


def call(function: Callable, *arguments: object, given: str = "") -> object:
    """What the learner's `function` returns; that it raises, or returns None, is `Wrong`.

    `given` describes the arguments, as in "given a batch of 5".
    """
    result = call_for_effect(function, *arguments, given=given)
    if result is None:
        given = f", {given}" if given else ""
        returns = _returns(function)
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


class Remembered(dict):
    """What a module was like, by the words for its change."""


def remember(thing: object) -> object:
    """A copy of what can change in `thing`, for `expect_unchanged`."""
    if isinstance(thing, nn.Module):
        parts = dict(thing.named_modules())
        parameters = dict(thing.named_parameters())
        hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks")
        return Remembered(
            {
                "has other parts now": {n: id(part) for n, part in parts.items()},
                "is in another mode now, training or evaluation": {
                    n: part.training for n, part in parts.items()
                },
                "has other values now": remember(dict(thing.state_dict())),
                "asks for other gradients now: requires_grad was changed": {
                    n: p.requires_grad for n, p in parameters.items()
                },
                "has other gradients now": {
                    n: remember(p.grad) for n, p in parameters.items()
                },
                "has another number of hooks now": {
                    n: [len(getattr(part, kind)) for kind in hooks]
                    for n, part in parts.items()
                },
            }
        )
    if isinstance(thing, Tensor):
        return thing.detach().clone(), thing.requires_grad, remember(thing.grad)
    if isinstance(thing, np.ndarray):
        return thing.copy()
    if isinstance(thing, dict):
        return {key: remember(value) for key, value in thing.items()}
    if isinstance(thing, (list, tuple)):
        return [remember(value) for value in thing]
    return thing


def alike(outcome: object, mistaken: object, tolerance: float = 1e-5) -> bool:
    """Would this mistake give this result? Its dtype, or that it is a tensor, may differ."""
    try:
        got, want = (
            torch.as_tensor(outcome).detach(),
            torch.as_tensor(mistaken).detach(),
        )
        if got.is_complex() or got.layout != torch.strided or got.is_meta:
            return False
        got, want = got.double(), want.double()
    except Exception:  # whatever the answer is, it is no number and no table of numbers
        return False
    same = got.shape == want.shape and got.device == want.device
    return same and bool(_close(got, want, tolerance).all())


def kind_of(answer: object) -> str:
    """Its type with an article: "a list", "an int"."""
    name = type(answer).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def describe(error: BaseException) -> str:
    """An exception in one line."""
    lines = str(error).strip().splitlines()
    # The second line too: load_state_dict's first one doesn't say what is wrong.
    said = textwrap.shorten(" ".join(lines[:2]), 200, placeholder=" ...")
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


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


def _try_case(function: Callable, case: Case) -> object:
    """What `function` returns, or the `Wrong` that it deserves."""
    arguments = copy.deepcopy(case.arguments)
    before = [remember(argument) for argument in arguments]
    try:
        names = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        names = []
    try:
        result = call(function, *arguments, given=case.given)
    except Wrong as wrong:
        return wrong
    for i, (argument, kept) in enumerate(zip(arguments, before, strict=True)):
        name = names[i] if i < len(names) else f"number {i + 1}"
        expect_unchanged(argument, kept, f"the argument {name}", "Work on a copy.")
    return result


def _share_memory(one: object, other: object) -> bool:
    if _numbers_of(one) is None or _numbers_of(other) is None or one.numel() == 0:
        return False
    return one.untyped_storage().data_ptr() == other.untyped_storage().data_ptr()


def _explains(mistake: Callable, case: Case, outcome: object, tolerance: float) -> bool:
    """Does somebody who makes this mistake get this outcome?"""
    try:
        mistaken = mistake(*copy.deepcopy(case.arguments))
    except Exception:  # this mistake can't be made with these arguments
        return False
    return alike(outcome, mistaken, tolerance)


def _numbers_of(outcome: object) -> Tensor | None:
    """A copy of a plain tensor's numbers."""
    if not isinstance(outcome, Tensor) or outcome.is_meta or outcome.is_nested:
        return None
    return outcome.detach().clone() if outcome.layout == torch.strided else None


def _different(value: object, right: object) -> tuple[str, str]:
    """Both numbers in so few digits as show that they differ."""
    for digits in range(4, 17):
        short = [
            f"{v:.{digits}g}" if isinstance(v, float) else f"{v}"
            for v in (value, right)
        ]
        if short[0] != short[1]:
            break
    return short[0], short[1]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _expect_like(
    outcome: object,
    expected: object,
    what: str,
    hint: str,
    tolerance: float,
    any_float: bool,
) -> None:
    if isinstance(expected, Tensor):
        expect_tensor(
            outcome,
            expected,
            hint=hint,
            what=what,
            tolerance=tolerance,
            any_float=any_float,
            say_expected=True,
        )
    else:
        expect_number(
            outcome,
            expected,
            hint=hint,
            what=what,
            tolerance=tolerance,
            say_expected=True,
        )


def _close(got: Tensor, want: Tensor, tolerance: float) -> Tensor:
    size = torch.where(want.isfinite(), want.abs().clamp(min=1), 0)
    allowed = tolerance * size
    both_nan = got.isnan() & want.isnan()
    return (got == want) | ((got - want).abs() <= allowed) | both_nan


def _change(before: object, after: object) -> str:
    """In words, what differs between two of `remember`; "" when nothing does."""
    if isinstance(before, Remembered):
        return next(
            (words for words in before if _change(before[words], after[words])), ""
        )
    if isinstance(before, dict) and isinstance(after, dict):
        if list(before) != list(after):
            return "has other entries now"
        changes = [_change(before[key], after[key]) for key in before]
        return next((change for change in changes if change), "")
    if isinstance(before, tuple) and len(before) == 3 and isinstance(before[0], Tensor):
        if not isinstance(after, tuple):
            return "was changed"
        if before[1] != after[1]:
            return f"now has requires_grad={after[1]}"
        if _change(before[2], after[2]):
            return "has another gradient now"
        before, after = before[0], after[0]
    if isinstance(before, Tensor) and isinstance(after, Tensor):
        same = before.shape == after.shape and before.dtype == after.dtype
        same = same and bool(((before == after) | (before != before)).all())
        return "" if same else "was changed"
    if isinstance(before, np.ndarray):
        same = np.array_equal(before, after, equal_nan=before.dtype.kind in "fc")
        return "" if same else "was changed"
    if isinstance(before, (list, tuple)) and isinstance(after, (list, tuple)):
        if len(before) != len(after):
            return "has another length now"
        changes = [_change(b, a) for b, a in zip(before, after, strict=True)]
        return next((change for change in changes if change), "")
    same = before is after or bool(before == after)
    return "" if same else "was changed"


def _returns(function: Callable) -> set[str]:
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
