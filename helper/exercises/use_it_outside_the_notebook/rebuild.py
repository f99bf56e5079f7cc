import copy
import random
from collections.abc import Callable

import torch
from torch import Tensor, nn

from helper.expect import (
    Wrong,
    call,
    call_for_effect,
    distinct,
    expect_function,
    expect_in_each,
    expect_tensor,
    expect_unchanged,
    kind_of,
    remember,
)


# Learners read the name of its __init__ in a sentence, and mutmut would give it another.
class Rows(nn.Module):  # pragma: no mutate block
    """A linear layer behind a batch norm, with dropout; `gain` isn't in the state dict."""

    def __init__(self, inputs: int, outputs: int, gain: float = 1.0) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(inputs)
        self.linear = nn.Linear(inputs, outputs)
        self.gain = gain

    def forward(self, rows: Tensor) -> Tensor:
        return self.gain * self.linear(
            nn.functional.dropout(self.norm(rows), training=self.training)
        )


class Deep(Rows):
    """The same weights, and another computation."""

    def forward(self, rows: Tensor) -> Tensor:
        return super().forward(rows).relu()


def rebuild(answer: object) -> str:
    """rebuild(checkpoint, models): the model that a checkpoint describes."""
    function = expect_function(answer)
    inputs, outputs, hidden = distinct(3, 3, 9)
    first, second, other = random.sample(["Alder", "Birch", "Cedar", "Elm", "Fir"], 3)
    models = {first: Rows, second: Deep}
    trials = [  # settings have names: their order says nothing
        (function, first, models, {"gain": 2.5, "inputs": inputs, "outputs": outputs}),
        (function, second, models, {"inputs": hidden, "outputs": outputs}),
    ]
    expect_in_each(_try_rebuilding, trials)
    for name in (other, "Linear", "Rows"):
        _expect_refused(function, name, models, {"inputs": inputs, "outputs": 2})
    _expect_strict(function, first, models, {"inputs": inputs, "outputs": 2})
    return "The name chooses among what you allow, and the file decides nothing else."


def _checkpoint(name: str, kind: type[nn.Module], settings: dict) -> dict:
    model = kind(**settings)
    weights = model.state_dict()
    for key, value in weights.items():
        weights[key] = torch.rand_like(value.float()).add(0.5).to(value.dtype)
    return {
        "model": name,
        "settings": settings,
        "state_dict": dict(weights),
        "classes": ["no", "yes"],
        "versions": {"torch": "1.0"},
    }


def _try_rebuilding(
    function: Callable, name: str, models: dict, settings: dict
) -> None:
    checkpoint = _checkpoint(name, models[name], dict(settings))
    before, allowed = remember(checkpoint), dict(models)
    given = dict(models)
    result = call(function, checkpoint, given, given=f"given a checkpoint of {name}")
    expect_unchanged(checkpoint, before, "the checkpoint")
    if given != allowed:
        raise Wrong("the dictionary models was changed: only look into it.")
    if isinstance(result, type):
        raise Wrong("the result is a class: call it with the settings to make a model.")
    if not isinstance(result, nn.Module):
        raise Wrong(f"the result is {kind_of(result)}, expected the model.")
    if type(result) is not models[name]:
        raise Wrong(
            f"the checkpoint names {name}, and a model of another class came back: look the "
            "name up in models."
        )
    for key, value in settings.items():
        if getattr(result, key, value) != value:
            raise Wrong(
                f"the setting {key}={value} was not used: build with **settings."
            )
    for key, value in checkpoint["state_dict"].items():
        own = result.state_dict()[key]
        hint = "Load the state dict into the new model."
        expect_tensor(own, value, what=f"{key} of the model", hint=hint)
    if any(part.training for part in result.modules()):
        raise Wrong("the model came back in training mode: .eval() is missing.")
    rows = torch.rand(4, settings["inputs"])
    expected = copy.deepcopy(result)(rows)
    for value in checkpoint["state_dict"].values():
        value.add_(1)
    changed = (result(rows) - expected).abs().max().item()
    if changed > 0:
        raise Wrong(
            "the model shares its memory with the checkpoint: load_state_dict copies, unless "
            "it is told to assign."
        )


def _expect_refused(
    function: Callable, name: str, models: dict, settings: dict
) -> None:
    checkpoint = _checkpoint(name, Rows, settings)
    try:
        call_for_effect(function, checkpoint, dict(models))
    except Wrong as wrong:
        error = wrong.__cause__
        if error is None:
            raise
        if not isinstance(error, ValueError):
            raise Wrong(
                f"for the name {name!r}, which isn't in models, your function raises "
                f"{kind_of(error)}; a ValueError is asked for."
            ) from wrong
        if name not in str(error):
            raise Wrong(
                f"the ValueError for the name {name!r} doesn't say it: put the name into the "
                "message."
            ) from wrong
    else:
        raise Wrong(
            f"the name {name!r} isn't in models, and no ValueError was raised: a file must "
            "not choose a class that you don't allow."
        )


def _expect_strict(function: Callable, name: str, models: dict, settings: dict) -> None:
    checkpoint = _checkpoint(name, Rows, settings)
    weights = checkpoint["state_dict"]
    weights["layer.weight"] = weights.pop("linear.weight")
    try:
        call_for_effect(function, checkpoint, dict(models))
    except Wrong as wrong:
        if wrong.__cause__ is None:
            raise
    else:
        raise Wrong(
            "the weights in a file had another name than in the model, and no error was raised: "
            "such a model has random weights. load_state_dict is strict unless you tell it not "
            "to be."
        )
