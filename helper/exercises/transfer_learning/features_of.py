import copy
import functools
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn, optim

from helper.exercises.transfer_learning.networks import (
    Parts,
    Pictures,
    Scale,
    draw_modes,
    mixed_network,
)
from helper.expect import (
    Case,
    Wrong,
    call,
    distinct,
    expect_function,
    expect_results,
    expect_tensor,
    expect_unchanged,
    kind_of,
    remember,
)

MODE = "is in another mode now, training or evaluation"  # by `remember`


def count_trainable(answer: object) -> str:
    """count_trainable(model)."""
    function = expect_function(answer)
    usual, frozen, free = Pictures(), Pictures(), Pictures()
    usual.features.requires_grad_(False)
    frozen.requires_grad_(False)
    models = {
        "given a network whose features are frozen": usual,
        "given layers in layers, some frozen, one weight shared": mixed_network(),
        "given a network that is all frozen": frozen,
        "given a network that is not frozen": free,
        "given parameters that are no layer's": Scale(),
    }
    expect_results(
        function,
        [Case((model,), _count(model), given) for given, model in models.items()],
        what="count_trainable(model)",
        hint="Go through model.parameters(), ask p.requires_grad, add up p.numel().",
        mistakes=COUNTING_MISTAKES,
    )
    return "frozen numbers don't count, and tensors are counted by their numbers."


def _count(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def _total(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


COUNTING_MISTAKES = {
    "the frozen ones are counted too: ask p.requires_grad.": _total,
    "these are tensors: p.numel() is how many numbers one has.": lambda model: sum(
        p.requires_grad for p in model.parameters()
    ),
    "these are the frozen ones.": lambda model: _total(model) - _count(model),
    "this is the whole state dict, with running statistics, and what is frozen.": (
        lambda model: sum(value.numel() for value in model.state_dict().values())
    ),
    "this is 0 for every model: ask a parameter's own requires_grad. Its .data and a state "
    "dict's tensors never ask for gradients, and .grad is None before backward.": (
        lambda model: 0
    ),
    "these are bytes: a float32 number has four of them.": lambda m: 4 * _count(m),
    "this is a share: how many they are is asked for.": lambda model: (
        _count(model) / _total(model)
    ),
    "only what is called weight is counted: biases learn as well, and so do others.": (
        lambda model: sum(
            p.numel()
            for name, p in model.named_parameters()
            if p.requires_grad and "weight" in name
        )
    ),
    "a layer inside of another is counted again: model.parameters() finds all, once.": (
        lambda model: sum(_count(part) for part in model.modules())
    ),
    "a weight that two layers share is counted twice.": lambda model: sum(
        p.numel()
        for _, p in model.named_parameters(remove_duplicate=False)
        if p.requires_grad
    ),
    "this is the first tensor alone: return after the loop.": lambda model: next(
        (p.numel() for p in model.parameters() if p.requires_grad), 0
    ),
}


def prepare(answer: object) -> str:
    """prepare(model, num_classes)."""
    function = expect_function(answer)
    models = [Pictures() for _ in range(3)]
    models[1].features.requires_grad_(False)
    models[2].eval()
    used = {5}.union(*(model.classifier.weight.shape for model in models))
    made = []
    for model, classes in zip(models, distinct(3, 2, 20, but=list(used)), strict=True):
        start = copy.deepcopy(model)
        images = torch.rand(4, 3, 6, 5), torch.randint(0, classes, (4,))
        result = call(function, model, classes)
        if any(getattr(result, "classifier", None) is other for other in made):
            raise Wrong("two models got one and the same layer: make one in each call.")
        _expect_prepared(result, start, classes)
        made.append(result.classifier)
        _expect_learning(result, start, *images)
    return "the features are frozen, the classifier is new and learns."


def _expect_prepared(result: object, start: Pictures, classes: int) -> None:
    if not isinstance(result, nn.Module):
        raise Wrong(f"the result is {kind_of(result)}, expected the model.")
    if not hasattr(result, "classifier") or not hasattr(result, "features"):
        raise Wrong("the result has no features and classifier: give the model back.")
    _expect_as_it_was(result)
    before, after = start.features.state_dict(), result.features.state_dict()
    if list(before) != list(after) or any(
        before[name].shape != after[name].shape for name in before
    ):
        raise Wrong("the features are not those of the model that came.")
    if any(not torch.equal(before[name], after[name]) for name in before):
        raise Wrong("the features were changed: their weights must be kept.")
    layer = result.classifier
    if not isinstance(layer, nn.Linear):
        raise Wrong(f"the classifier is {kind_of(layer)}: one nn.Linear is asked for.")
    old = start.classifier
    if torch.equal(layer.weight, old.weight):
        raise Wrong(
            "model.classifier is still the old layer: set model.classifier to a new "
            "nn.Linear."
        )
    shape, want = tuple(layer.weight.shape), (classes, old.in_features)
    if shape == want[::-1]:
        raise Wrong("inputs and outputs are swapped: nn.Linear(inputs, outputs).")
    if shape[0] != classes:
        raise Wrong(f"for {classes} classes the classifier has {shape[0]} outputs.")
    if shape[1] != old.in_features:
        raise Wrong(
            f"the classifier takes {shape[1]} numbers, and the features give "
            f"{old.in_features}: ask the old one for in_features."
        )
    if not all(p.requires_grad for p in layer.parameters()):
        raise Wrong(
            "the new classifier is frozen too: freeze first, then replace it, or ask it for "
            "gradients again."
        )
    free = [n for n, p in result.features.named_parameters() if p.requires_grad]
    if free:
        more = f" and {len(free) - 1} more" if len(free) > 1 else ""
        raise Wrong(
            f"not frozen: features.{free[0]}{more}. A parameter's own requires_grad is to be "
            "False."
        )


def _expect_as_it_was(model: nn.Module) -> None:
    """On this device, and of float32, as all models of these exercises come."""
    for value in model.state_dict().values():
        if value.device.type != "cpu":
            raise Wrong("the model was moved to another device: leave it where it was.")
        if value.dtype not in (torch.float32, torch.int64):  # int64 counts batches
            raise Wrong(f"there are {value.dtype} numbers in it: it came with float32.")


def _expect_learning(
    model: nn.Module, start: Pictures, images: Tensor, labels: Tensor
) -> None:
    """One backward: the gradient of the new layer, and of nothing else."""
    model.eval()
    with torch.no_grad():
        rows = start.eval().features(images).relu().mean(dim=(2, 3))
    layer = copy.deepcopy(model.classifier)
    F.cross_entropy(layer(rows), labels).backward()
    F.cross_entropy(call(model, images), labels).backward()
    for name, parameter in layer.named_parameters():
        expect_tensor(
            model.classifier.get_parameter(name).grad,
            parameter.grad,
            what=f"the gradient of classifier.{name}, after backward,",
            tolerance=1e-4,
        )


def features_of(answer: object) -> str:
    """features_of(model, images)."""
    function = expect_function(answer)
    models = [Pictures() for _ in range(4)]
    models[1].eval().classifier.train()
    draw_modes(models[2])
    models[2].features.requires_grad_(False)
    models[3].eval()
    says = [
        "given a model in training mode",
        "given a model whose classifier alone is in training mode",
        "given a model whose parts are in different modes",
        "given a batch of one",
    ]
    counts = [*distinct(3, 2, 5), 1]
    heights, widths = distinct(4, 32, 40), distinct(4, 32, 40)
    sizes = zip(counts, heights, widths, strict=True)
    cases = []
    for model, given, (n, height, width) in zip(models, says, sizes, strict=True):
        images = torch.rand(n, 3, height, width)
        cases.append(Case((model, images), _features(model, images), given))
    expect_results(
        _watched(function),
        cases,
        what="features_of(model, images)",
        tolerance=1e-4,
        mistakes=FEATURE_MISTAKES,
    )
    return "features without gradients, and the model as it was."


@torch.no_grad()
def _features(model: Pictures, images: Tensor, mode: bool | None = False) -> Tensor:
    twin = copy.deepcopy(model)
    if mode is not None:
        twin.train(mode)
    return twin.features(images).relu().mean(dim=(2, 3))


@torch.no_grad()
def _maps(model: Pictures, images: Tensor) -> Tensor:
    return copy.deepcopy(model).eval().features(images)


FEATURE_MISTAKES = {
    "these are features of training mode, where a batch norm uses the batch's own mean: "
    "eval() first.": lambda model, images: _features(model, images, None),
    "these are features of training mode: eval() puts them into the other.": (
        lambda model, images: _features(model, images, True)
    ),
    "these are logits, behind the classifier: nn.Identity in its place lets the features "
    "out.": lambda model, images: copy.deepcopy(model).eval()(images),
    "these are not pooled yet: nn.Identity in place of the classifier lets the model's own "
    "forward do it.": _maps,
    "these are not pooled, only flattened: nn.Identity in place of the classifier lets the "
    "model's own forward do it.": lambda m, x: _maps(m, x).relu().flatten(1),
    "the relu of the model's own forward is missing.": lambda m, x: _maps(m, x).mean(
        dim=(2, 3)
    ),
    "the model's pooling takes the mean over all points, not the largest.": (
        lambda m, x: _maps(m, x).relu().amax(dim=(2, 3))
    ),
    "the model's pooling takes the mean over all points, not the sum.": (
        lambda m, x: _maps(m, x).relu().sum(dim=(2, 3))
    ),
    "the height and width of one point are still there: flatten them away.": (
        lambda m, x: _features(m, x)[:, :, None, None]
    ),
    "this is the mean over the batch: a row for each picture is asked for.": (
        lambda m, x: _features(m, x).mean(dim=0, keepdim=True)
    ),
    "this is the first picture alone: a row for each is asked for.": (
        lambda m, x: _features(m, x)[:1]
    ),
    "squeeze takes away the first axis of a batch of one, too: (1, F) is asked for.": (
        lambda m, x: _features(m, x).squeeze()
    ),
}


def _watched(function: Callable) -> Callable:
    """The learner's function; afterwards the model must be as it was."""

    @functools.wraps(function)
    def watched(model: Pictures, images: Tensor) -> object:
        model, images = _where_it_works(function, model, images)
        classifier, before = model.classifier, remember(model)
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            result = function(model, images)
        if model.classifier is not classifier:
            raise Wrong(
                "the model came back without its own classifier: put it back, itself."
            )
        if {p.device for p in model.parameters()} != {images.device}:
            raise Wrong("the model was moved to another device: move a copy.")
        try:
            expect_unchanged(model, before, "the model")
        except Wrong as wrong:
            hints = [hint for word, hint in LEFT.items() if word in str(wrong)]
            raise Wrong(" ".join([str(wrong), *hints])) from None
        if isinstance(result, Tensor) and result.requires_grad:
            raise Wrong(
                "the result asks for gradients, or has a graph behind it: compute it inside "
                "torch.no_grad()."
            )
        return result.cpu() if isinstance(result, Tensor) and result.is_cuda else result

    return watched


LEFT = {
    "in another mode": "Parts may have different ones, and model.train(...) gives all the same. "
    "copy.deepcopy makes a model that you may change.",
    "other values": "Batch-norm statistics move in training mode: eval() before the pictures.",
    "of hooks": "A hook has a remove().",
}


def _where_it_works(
    function: Callable, model: Pictures, images: Tensor
) -> tuple[nn.Module, Tensor]:
    """An answer may send the batch to the graphics card: then the model is there, too."""
    if torch.cuda.is_available():
        try:
            function(copy.deepcopy(model), images.clone())
        except RuntimeError as error:
            if "cuda" in str(error):
                return copy.deepcopy(model).to("cuda"), images.to("cuda")
        except Exception:  # it is told below, where the answer is judged
            pass
    return model, images


def training_mode(answer: object) -> str:
    """training_mode(model)."""
    function = expect_function(answer)
    models = [Parts() for _ in range(5)]
    models[1].eval()
    models[2].features.eval()
    for model in models[3:]:
        draw_modes(model)
    models[3].requires_grad_(False)
    for model in models:
        before = remember(model)
        del before[MODE]
        result = call(function, model)
        if isinstance(result, nn.Module) and result is model.classifier:
            raise Wrong("the classifier comes back: give back the model.")
        if not isinstance(result, nn.Module):
            raise Wrong(f"{kind_of(result)} comes back: give back the model.")
        if result is not model:
            raise Wrong(
                "another model comes back, or a copy: set the one that came, and give it "
                "back."
            )
        _expect_as_it_was(model)
        expect_unchanged(model, before, "the model", "Only its modes are to change.")
        _expect_modes(model)
    return "only the classifier is in training mode, whatever was before."


def _expect_modes(model: Parts) -> None:
    inside = dict(model.classifier.named_modules(prefix="classifier"))
    outside = {n: p for n, p in model.named_modules() if n and n not in inside}
    learning = [name for name, part in outside.items() if part.training]
    sleeping = [name for name, part in inside.items() if not part.training]
    if len(learning) == len(outside) and len(sleeping) == len(inside):
        raise Wrong("it is the other way round: only the classifier is to train.")
    if len(sleeping) == len(inside):
        raise Wrong(
            "the classifier is not in training mode: its turn comes after model.eval(), and "
            "train() has brackets."
        )
    if sleeping:
        raise Wrong(
            f"model.{sleeping[0]} is not in training mode: model.classifier.train() reaches "
            "the classifier and all its parts."
        )
    if learning:
        raise Wrong(
            f"model.{learning[0]} is in training mode: model.eval() reaches all parts, and "
            "comes first."
        )
    if model.training:
        raise Wrong("the model itself says training: eval() for all but one part.")


def make_optimizer(answer: object) -> str:
    """make_optimizer(model)."""
    function = expect_function(answer)
    models = [Pictures(), Pictures()]
    models[1].requires_grad_(False)
    for model in models:
        before = remember(model)
        asks = before.pop("asks for other gradients now: requires_grad was changed")
        result = call(function, model)
        _expect_as_it_was(model)
        expect_unchanged(model, before, "the model", "Only make an optimizer.")
        for name, parameter in model.named_parameters():
            if (
                not name.startswith(tuple(RATES))
                and parameter.requires_grad != asks[name]
            ):
                raise Wrong(f"requires_grad of {name} was changed: leave other parts.")
        _expect_groups(result, model)
        _expect_steps(result, model)
    return "two groups, each with its own rate."


RATES = {"features.denseblock4": 0.0001, "classifier": 0.002}


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
    more = [names[key] for key in rates if not names[key].startswith(tuple(RATES))]
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


def _expect_steps(result: optim.Adam, model: Pictures) -> None:
    """Two steps with gradients that are drawn: Adam's other settings are its own."""
    twin = copy.deepcopy(model)
    groups = [
        {"params": twin.get_submodule(part).parameters(), "lr": rate}
        for part, rate in RATES.items()
    ]
    expected = optim.Adam(groups)
    pairs = list(zip(model.parameters(), twin.parameters(), strict=True))
    for _ in range(2):
        for mine, theirs in pairs:
            mine.grad = torch.randn_like(mine)
            theirs.grad = mine.grad.clone()
        result.step()
        expected.step()
    if not all(torch.allclose(a, b, atol=1e-6) for a, b in pairs):
        raise Wrong(
            "its steps are not Adam's own: change no other setting than the two rates."
        )


EXERCISES = (count_trainable, prepare, features_of, training_mode, make_optimizer)
