import copy

import torch
from torch import Tensor, nn, optim

from helper.expect import Wrong, call, expect_function, expect_number, expect_tensor


class Pictures(nn.Module):
    """A network with the names of a DenseNet, small enough for a check."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential()
        self.features.conv0 = nn.Conv2d(3, 4, 3, padding=1)
        self.features.norm0 = nn.BatchNorm2d(4)
        self.features.denseblock4 = nn.Conv2d(4, 6, 3, padding=1)
        self.features.norm5 = nn.BatchNorm2d(6)
        self.classifier = nn.Linear(6, 10)

    def forward(self, images: Tensor) -> Tensor:
        rows = self.features(images).relu().mean(dim=(2, 3))
        return self.classifier(rows)


def _pictures() -> Pictures:
    torch.manual_seed(0)
    return Pictures()


def count_trainable(answer: object) -> str:
    """count_trainable(model)."""
    function = expect_function(answer)
    model = _pictures()
    model.features.requires_grad_(False)
    result = call(function, model)
    if not isinstance(result, bool) and isinstance(result, (int, float)):
        if result == sum(p.numel() for p in model.parameters()):
            raise Wrong("the frozen ones are counted too: ask p.requires_grad.")
        if result == sum(p.requires_grad for p in model.parameters()):
            raise Wrong("these are tensors: p.numel() is how many numbers one has.")
        if result == sum(p.numel() for p in model.features.parameters()):
            raise Wrong("these are the frozen ones.")
    expect_number(
        result,
        70,
        hint="Here, a classifier with 6·10 weights and 10 biases is all that isn't frozen.",
    )
    if call(function, model.features) != 0:
        raise Wrong("a model that is all frozen has 0.")
    return "frozen numbers don't count, and tensors are counted by their numbers."


def prepare(answer: object) -> str:
    """prepare(model, num_classes)."""
    function = expect_function(answer)
    model = _pictures()
    result = call(function, model, 3)
    if not isinstance(result, nn.Module):
        raise Wrong(f"the result is a {type(result).__name__}, expected the model.")
    if not hasattr(result, "classifier") or not hasattr(result, "features"):
        raise Wrong("the result has no features and classifier: give the model back.")
    if not isinstance(result.classifier, nn.Linear):
        raise Wrong(f"the classifier is a {type(result.classifier).__name__}.")
    if result.classifier.out_features != 3:
        raise Wrong(
            f"for 3 classes the classifier has {result.classifier.out_features} outputs."
        )
    if result.classifier.in_features != 6:
        raise Wrong(
            f"the classifier takes {result.classifier.in_features} numbers, and the features "
            "give 6: ask the old one for in_features."
        )
    if not all(p.requires_grad for p in result.classifier.parameters()):
        raise Wrong(
            "the new classifier is frozen too: freeze first, then replace it, or ask it for "
            "gradients again."
        )
    free = [n for n, p in result.features.named_parameters() if p.requires_grad]
    if free:
        raise Wrong(f"not frozen: {free[0]} and {len(free) - 1} more in features.")
    before = _pictures().features.state_dict()
    now = result.features.state_dict()
    if any(not torch.equal(now[name], before[name]) for name in before):
        raise Wrong("the features were changed: their weights must be kept.")
    return "the features are frozen, the classifier is new and learns."


def features_of(answer: object) -> str:
    """features_of(model, images)."""
    function = expect_function(answer)
    model = _pictures()
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(5, 3, 8, 8, generator=generator)
    twin = copy.deepcopy(model).eval()
    with torch.no_grad():
        expected = twin.features(images).relu().mean(dim=(2, 3))
    classifier, state = model.classifier, copy.deepcopy(model.state_dict())
    for training in (False, True):
        model.train(training)
        result = call(function, model, images)
        if model.classifier is not classifier:
            raise Wrong("the model came back without its own classifier: put it back.")
        if model.training != training or model.features.norm0.training != training:
            raise Wrong(
                f"the model came with training={training} and is in the other mode now: "
                "model.train(was_training) puts it back."
            )
        if any(
            not torch.equal(now, state[name])
            for name, now in model.state_dict().items()
        ):
            raise Wrong(
                "the batch-norm statistics moved: model.eval() before the pictures."
            )
        if isinstance(result, Tensor) and result.shape == (5, 10):
            raise Wrong("these are logits, behind the classifier.")
        if isinstance(result, Tensor) and result.ndim == 4:
            raise Wrong(
                "these are not pooled yet: nn.Identity in place of the classifier lets the "
                "model's own forward do it."
            )
        if isinstance(result, Tensor) and result.requires_grad:
            raise Wrong("the result has a gradient's graph behind it: torch.no_grad().")
        expect_tensor(result, expected, what="the result")
    return "features without gradients, and the model as it was."


def training_mode(answer: object) -> str:
    """training_mode(model)."""
    function = expect_function(answer)
    for training in (True, False):
        model = _pictures().train(training)
        model.classifier = nn.Sequential(nn.BatchNorm1d(6), nn.Linear(6, 3))
        model.classifier.train(not training)
        result = call(function, model)
        if result is not model:
            raise Wrong("give back the model that came.")
        if any(part.training for part in model.features.modules()):
            raise Wrong(
                "batch norms in features are in training mode: model.eval() reaches all, "
                "and comes first."
            )
        if not all(part.training for part in model.classifier.modules()):
            raise Wrong(
                "the classifier is not in training mode: its turn comes after model.eval()."
            )
        if model.training:
            raise Wrong("the model itself says training: eval() for all but one part.")
    return "only the classifier is in training mode, whatever was before."


def make_optimizer(answer: object) -> str:
    """make_optimizer(model)."""
    function = expect_function(answer)
    model = _pictures()
    result = call(function, model)
    if not isinstance(result, optim.Optimizer):
        raise Wrong(f"the result is a {type(result).__name__}, not an optimizer.")
    if type(result) is not optim.Adam:
        raise Wrong(f"the optimizer is {type(result).__name__}, expected Adam.")
    rates = {
        id(p): group["lr"] for group in result.param_groups for p in group["params"]
    }
    for part, rate in (("features.denseblock4", 0.0001), ("classifier", 0.002)):
        for parameter in model.get_submodule(part).parameters():
            if id(parameter) not in rates:
                raise Wrong(f"model.{part} is in no group.")
            got = rates.pop(id(parameter))
            if abs(got - rate) > 1e-9:
                raise Wrong(f"model.{part} has the rate {got:g}, expected {rate:g}.")
    if rates:
        raise Wrong("other parts of the model are in a group too: only two were asked.")
    return "two groups, each with its own rate."


EXERCISES = (count_trainable, prepare, features_of, training_mode, make_optimizer)
