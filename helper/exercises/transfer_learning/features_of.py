import copy
import functools
from collections.abc import Callable

import torch
from torch import Tensor, nn

from helper.exercises.transfer_learning.networks import (
    Before,
    Pictures,
    draw_modes,
    give_gradients,
)
from helper.expect import (
    Case,
    Wrong,
    distinct,
    expect_function,
    expect_results,
)


def features_of(answer: object) -> str:
    """features_of(model, images)."""
    function = expect_function(answer)
    models = [Pictures() for _ in range(3)]
    models[1].eval().classifier.train()
    draw_modes(models[2])
    models[2].training, models[2].classifier.training = True, False
    models[2].features.requires_grad_(False)
    says = [
        "given a model in training mode",
        "given a batch of one, and a model whose classifier alone is in training mode",
        "given a model whose parts are in different modes",
    ]
    many, few = distinct(2, 2, 5)
    sizes = zip([many, 1, few], distinct(3, 32, 40), distinct(3, 32, 40), strict=True)
    cases = []
    for model, given, (n, height, width) in zip(models, says, sizes, strict=True):
        images = torch.rand(n, 3, height, width)
        cases.append(
            Case((model, images), _features(copy.deepcopy(model), images), given)
        )
    expect_results(
        _watched(function),
        cases,
        what="features_of(model, images)",
        tolerance=1e-4,
        hint="The model's own pooling takes the mean over all points of a channel.",
        mistakes=FEATURE_MISTAKES,
    )
    return "Features without gradients, and the model as it was."


SEED = 0  # of what a dropout draws, for answers and for mistakes


@torch.no_grad()
def _features(model: Pictures, images: Tensor, mode: bool | None = False) -> Tensor:
    """In this mode, for None in that which it has; the model is changed."""
    if mode is not None:
        model.train(mode)
    torch.default_generator.manual_seed(SEED)
    return model.features(images).relu().mean(dim=(2, 3))


def _norms_in_eval(model: Pictures) -> Pictures:
    for part in model.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.eval()
    return model


@torch.no_grad()
def _maps(model: Pictures, images: Tensor) -> Tensor:
    return model.eval().features(images)


FEATURE_MISTAKES = {
    "these are features of training mode, where a batch norm uses the batch's own mean: "
    "eval() first.": lambda model, images: _features(model, images, None),
    "these are features of training mode: eval() puts them into the other.": (
        lambda model, images: _features(model, images, True)
    ),
    "a dropout still drops: model.eval() puts all parts into evaluation mode, not batch "
    "norms alone.": lambda model, images: _features(
        _norms_in_eval(model), images, None
    ),
    "these are logits, behind the classifier: nn.Identity in its place lets the features "
    "out.": lambda model, images: model.eval()(images),
    "these are not pooled yet: nn.Identity in place of the classifier lets the model's own "
    "forward do it.": _maps,
    "these are not pooled, only flattened: nn.Identity in place of the classifier lets the "
    "model's own forward do it.": lambda m, x: _maps(m, x).relu().flatten(1),
    "these are not pooled, only flattened, and without the relu: nn.Identity in place of the "
    "classifier lets the model's own forward do all that.": lambda m, x: _maps(
        m, x
    ).flatten(1),
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
        give_gradients(model)  # copies have none
        classifier, before = model.classifier, Before(model)
        torch.default_generator.manual_seed(SEED)
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            result = function(model, images)
        if model.classifier is not classifier:
            raise Wrong(
                "the model came back without its own classifier: put it back, itself."
            )
        if {p.device for p in model.parameters()} != {images.device}:
            raise Wrong("the model was moved to another device: move a copy.")
        try:
            before.expect_same()
        except Wrong as wrong:
            hints = [hint for word, hint in LEFT.items() if word in str(wrong)]
            raise Wrong(" ".join([str(wrong), *hints])) from None
        model.zero_grad()
        if isinstance(result, Tensor) and result.requires_grad:
            raise Wrong(
                "the result asks for gradients, or has a graph behind it: compute it inside "
                "torch.no_grad()."
            )
        here = ("cpu", "meta")
        on_gpu = isinstance(result, Tensor) and result.device.type not in here
        return result.cpu() if on_gpu else result

    return watched


LEFT = {
    "in another mode": "Parts may have different ones, and model.train(...) gives all the same. "
    "copy.deepcopy makes a model that you may change.",
    "other values": "Batch-norm statistics move in training mode: eval() before the pictures.",
    "has other gradients": "Leave out zero_grad and backward.",
    "another part": "Take it away again: del model.name.",
    ".forward": "del takes away what was put over it.",
    "of hooks": "A hook has a remove().",
}


def _where_it_works(
    function: Callable, model: Pictures, images: Tensor
) -> tuple[nn.Module, Tensor]:
    """An answer may send the batch to the GPU: then the model is there, too."""
    gpu = torch.accelerator.current_accelerator(check_available=True)
    if gpu is not None:
        try:
            function(copy.deepcopy(model), images.clone())
        except RuntimeError as error:
            # It names the device, or, on a Mac, the type of its tensors.
            if gpu.type in str(error).lower():
                return copy.deepcopy(model).to(gpu), images.to(gpu)
        except Exception:  # it is told below, where the answer is judged
            pass
    return model, images
