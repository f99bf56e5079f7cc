import random
from collections.abc import Callable

import torch
from torch import Tensor

from helper.expect import (
    Wrong,
    call,
    distinct,
    expect_function,
    expect_in_each,
    expect_unchanged,
    kind_of,
    remember,
)

NAMES = "ash birch cedar daisy elm fern grass hazel iris jasmine kale lily mint".split()


def top(answer: object) -> str:
    """top(probabilities, classes, k): the most probable classes, with their probabilities."""
    function = expect_function(answer)
    trials = []
    few, some, many = sorted(distinct(3, 3, len(NAMES)))
    every = len(NAMES)
    for count, k in [(many, 3), (some, 1), (every, every), (few, few + 4), (many, 2)]:
        classes = random.sample(NAMES, count)
        probabilities = torch.softmax(2 * torch.randn(count), dim=0)
        trials.append((function, probabilities, classes, k))
    sure = torch.zeros(some)  # all but one are equal
    sure[few % some] = 1
    trials.append((function, sure, random.sample(NAMES, some), some))
    expect_in_each(_try_top, trials)
    return "topk sorts as well, and .tolist() makes plain numbers."


def _try_top(
    function: Callable, probabilities: Tensor, classes: list, k: int
) -> object:
    given = probabilities.clone(), list(classes)
    before = remember(given[0]), list(classes)
    said = f"given {len(classes)} classes and k={k}"
    result = call(function, *given, k, given=said)
    expect_unchanged(given[0], before[0], "the tensor probabilities")
    if given[1] != before[1]:
        raise Wrong("the list classes was changed: work on a copy.")
    if not isinstance(result, list):
        raise Wrong(f"the result is {kind_of(result)}: a list of pairs is asked for.")
    order = probabilities.argsort(descending=True)[:k].tolist()
    expected = [(classes[i], probabilities[i].item()) for i in order]
    if len(result) < len(expected) and (given[0] == 0).any():
        raise Wrong(
            f"{said}, {len(result)} pairs came back, expected {len(expected)}: several "
            "classes may have the same probability."
        )
    if len(result) != len(expected):
        raise Wrong(f"{said}, {len(result)} pairs came back, expected {len(expected)}.")
    for pair in result:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise Wrong(f"an entry is {kind_of(pair)}: a pair (name, probability).")
        if isinstance(pair[1], str) and not isinstance(pair[0], str):
            raise Wrong("name and probability are exchanged: first the name.")
        if not isinstance(pair[0], str):
            raise Wrong(
                f"the first of a pair is {kind_of(pair[0])}: the name of the class, a "
                "string, is asked for."
            )
        if type(pair[1]) is not float:
            raise Wrong(
                f"a probability is {kind_of(pair[1])}: a plain float is asked for, as "
                ".item() or .tolist() gives it."
            )
    by_name = dict(zip(classes, probabilities.tolist(), strict=True))
    found = [by_name.get(name) for name, _ in result]
    if found != [p for _, p in expected] or len(dict(result)) < len(result):
        _expect_order(result, expected, probabilities, classes)
    for (name, got), want in zip(result, found, strict=True):
        if not abs(got - want) < 1e-6:
            raise Wrong(
                f"{name} has the probability {want:.4f}, and you have {got:.4f}."
            )
    return result


def _expect_order(result: list, expected: list, given: Tensor, classes: list) -> None:
    names, right = [n for n, _ in result], [n for n, _ in expected]
    ascending = [classes[i] for i in given.argsort().tolist()[: len(right)]]
    if sorted(names) == sorted(right):
        raise Wrong(
            "the right classes in another order: the most probable comes first."
        )
    if names == ascending:
        raise Wrong("these are the least probable classes: sort the other way.")
    if names == classes[: len(right)]:
        raise Wrong(
            "these are the first classes of the list: look at the probabilities."
        )
    raise Wrong(
        f"the most probable are {', '.join(right)}; you have {', '.join(names)}."
    )
