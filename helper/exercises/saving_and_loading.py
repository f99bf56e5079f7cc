import copy
import os
import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import torch
from torch import Tensor, nn, optim

from helper.expect import (
    Wrong,
    call,
    call_for_effect,
    describe,
    distinct,
    expect_function,
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


def without_prefix(answer: object) -> str:
    """without_prefix(state_dict): names without the "module." that they begin with."""
    function = expect_function(answer)
    layers = random.sample(LAYERS, len(LAYERS))
    names = [f"{layer}.{random.choice(['weight', 'bias'])}" for layer in layers]
    dictionaries = [
        {f"module.{name}": torch.rand(i + 1) for i, name in enumerate(names)},
        {name: torch.rand(2, i + 1) for i, name in enumerate(names)},
        {"module.output.bias": torch.rand(3), "epoch_module.count": torch.tensor(5)},
        {},
    ]
    for given in dictionaries:
        before = remember(given)
        result = call(function, given)
        expect_unchanged(given, before, "the dictionary that came", "Make a new one.")
        if not isinstance(result, dict):
            raise Wrong(f"the result is {kind_of(result)}, not a dictionary.")
        if result is given:
            raise Wrong("the dictionary that came was given back: make a new one.")
        expected = {
            name.removeprefix("module."): value for name, value in given.items()
        }
        lost = [name for name in expected if name not in result]
        if lost or len(result) != len(expected):
            old = next((n for n in given if n.removeprefix("module.") in lost), None)
            odd = sorted(map(str, set(result) - set(expected)))
            became = f": among the new names is {odd[0]!r}" if odd else ""
            what = (
                f"{old!r} should become {lost[0]!r}" if lost else "there are too many"
            )
            raise Wrong(
                f"{what}{became}. Cut module. off at the beginning, once, and nowhere else."
            )
        for name, value in expected.items():
            if not isinstance(result[name], Tensor):
                raise Wrong(
                    f"the entry {name} is {kind_of(result[name])}: keep its tensor."
                )
            expect_tensor(result[name], value, what=f"the entry {name}")
    return "removeprefix cuts once, and at the beginning only."


class Odd(Exception):
    """An error that nobody has thought of."""


class Unsaveable:
    """Raises when torch.save comes to it, after what stands before it."""

    def __init__(self, kind: type[Exception]) -> None:
        self.kind = kind

    def __reduce__(self) -> tuple:
        raise self.kind("this can't be saved")


class Witness:
    """Looks at a file while it is being saved itself."""

    def __init__(self, path: Path, saw: list) -> None:
        self.path, self.saw = path, saw

    def __reduce__(self) -> tuple:
        self.saw.append(self.path.read_bytes() if self.path.exists() else None)
        return dict, ()


def save_safely(answer: object) -> str:
    """save_safely(thing, path): another name first, then rename."""
    function = expect_function(answer)
    for name in ("model.pt", f"run.{random.randint(2, 99)}.pt", "weights"):
        with tempfile.TemporaryDirectory() as folder:
            _try_saving(function, Path(folder) / name)
    return "The old file stays until the new one is complete."


def _try_saving(function: Callable, path: Path) -> None:
    (path.parent / "notes.txt").write_text("of somebody else")
    first, second = (
        {"epoch": random.randint(1, 999), "weights": torch.rand(5)} for _ in range(2)
    )
    _save_and_look(function, first, path)
    saw, old = [], path.read_bytes()
    _save_and_look(function, second, path, Witness(path, saw))
    if any(content != old for content in saw):
        raise Wrong(
            "while the new one was being written, the old file was spoilt already."
        )
    kept = path.read_bytes()
    kinds = [OSError, RuntimeError, TypeError, ValueError, Odd]
    for kind in kinds:
        where = random.choice([path, path.with_name("second.pt")])
        there = _names(where)
        thing = {"first": torch.rand(1000), "bad": Unsaveable(kind)}
        try:
            call_for_effect(function, thing, where)
        except Wrong as wrong:
            if "can't be saved" not in str(wrong):
                raise Wrong(
                    f"saving failed on purpose here, with {kind.__name__}: \"this can't be "
                    f'saved", which has to reach the caller. Instead, {wrong}'
                ) from wrong
        else:
            raise Wrong(
                "saving failed, and whoever called it didn't hear of it: let the error "
                "through."
            )
        if path.read_bytes() != kept if path.exists() else True:
            raise Wrong("after a save that failed, the old file is spoilt or gone.")
        if _names(where) != there:
            left = ", ".join(sorted(set(_names(where)) ^ set(there)))
            raise Wrong(f"after a save that failed, the folder is another: {left}.")


def _save_and_look(
    function: Callable, thing: dict, path: Path, witness: Witness | None = None
) -> None:
    given = dict(thing) if witness is None else thing | {"witness": witness}
    before = list(given)
    with _renames() as renames:
        call_for_effect(function, given, path)
    if list(given) != before:
        raise Wrong("the thing that is to be saved was changed.")
    names = _names(path)
    if names != sorted(["notes.txt", path.name]):
        raise Wrong(
            f"in the folder are {', '.join(names) or 'no files'}; expected {path.name}, and "
            "notes.txt, which was there before."
        )
    try:
        saved = torch.load(path, weights_only=False)
    except Exception as error:
        raise Wrong(f"{path.name} can't be loaded: {describe(error)}") from error
    same = isinstance(saved, dict) and saved.get("epoch") == thing["epoch"]
    same = same and isinstance(saved.get("weights"), Tensor)
    if not same or not torch.equal(saved["weights"], thing["weights"]):
        raise Wrong(f"{path.name} doesn't hold what was to be saved.")
    sources = [old for old, new in renames if new == path.resolve()]
    if not sources:
        raise Wrong(
            f"{path.name} was written under its own name: save to another one, then rename "
            "it."
        )
    if sources[-1].parent != path.resolve().parent:
        raise Wrong("the other name is in another folder: use the same one.")


def _names(path: Path) -> list[str]:
    return sorted(file.name for file in path.parent.iterdir())


@contextmanager
def _renames() -> Iterator[list[tuple[Path, Path]]]:
    """Which files were renamed, and to what: os.replace, os.rename and pathlib's."""
    found = []

    def noted(act: Callable) -> Callable:
        def rename(old: object, new: object, **keywords: object) -> None:
            pair = Path(old).resolve(), Path(new).resolve()
            act(old, new, **keywords)
            found.append(pair)

        return rename

    with (
        mock.patch.object(os, "replace", noted(os.replace)),
        mock.patch.object(os, "rename", noted(os.rename)),
    ):
        yield found


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
    for name, part in parts.items():
        _expect_state(name, result[name], part, before)
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


def load_matching(answer: object) -> str:
    """load_matching(model, state_dict): what fits is loaded, the names of the rest returned."""
    function = expect_function(answer)
    inputs, hidden, classes, others = distinct(4, 3, 9)
    for leave_out in (False, True):
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
        if leave_out:
            # A name of the model's is missing; of a layer one fits, as many numbers in another
            # shape don't; another dtype does.
            del given["0.bias"], given["1.running_mean"]
            given["2.bias"] = torch.rand(classes)
            given["2.weight"] = torch.rand(hidden, classes)
            given["0.weight"] = given["0.weight"].double()
        else:
            given["1.weight"] = torch.rand(1)  # would be repeated, if it were let
            rest = ["1.weight", "2.bias", *rest]
        items = list(given.items())
        random.shuffle(items)
        _expect_loaded(function, model, dict(items), rest)
    return "This is how a pretrained network gets a new last layer."


def _expect_loaded(
    function: Callable, model: nn.Module, given: dict, rest: list[str]
) -> None:
    own, before = copy.deepcopy(model.state_dict()), remember(given)
    parameters = list(model.parameters())
    result = call_for_effect(function, model, given)
    expect_unchanged(given, before, "the dictionary that came")
    now = model.state_dict()
    if list(now) != list(own) or any(
        a is not b for a, b in zip(model.parameters(), parameters, strict=True)
    ):
        raise Wrong("the model has other parameters now: load into those that it has.")
    if not all(parameter.requires_grad for parameter in parameters):
        raise Wrong("parameters of the model no longer require grad: leave that alone.")
    for name, value in now.items():
        fits = name in given and name not in rest
        if name not in given:
            why = "The dictionary hasn't got it: leave it."
        else:
            why = (
                "Name and shape fit: load it."
                if fits
                else "Its shape differs: leave it."
            )
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
    if not isinstance(result, (list, tuple)) or list(result) != rest:
        named = (
            sorted(map(str, result)) if isinstance(result, (list, tuple, set)) else 0
        )
        if named == rest:
            raise Wrong(
                f"{kind_of(result)} of the right names came back, not sorted: a sorted "
                "list is asked for."
            )
        raise Wrong(f"returned was {result!r:.200}; what was not taken is {rest}.")


EXERCISES = (without_prefix, save_safely, everything, load_matching)
