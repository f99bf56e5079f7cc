import copy
import tempfile
from pathlib import Path

import torch
from torch import nn

from helper.expect import Wrong, call, call_for_effect, expect_function, expect_tensor


def without_prefix(answer: object) -> str:
    """without_prefix(state_dict)."""
    function = expect_function(answer)
    given = {
        "module.output.bias": torch.ones(2),
        "module.module.weight": torch.zeros(3),  # a layer may be called module
        "epoch_module.count": torch.tensor(5),
    }
    names = list(given)
    result = call(function, given)
    if list(given) != names:
        raise Wrong("the dictionary that came was changed: make a new one.")
    if not isinstance(result, dict):
        raise Wrong(f"the result is a {type(result).__name__}, not a dictionary.")
    expected = {
        "output.bias": given[names[0]],
        "module.weight": given[names[1]],
        "epoch_module.count": given[names[2]],
    }
    if set(result) != set(expected):
        raise Wrong(
            f"the names became {', '.join(map(str, result))}: cut off module. at the "
            "beginning, once, and nowhere else."
        )
    for name, value in expected.items():
        expect_tensor(result[name], value, what=f"the entry {name}")
    return "removeprefix cuts at the beginning only, which replace doesn't."


def save_safely(answer: object) -> str:
    """save_safely(thing, path)."""
    function = expect_function(answer)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pt"
        call_for_effect(function, {"epoch": 1}, path)
        names = sorted(file.name for file in Path(folder).iterdir())
        if names != ["model.pt"]:
            raise Wrong(
                f"in the folder are {names or 'no files'}, expected model.pt alone."
            )
        if torch.load(path) != {"epoch": 1}:
            raise Wrong("the file doesn't hold what was to be saved.")
        try:
            function({"epoch": 2, "bad": lambda: None}, path)  # can't be pickled
        except Exception:
            pass  # as it should: the caller has to hear of it
        else:
            raise Wrong("saving failed, and nobody heard of it: let the error through.")
        try:
            kept = torch.load(path)
        except Exception as error:
            raise Wrong("after a save that failed, the old file is spoilt.") from error
        if kept != {"epoch": 1}:
            raise Wrong("after a save that failed, the old file has changed.")
        if len(list(Path(folder).iterdir())) != 1:
            raise Wrong("after a save that failed, a half-written file is left over.")
    return "The old file stays until the new one is complete."


def everything(answer: object) -> str:
    """everything(model, optimizer, scheduler, epoch)."""
    function = expect_function(answer)
    model = nn.Linear(2, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1)

    def train_on() -> None:
        model(torch.ones(1, 2)).sum().backward()
        optimizer.step()
        scheduler.step()

    train_on()
    random_state = torch.get_rng_state()
    result = call(function, model, optimizer, scheduler, 7)
    if not isinstance(result, dict):
        raise Wrong(f"the result is a {type(result).__name__}, not a dictionary.")
    keys = {"model", "optimizer", "scheduler", "epoch", "random_state"}
    if set(result) != keys:
        missing, odd = sorted(keys - set(result)), sorted(set(result) - keys, key=str)
        raise Wrong(f"the keys are not the five: missing {missing}, too many {odd}.")
    if result["epoch"] != 7:
        raise Wrong("the epoch is not the one that came.")
    expect_tensor(result["random_state"], random_state, what="random_state")
    if not isinstance(result["model"], dict):
        raise Wrong("keep the model's state_dict(), not the model.")
    before = copy.deepcopy(model.state_dict())
    averages = copy.deepcopy(optimizer.state_dict()["state"])
    train_on()
    for name, value in before.items():
        expect_tensor(
            result["model"][name],
            value,
            what=f"the entry {name}, after training went on,",
            hint="A state dict holds the live tensors: deepcopy.",
        )
    expect_tensor(
        result["optimizer"]["state"][0]["exp_avg"],
        averages[0]["exp_avg"],
        what="the optimizer's average, after training went on,",
        hint="The optimizer's tensors are live too: deepcopy all of it.",
    )
    if result["scheduler"].get("last_epoch") != 1:
        raise Wrong("the scheduler's state is not the one that it had.")
    return "A copy of all that has a memory; torch.save would have made one as well."


def load_matching(answer: object) -> str:
    """load_matching(model, state_dict)."""
    function = expect_function(answer)
    generator = torch.Generator().manual_seed(0)
    source = {
        "0.weight": torch.rand(4, 6, generator=generator),
        "0.bias": torch.rand(4, generator=generator),
        "2.weight": torch.rand(100, 4, generator=generator),
        "2.bias": torch.rand(100, generator=generator),
        "other": torch.ones(1),
    }
    model = nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 10))
    own = copy.deepcopy(model.state_dict())
    given = dict(source)
    result = call(function, model, given)
    if list(given) != list(source):
        raise Wrong("the dictionary that came was changed.")
    for name, value in model.state_dict().items():
        fits = name.startswith("0")
        expect_tensor(
            value,
            source[name] if fits else own[name],
            what=f"{name} of the model",
            hint="Its shape fits: load it." if fits else "Its shape differs: leave it.",
        )
    if isinstance(result, (set, tuple)):
        result = sorted(result)
    if result != ["2.bias", "2.weight", "other"]:
        raise Wrong(f"returned was {result}: the sorted names that were not taken.")
    return "This is how a pretrained network gets a new last layer."


EXERCISES = (without_prefix, save_safely, everything, load_matching)
