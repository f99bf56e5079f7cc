import copy

import torch
from torch import Tensor, optim

from helper.exercises.transfer_learning.networks import (
    Before,
    Pictures,
    expect_as_it_was,
)
from helper.expect import (
    Wrong,
    call,
    call_for_effect,
    expect_function,
    kind_of,
)


def make_optimizer(answer: object) -> str:
    """make_optimizer(model)."""
    function = expect_function(answer)
    models = [Pictures(), Pictures()]
    models[1].requires_grad_(False)
    for model in models:
        before = Before(model)
        asks = {name: p.requires_grad for name, p in model.named_parameters()}
        result = call(function, model)
        expect_as_it_was(model)
        before.expect_same("Only make an optimizer.", but=ASKS)
        for name, parameter in model.named_parameters():
            if not _is_asked(name) and parameter.requires_grad != asks[name]:
                raise Wrong(
                    f"requires_grad of model.{name} was changed: leave other parts as they came."
                )
        _expect_groups(result, model)
        _expect_own_settings(result, model)
    return "Two groups, each with its own rate."


RATES = {"features.denseblock4": 0.0001, "classifier": 0.002}
ASKS = "asks for other gradients now: requires_grad was changed"  # by `remember`


def _is_asked(name: str) -> bool:
    """Is this parameter in one of the two parts?"""
    return name.startswith(tuple(f"{part}." for part in RATES))


def _expect_groups(result: object, model: Pictures) -> None:
    if isinstance(result, (list, tuple)):
        raise Wrong(f"the result is {kind_of(result)}: one optim.Adam has both groups.")
    if not isinstance(result, optim.Optimizer):
        raise Wrong(f"the result is {kind_of(result)}, not an optimizer.")
    if type(result) is not optim.Adam:
        raise Wrong(f"the optimizer is {type(result).__name__}, expected Adam.")
    rates = {id(p): float(g["lr"]) for g in result.param_groups for p in g["params"]}
    names = {id(p): name for name, p in model.named_parameters()}
    if any(key not in names for key in rates):
        raise Wrong(
            "there are tensors in it that are no parameters of the model that came: of a "
            "copy, or of another one."
        )
    missing, swapped = [], True
    for part, other in zip(RATES, reversed(RATES), strict=True):
        for name, parameter in model.get_submodule(part).named_parameters(part):
            rate = rates.get(id(parameter))
            missing += [name] if rate is None else []
            swapped = swapped and rate == RATES[other]
    if missing:
        raise Wrong(
            f"model.{missing[0]} is in no group: each part is to be there whole, "
            "frozen or not."
        )
    more = [names[key] for key in rates if not _is_asked(names[key])]
    if more:
        raise Wrong(
            f"model.{more[0]} is in a group too: only features.denseblock4 and classifier "
            "were asked."
        )
    if swapped:
        raise Wrong("the two rates are swapped.")
    for part, rate in RATES.items():
        for parameter in model.get_submodule(part).parameters():
            got = rates[id(parameter)]
            if abs(got - rate) > 1e-9:
                raise Wrong(f"model.{part} has the rate {got:g}, expected {rate:g}.")
    if len(result.param_groups) != 2:
        raise Wrong(f"there are {len(result.param_groups)} groups, expected two.")


def _expect_own_settings(result: optim.Adam, model: Pictures) -> None:
    """All but the rates are Adam's own; and so are two steps with gradients that are drawn."""
    twin = copy.deepcopy(model)
    groups = [
        {"params": twin.get_submodule(part).parameters(), "lr": rate}
        for part, rate in RATES.items()
    ]
    expected = optim.Adam(groups)
    for group in result.param_groups:
        # A rate in a tensor makes Adam itself set foreach.
        free = ("lr", "foreach") if isinstance(group["lr"], Tensor) else ("lr",)
        for key, own in expected.defaults.items():
            if key not in free and group.get(key, own) != own:
                raise Wrong(
                    f"{key} is {group[key]} in a group, and Adam's own is {own}: change no "
                    "other setting than the two rates."
                )
    pairs = list(zip(model.parameters(), twin.parameters(), strict=True))
    for _ in range(2):
        for mine, theirs in pairs:
            mine.grad = torch.randn_like(mine)
            theirs.grad = mine.grad.clone()
        call_for_effect(result.step)
        expected.step()
    if not all(torch.allclose(a, b, atol=1e-6) for a, b in pairs):
        raise Wrong(
            "its steps are not Adam's own: change no other setting than the two rates."
        )
