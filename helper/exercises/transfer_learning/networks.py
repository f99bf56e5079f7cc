"""Small networks that exercises are tried on; their sizes are drawn."""

import copy
import random

import torch
from torch import Tensor, nn

from helper.expect import Wrong, distinct, expect_unchanged, remember


class Pictures(nn.Module):
    """A network with the names of a DenseNet, and numbers that no two layers share."""

    def __init__(self) -> None:
        super().__init__()
        first, second, third, classes = distinct(4, 6, 14, but=[10])
        self.features = nn.Sequential()
        self.features.conv0 = nn.Conv2d(3, first, 3, padding=1)
        self.features.norm0 = nn.BatchNorm2d(first)
        self.features.drop = nn.Dropout(0.3)
        self.features.denseblock3 = nn.Conv2d(first, second, 3, padding=1)
        self.features.denseblock4 = nn.Conv2d(second, third, 3, padding=1)
        self.features.norm5 = nn.BatchNorm2d(third)
        self.classifier = nn.Linear(third, classes)
        # Of no use in forward, but parts of the model: their names hold those of others.
        self.classifier_before = nn.Linear(third, 2)
        self.denseblock4_before = nn.Conv2d(3, 2, 1)
        self.scale = nn.Parameter(torch.rand(2))
        for norm in (self.features.norm0, self.features.norm5):
            nn.init.normal_(norm.running_mean)
            nn.init.uniform_(norm.running_var, 0.5, 2.0)
            nn.init.normal_(norm.bias)

    def forward(self, images: Tensor) -> Tensor:
        rows = self.features(images).relu().mean(dim=(2, 3))
        return self.classifier(rows)


class Parts(nn.Module):
    """Parts whose modes are set; no picture goes through it."""

    def __init__(self) -> None:
        super().__init__()
        norm, old = nn.BatchNorm2d(4), nn.Sequential(nn.Linear(4, 2), nn.Dropout())
        self.features = nn.Sequential(nn.Conv2d(3, 4, 3), norm)
        self.features.old_classifier = old
        last = nn.Sequential(nn.Dropout(), nn.Linear(4, 3))
        self.classifier = nn.Sequential(nn.BatchNorm1d(4), last)
        self.classifier2 = nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 2))
        for part in self.modules():
            if isinstance(part, (nn.BatchNorm1d, nn.BatchNorm2d)):
                nn.init.normal_(part.running_mean)
                part.num_batches_tracked += random.randint(1, 9)


class Scale(nn.Module):
    """One number and a table of numbers, which are no layer's weight or bias."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))
        self.table = nn.Parameter(torch.rand(*distinct(3, 2, 6)))


def mixed_network() -> nn.Sequential:
    """Layers in layers, some frozen, and one weight that two layers share."""
    size, wide = distinct(2, 3, 9)
    inner = nn.Sequential(nn.Linear(size, size), nn.BatchNorm1d(size))
    inner.append(nn.Linear(size, size))
    inner[2].weight = inner[0].weight
    outer = nn.Sequential(nn.Linear(wide, size), nn.Sequential(inner), Scale())
    outer[0].weight.requires_grad = False
    inner[1].bias.requires_grad = False
    return outer


def draw_modes(model: nn.Module) -> None:
    """Each part gets a mode of its own, and not all the same."""
    parts = list(model.modules())
    modes = [True, False] + [random.random() < 0.5 for _ in parts[2:]]
    random.shuffle(modes)
    for part, mode in zip(parts, modes, strict=True):
        part.training = mode


def expect_as_it_was(model: nn.Module) -> None:
    """On this device, and of float32, as all models of these exercises come."""
    for value in model.state_dict().values():
        if value.device.type != "cpu":
            raise Wrong("the model was moved to another device: leave it where it was.")
        if value.dtype not in (torch.float32, torch.int64):  # int64 counts batches
            raise Wrong(f"there are {value.dtype} numbers in it: it came with float32.")


def give_gradients(model: nn.Module) -> None:
    """As after a backward: who calls zero_grad loses them."""
    for parameter in model.parameters():
        parameter.grad = torch.randn_like(parameter)


class Before:
    """What a model was like; `expect_same` compares it with what it is like now."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.remembered = remember(model)
        self.parts = dict(model.named_modules())
        self.settings = {name: _settings(part) for name, part in self.parts.items()}

    def expect_same(self, hint: str = "", but: str = "") -> None:
        """`but` names what may change, in the words of `remember`."""
        for name, _ in self.model.named_modules(remove_duplicate=False):
            if name not in self.parts:
                raise Wrong(f"the model has another part now: {name}. {hint}".rstrip())
        for name, part in self.parts.items():
            before, now = self.settings[name], _settings(part)
            for key in now | before:
                where = ".".join(filter(None, ["model", name, key]))
                if key not in before:
                    raise Wrong(f"{where} is new in the model. {hint}".rstrip())
                if key not in now or now[key] != before[key]:
                    raise Wrong(f"{where} was changed. {hint}".rstrip())
        before = copy.copy(self.remembered)
        before.pop(but, None)
        expect_unchanged(self.model, before, "the model", hint)


def _settings(part: nn.Module) -> dict[str, object]:
    """What stands in a part itself, such as momentum; not whether it is in training mode."""
    found = {}
    for key, value in vars(part).items():
        # A forward that was put back as it was.
        own = getattr(value, "__func__", None) is type(part).forward
        if key != "training" and not key.startswith("_") and not own:
            simple = isinstance(value, (int, float, str, tuple, type(None)))
            found[key] = value if simple else id(value)
    return found
