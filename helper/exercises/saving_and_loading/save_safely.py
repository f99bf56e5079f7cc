import copy
import os
import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import torch
from torch import Tensor, nn, optim

from helper.expect import (
    Wrong,
    alike,
    call,
    call_for_effect,
    describe,
    distinct,
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


CANT = "this can't be saved"


class Odd(Exception):
    """An error that nobody has thought of."""


class Unsaveable:
    """Raises when torch.save comes to it, after what stands before it."""

    def __init__(self, kind: type[Exception]) -> None:
        self.kind = kind

    def __reduce__(self) -> tuple:
        raise self.kind(CANT)


class Witness:
    """Looks at a file while it is being saved itself."""

    def __init__(self, path: Path) -> None:
        self.path, self.saw = path, []

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
    _save_and_look(function, second, path, Witness(path))
    for kind in (OSError, RuntimeError, TypeError, ValueError, Odd):
        for where in (path, path.with_name("second.pt")):
            _fail_and_look(function, kind, where)


def _fail_and_look(function: Callable, kind: type[Exception], path: Path) -> None:
    """Saving fails; all must be as before, and the caller must hear of it."""
    before = _contents(path)
    failed = f"where saving failed, with {kind.__name__}"
    thing = {"first": torch.rand(1000), "bad": Unsaveable(kind)}
    try:
        call_for_effect(function, thing, path)
    except Wrong as wrong:
        error = wrong.__cause__
        if error is None:  # it could not be called at all
            raise
        if type(error) is not kind or CANT not in str(error):
            raise Wrong(
                f"{failed}, this came out of your function instead: {describe(error)}. The "
                "error that came has to reach the caller itself: `finally`, or `raise` with "
                "nothing behind it, lets it through."
            ) from wrong
    else:
        raise Wrong(f"{failed}, the caller didn't hear of it: let the error through.")
    now = _contents(path)
    if path.name in before and now.get(path.name) != before[path.name]:
        raise Wrong(f"{failed}, the old file is spoilt or gone.")
    for name in sorted(set(now) ^ set(before)):
        what = "is left in" if name in now else "is gone from"
        raise Wrong(f"{failed}, {name} {what} the folder.")


def _save_and_look(
    function: Callable, thing: dict, path: Path, witness: Witness | None = None
) -> None:
    given = dict(thing) if witness is None else thing | {"witness": witness}
    before, old = list(given), _contents(path).get(path.name)
    with _renames() as renames:
        call_for_effect(function, given, path)
    if list(given) != before:
        raise Wrong("the thing that is to be saved was changed.")
    if witness and any(content != old for content in witness.saw):
        raise Wrong(
            "while the new one was being written, the old file was spoilt already."
        )
    names = sorted(_contents(path))
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
    found = [rename for rename in renames if rename.new == path.resolve()]
    if not found:
        raise Wrong(
            f"{path.name} was written under its own name: save to another one, then rename "
            "it."
        )
    if found[-1].old.parent != path.resolve().parent:
        raise Wrong("the other name is in another folder: use the same one.")
    if found[0].replaced != old:
        was = "gone" if found[0].replaced is None else "spoilt"
        raise Wrong(
            f"the old {path.name} was {was} before the new file got its name: a crash "
            f"between the two leaves no good {path.name}, neither old nor new. "
            "new.replace(path) does both in one step."
        )


def _contents(path: Path) -> dict[str, bytes]:
    """The files beside `path`, and itself."""
    return {file.name: file.read_bytes() for file in path.parent.iterdir()}


@dataclass
class Rename:
    """A file got another name."""

    old: Path
    new: Path
    replaced: bytes | None  # what was there under the new name


@contextmanager
def _renames() -> Iterator[list[Rename]]:
    """Which files were renamed meanwhile: by os.replace, os.rename and pathlib's."""
    found = []

    def noted(act: Callable) -> Callable:
        def rename(old: object, new: object, **keywords: object) -> None:
            target = Path(new).resolve()
            replaced = target.read_bytes() if target.is_file() else None
            done = Rename(Path(old).resolve(), target, replaced)
            act(old, new, **keywords)
            found.append(done)

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
    if not torch.equal(torch.get_rng_state(), random_state):
        raise Wrong(
            "your function draws random numbers, and training goes on with others."
        )
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


def load_matching(answer: object) -> str:
    """load_matching(model, state_dict): what fits is loaded, the names of the rest returned."""
    function = expect_function(answer)
    inputs, hidden, classes, others = distinct(4, 3, 9)
    trials = []
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


EXERCISES = (without_prefix, save_safely, everything, load_matching)
