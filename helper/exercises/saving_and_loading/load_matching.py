import copy
import random
from collections.abc import Callable

import torch
from torch import nn

from helper.expect import (
    Wrong,
    call_for_effect,
    distinct,
    expect_function,
    expect_in_each,
    expect_tensor,
    expect_unchanged,
    kind_of,
    remember,
)


def load_matching(answer: object) -> str:
    """load_matching(model, state_dict): what fits is loaded, the names of the rest returned."""
    function = expect_function(answer)
    inputs, hidden, classes, others = distinct(4, 3, 9)
    trials = []
    for odd in ("one number", "left out", "one row"):
        model = nn.Sequential(
            nn.Linear(inputs, hidden),
            nn.BatchNorm1d(hidden),
            nn.Linear(hidden, classes),
        )
        larger = nn.Sequential(
            nn.Linear(inputs, hidden), nn.BatchNorm1d(hidden), nn.Linear(hidden, others)
        )
        given = {
            name: torch.rand_like(v.float()).to(v)
            for name, v in larger.state_dict().items()
        }
        given["1.num_batches_tracked"] = torch.tensor(random.randint(3, 99))
        given["zebra.weight"] = torch.rand(hidden, inputs)  # a shape that the model has
        given["alone"] = torch.rand(1)
        rest = ["2.weight", "alone", "zebra.weight"]
        if odd == "left out":
            # A name of the model's is missing; of a layer one fits, as many numbers in another
            # shape don't; another dtype does.
            del given["0.bias"], given["1.running_mean"]
            given["2.bias"] = torch.rand(classes)
            given["2.weight"] = torch.rand(hidden, classes)
            given["0.weight"] = given["0.weight"].double()
        elif odd == "one number":
            given["1.weight"] = torch.rand(1)  # would be repeated, if it were let
            rest = ["1.weight", "2.bias", *rest]
        else:
            given["1.bias"] = torch.rand(1, hidden)  # as many numbers
            given["2.weight"] = torch.rand(1, hidden)  # would be repeated
            rest = ["1.bias", "2.bias", *rest]
        items = list(given.items())
        random.shuffle(items)
        trials.append((function, model, dict(items), rest))
    expect_in_each(_expect_loaded, trials)
    return "This is how a pretrained network gets a new last layer."


def _expect_loaded(
    function: Callable, model: nn.Module, given: dict, rest: list[str]
) -> object:
    own, before = copy.deepcopy(model.state_dict()), remember(given)
    parameters = list(model.parameters())
    modes = [part.training for part in model.modules()]
    result = call_for_effect(function, model, given)
    expect_unchanged(given, before, "the dictionary that came")
    now = model.state_dict()
    if list(now) != list(own) or any(
        a is not b for a, b in zip(model.parameters(), parameters, strict=True)
    ):
        raise Wrong("the model has other parameters now: load into those that it has.")
    if not all(parameter.requires_grad for parameter in parameters):
        raise Wrong("parameters of the model no longer require grad: leave that alone.")
    if [part.training for part in model.modules()] != modes:
        raise Wrong("the model is in another mode now, training or evaluation.")
    for name, value in now.items():
        fits = name in given and name not in rest
        if name not in given:
            why = "The dictionary hasn't got it: leave it."
        elif fits:
            why = "Name and shape fit: load it."
        else:
            why = "Its shape differs: leave it."
        expected = given[name].to(own[name].dtype) if fits else own[name]
        expect_tensor(value, expected, what=f"{name} of the model", hint=why)
    for value in given.values():
        value.add_(1)
    for name, value in model.state_dict().items():
        if name in given and name not in rest and torch.equal(value, given[name]):
            raise Wrong(
                f"{name} of the model is one memory with the dictionary's: copy it, as "
                "load_state_dict does."
            )
    if result is None:
        raise Wrong("your function returns None: is a `return` missing?")
    if not isinstance(result, (list, tuple, set)):
        raise Wrong(f"the result is {kind_of(result)}: a sorted list is asked for.")
    if isinstance(result, set) or list(result) != rest:
        if sorted(map(str, result)) == rest:
            raise Wrong(
                f"{kind_of(result)} of the right names came back, not sorted: a sorted "
                "list is asked for."
            )
        raise Wrong(f"returned was {result!r:.200}; what was not taken is {rest}.")
    return result
