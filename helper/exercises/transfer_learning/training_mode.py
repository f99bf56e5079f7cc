from torch import nn

from helper.exercises.transfer_learning.networks import (
    Before,
    Parts,
    draw_modes,
    expect_as_it_was,
    give_gradients,
)
from helper.expect import (
    Wrong,
    call,
    expect_function,
    kind_of,
)

MODE = "is in another mode now, training or evaluation"  # by `remember`


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
        give_gradients(model)
        before = Before(model)
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
        expect_as_it_was(model)
        before.expect_same("Only its modes are to change.", but=MODE)
        _expect_modes(model)
    return "Only the classifier is in training mode, whatever was before."


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
