import copy
from collections.abc import Callable

import torch
from torch import nn, optim

from helper.expect import (
    Wrong,
    call,
    distinct,
    expect_function,
    expect_tensor,
    expect_unchanged,
    kind_of,
    remember,
)


def everything(answer: object) -> str:
    """everything(model, optimizer, scheduler, epoch): a copy of all that has a memory."""
    function = expect_function(answer)
    inputs, outputs = distinct(2, 2, 6)
    trials = [
        (lambda p: optim.Adam(p, lr=0.1), lambda o: optim.lr_scheduler.StepLR(o, 1)),
        (
            lambda p: optim.SGD(p, lr=0.2, momentum=0.9),
            lambda o: optim.lr_scheduler.CosineAnnealingLR(o, 9),
        ),
    ]
    epochs = distinct(2, 3, 60)
    for (choose, schedule), epoch in zip(trials, epochs, strict=True):
        model = nn.Sequential(
            nn.Linear(inputs, 4), nn.BatchNorm1d(4), nn.Linear(4, outputs)
        )
        optimizer = choose(model.parameters())
        _expect_everything(function, model, optimizer, schedule(optimizer), epoch)
    return "A copy of all that has a memory; torch.save would have made one as well."


def _expect_everything(
    function: Callable,
    model: nn.Module,
    optimizer: optim.Optimizer,
    scheduler: object,
    epoch: int,
) -> None:
    parts = {"model": model, "optimizer": optimizer, "scheduler": scheduler}

    def train_on() -> None:
        rows = torch.rand(5, model[0].in_features)
        optimizer.zero_grad()
        model(rows).square().sum().backward()
        optimizer.step()
        scheduler.step()

    for _ in range(3):
        train_on()
    before = {name: copy.deepcopy(part.state_dict()) for name, part in parts.items()}
    random_state, kept = torch.get_rng_state(), remember(model)
    result = call(function, model, optimizer, scheduler, epoch)
    expect_unchanged(model, kept, "the model")
    if not isinstance(result, dict):
        raise Wrong(f"the result is {kind_of(result)}, not a dictionary.")
    keys = {*parts, "epoch", "random_state"}
    if set(result) != keys:
        missing, odd = sorted(keys - set(result)), sorted(set(result) - keys, key=str)
        raise Wrong(f"the keys are not the five: missing {missing}, too many {odd}.")
    if type(result["epoch"]) is not int or result["epoch"] != epoch:
        raise Wrong(f"the epoch is {result['epoch']!r}, and {epoch} came.")
    expect_tensor(
        result["random_state"],
        random_state,
        what="random_state",
        hint="It is what torch.get_rng_state() gives, with nothing drawn before.",
    )
    if not torch.equal(torch.get_rng_state(), random_state):
        raise Wrong(
            "your function draws random numbers, and training goes on with others."
        )
    if scheduler.last_epoch != before["scheduler"]["last_epoch"]:
        raise Wrong("your function steps the scheduler: take its state_dict() alone.")
    for name, part in parts.items():
        _expect_state(name, result[name], part, before)
        expect_unchanged(part.state_dict(), remember(before[name]), f"the {name}")
    train_on()
    torch.rand(1)
    call(function, model, optimizer, scheduler, epoch + 1)
    if result["epoch"] != epoch:
        raise Wrong(
            "a later call changed what an earlier one gave: make a new dictionary."
        )
    for name in parts:
        expect_unchanged(
            result[name],
            remember(before[name]),
            f"the entry {name}, after training went on,",
            "A state dict holds what is alive: deepcopy all of it.",
        )
    expect_tensor(
        result["random_state"],
        random_state,
        what="random_state, after training went on,",
    )


def _expect_state(name: str, state: object, part: object, before: dict) -> None:
    """The entry must be the state dict of this part, and of no other."""
    if isinstance(state, type(part) | nn.Module | optim.Optimizer):
        raise Wrong(f"the entry {name} is {kind_of(state)}: keep its state_dict().")
    if not isinstance(state, dict):
        hint = " param_groups is a part of it." if name == "optimizer" else ""
        raise Wrong(
            f"the entry {name} is {kind_of(state)}, not the {name}'s state_dict().{hint}"
        )
    for other, expected in before.items():
        if other != name and list(state) == list(expected):
            raise Wrong(f"the entry {name} holds the state dict of the {other}.")
    if list(state) != list(before[name]):
        raise Wrong(
            f"the entry {name} has the keys {', '.join(map(str, state)) or 'none'}; its "
            f"state dict has {', '.join(before[name])}."
        )
    expect_unchanged(
        state,
        remember(before[name]),
        f"compared with the {name}'s state dict, its entry",
    )
