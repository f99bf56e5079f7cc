import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helper.exercises.transfer_learning.networks import Pictures, expect_as_it_was
from helper.expect import (
    Wrong,
    alike,
    call,
    distinct,
    expect_function,
    expect_tensor,
    kind_of,
)


def prepare(answer: object) -> str:
    """prepare(model, num_classes)."""
    function = expect_function(answer)
    models = [Pictures() for _ in range(3)]
    models[1].features.requires_grad_(False)
    models[2].eval()
    old = [model.classifier.out_features for model in models]
    used = {5}.union(old, [model.classifier.in_features for model in models])
    asked = distinct(3, 2, 20, but=list(used))
    asked[1] = old[1]  # as many as before: the layer is to be a new one all the same
    made = []
    for model, classes in zip(models, asked, strict=True):
        start = copy.deepcopy(model)
        model.classifier.came = True  # a mark, which copies of the layer have too
        images = torch.rand(4, 3, 6, 5), torch.randint(0, classes, (4,))
        result = call(function, model, classes)
        if any(getattr(result, "classifier", None) is other for other in made):
            raise Wrong("two models got one and the same layer: make one in each call.")
        _expect_prepared(result, start, classes)
        made.append(result.classifier)
        _expect_learning(result, start, *images)
    return "The features are frozen, the classifier is new and learns."


def _expect_prepared(result: object, start: Pictures, classes: int) -> None:
    if not isinstance(result, nn.Module):
        raise Wrong(f"the result is {kind_of(result)}, expected the model.")
    if not hasattr(result, "classifier") or not hasattr(result, "features"):
        raise Wrong("the result has no features and classifier: give the model back.")
    if any(nn.parameter.is_lazy(parameter) for parameter in result.parameters()):
        raise Wrong(
            "LazyLinear knows its size only after the first batch: nn.Linear(in_features, "
            "num_classes)."
        )
    expect_as_it_was(result)
    before, after = start.state_dict(), result.state_dict()
    for name, value in sorted(before.items(), key=_features_first):
        if name.startswith("classifier."):
            continue
        if name not in after or after[name].shape != value.shape:
            raise Wrong(f"{name} is not that of the model that came: keep other parts.")
        if not torch.equal(after[name], value):
            hint = (
                "a batch in training mode moves statistics: model.eval() first"
                if name in dict(start.named_buffers())
                else "weights must be kept"
            )
            raise Wrong(f"{name} was changed: {hint}.")
    layer = result.classifier
    if not isinstance(layer, nn.Linear):
        raise Wrong(f"the classifier is {kind_of(layer)}: one nn.Linear is asked for.")
    old = start.classifier
    if hasattr(layer, "came"):
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
    frozen = [n for n, p in layer.named_parameters() if not p.requires_grad]
    if len(frozen) == len(list(layer.parameters())):
        raise Wrong(
            "the new classifier is frozen too: freeze first, then replace it, or ask it for "
            "gradients again."
        )
    if frozen:
        raise Wrong(
            f"classifier.{frozen[0]} is frozen: the whole new layer is to learn."
        )
    free = [
        name
        for name, parameter in sorted(result.named_parameters(), key=_features_first)
        if parameter.requires_grad and not name.startswith("classifier.")
    ]
    if free:
        more = f" and {len(free) - 1} more" if len(free) > 1 else ""
        raise Wrong(
            f"not frozen: {free[0]}{more}. A parameter's own requires_grad is to be False, "
            "in all parts but the classifier."
        )


def _features_first(item: tuple[str, Tensor]) -> bool:
    return not item[0].startswith("features.")


def _expect_learning(
    model: nn.Module, start: Pictures, images: Tensor, labels: Tensor
) -> None:
    """One backward: the gradient of the new layer, and of nothing else."""
    model.eval()
    with torch.no_grad():
        rows = start.eval().features(images).relu().mean(dim=(2, 3))
    layer = copy.deepcopy(model.classifier)
    expected, logits = layer(rows), call(model, images)
    if not alike(logits, expected):
        raise Wrong("the model gives other outputs: change only its classifier.")
    F.cross_entropy(expected, labels).backward()
    F.cross_entropy(logits, labels).backward()
    for name, parameter in layer.named_parameters():
        expect_tensor(
            model.classifier.get_parameter(name).grad,
            parameter.grad,
            what=f"the gradient of classifier.{name}, after backward,",
            tolerance=1e-4,
        )
