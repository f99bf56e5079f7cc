import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helper.exercises.transfer_learning.networks import Pictures, expect_as_it_was
from helper.expect import Wrong, call, distinct, expect_function, expect_tensor, kind_of


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
    expect_as_it_was(result)
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
