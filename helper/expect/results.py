"""Trying a learner's function on several cases."""

import copy
import inspect
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from helper.expect.calls import Calls, call
from helper.expect.mistakes import alike
from helper.expect.sentences import Wrong
from helper.expect.unchanged import change_between, expect_unchanged, remember
from helper.expect.values import expect_like

AGAIN = (
    "a later call of your function changes what an earlier one returned: make a new tensor "
    "in each call."
)
REMEMBERS = (
    "called a second time with the same arguments, your function gives another result: does "
    "it keep something from call to call?"
)


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
        if copied is not None and change_between(copied, outcome.detach()):
            raise Wrong(AGAIN)
    problems = {}
    for i, (case, outcome) in enumerate(zip(cases, outcomes, strict=True)):
        try:
            if isinstance(outcome, Wrong):
                raise outcome
            named = f"{what}, {case.given}," if case.given else what
            expect_like(outcome, case.expected, named, hint, tolerance, any_float)
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


def _try_case(function: Callable, case: Case) -> object:
    """What `function` returns, or the `Wrong` that it deserves."""
    arguments = copy.deepcopy(case.arguments)
    before = [remember(argument) for argument in arguments]
    try:
        parameters = inspect.signature(function).parameters.values()
        names = [p.name for p in parameters if p.kind != p.VAR_POSITIONAL]
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


def _explains(mistake: Callable, case: Case, outcome: object, tolerance: float) -> bool:
    """Does somebody who makes this mistake get this outcome?"""
    try:
        mistaken = mistake(*copy.deepcopy(case.arguments))
    except Exception as error:  # it may fail in the same way; or it can't be made here
        cause = outcome.__cause__ if isinstance(outcome, Wrong) else None
        return type(cause) is type(error)
    return alike(outcome, mistaken, tolerance)


def _share_memory(one: object, other: object) -> bool:
    if _numbers_of(one) is None or _numbers_of(other) is None or one.numel() == 0:
        return False
    return one.untyped_storage().data_ptr() == other.untyped_storage().data_ptr()


def _numbers_of(outcome: object) -> Tensor | None:
    """A copy of a plain tensor's numbers."""
    if not isinstance(outcome, Tensor) or outcome.is_meta or outcome.is_nested:
        return None
    return outcome.detach().clone() if outcome.layout == torch.strided else None
