import random
from collections.abc import Callable

import torch
from torch import Tensor

from helper.expect import (
    Wrong,
    alike,
    call,
    expect_function,
    expect_in_each,
    expect_tensor,
    expect_unchanged,
    kind_of,
    remember,
)

# Beginnings that a cut at "module." must tell apart; some begin with letters of that word.
LAYERS = [
    "output",
    "decoder",
    "encoder.module",
    "module",
    "modules.0",
    "lead",
    "module_list",
]
# As many different endings: names that were cut too short stay apart.
ENDINGS = ["weight", "bias", "scale", "shift", "running_mean", "running_var", "count"]


def without_prefix(answer: object) -> str:
    """without_prefix(state_dict): names without the "module." that they begin with."""
    function = expect_function(answer)
    parts = zip(random.sample(LAYERS, 7), random.sample(ENDINGS, 7), strict=True)
    names = [f"{layer}.{ending}" for layer, ending in parts]
    dictionaries = [
        {f"module.{name}": torch.rand(i + 1) for i, name in enumerate(names)},
        {name: torch.rand(2, i + 1) for i, name in enumerate(names)},
        {"module.output.bias": torch.rand(3), "epoch_module.count": torch.tensor(5)},
        {},
    ]
    trials = [(function, given) for given in dictionaries]
    expect_in_each(_try_names, trials)
    return "removeprefix cuts once, and at the beginning only."


def _try_names(function: Callable, given: dict) -> dict:
    before = remember(given)
    result = call(function, given)
    expect_unchanged(given, before, "the dictionary that came", "Make a new one.")
    if not isinstance(result, dict):
        raise Wrong(f"the result is {kind_of(result)}, not a dictionary.")
    if result is given:
        raise Wrong("the dictionary that came was given back: make a new one.")
    expected = {name.removeprefix("module."): value for name, value in given.items()}
    for (old, value), new in zip(given.items(), expected, strict=True):
        if new not in result:
            _expect_name(old, new, value, result)
    odd = sorted(map(str, set(result) - set(expected)))
    if odd and odd[0] in given:
        raise Wrong(
            f"{odd[0]!r} is there under its old name, too: keep the new one only."
        )
    if odd:
        raise Wrong(f"{odd[0]!r} is in the result, and comes from no name that came.")
    for name, value in expected.items():
        if not isinstance(result[name], Tensor):
            raise Wrong(
                f"the entry {name} is {kind_of(result[name])}: keep its tensor."
            )
        expect_tensor(result[name], value, what=f"the entry {name}")
    return result


def _expect_name(old: str, new: str, value: Tensor, result: dict) -> None:
    """Say what has become of the name `old`: `new`, which it should be, it isn't."""
    rule = "Cut module. off at the beginning, once, and nowhere else."
    should = "stay as it is" if new == old else f"be {new!r}"
    became = [name for name, other in result.items() if alike(other, value)]
    if old in became:
        raise Wrong(f"{old!r} has stayed as it is, and should {should}. {rule}")
    if became:
        raise Wrong(f"{old!r} has become {became[0]!r}, and should {should}. {rule}")
    if new == old:
        raise Wrong(
            f"{old!r} is lost: names without module. in front stay as they are."
        )
    raise Wrong(f"{old!r} is lost: it should be there, as {new!r}.")
