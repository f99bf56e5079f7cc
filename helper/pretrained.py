"""Convolutional networks that have learned to see already, and where their weights are."""

from collections.abc import Callable
from pathlib import Path
from pickle import UnpicklingError
from typing import NamedTuple

import torch
from torch import nn
from torchvision.models import DenseNet, DenseNet121_Weights, densenet121
from torchvision.transforms import v2

WEIGHTS = Path(__file__).resolve().parents[1] / "data" / "weights"

# What torch.load raises on a file that is damaged, or no file of torch.save's.
_UNREADABLE = (OSError, RuntimeError, EOFError, UnpicklingError)


class SmallDenseNet(DenseNet):
    """torchvision's `DenseNet`, small, and with a first layer fit for small pictures.

    Its parts have `densenet121`'s names: `features`, with `denseblock1` to `denseblock4`,
    and `classifier`. The first layer halves the picture once, where densenet121's first two
    layers quarter it.

    Args:
        num_classes: how many classes there are.

    Takes (N, 3, H, W) with sides of 32 or more, gives logits (N, num_classes).

    Source: Huang, Liu, van der Maaten, Weinberger, Densely Connected Convolutional
    Networks, CVPR 2017, arXiv:1608.06993.
    """

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__(
            growth_rate=32,
            block_config=(3, 4, 6, 4),
            num_init_features=48,
            bn_size=2,
            num_classes=num_classes,
        )
        self.settings = {"num_classes": num_classes}
        self.features.conv0 = nn.Conv2d(3, 48, 3, stride=2, padding=1, bias=False)
        self.features.pool0 = nn.Identity()
        nn.init.kaiming_normal_(self.features.conv0.weight)


class Backbone(NamedTuple):
    """A pretrained network, and what its pictures must look like."""

    model: DenseNet  # in evaluation mode, on the CPU
    transforms: Callable  # a PIL picture to float32 (3, size, size), normalised for it
    size: int  # how many points high and wide
    mean: list[float]  # of red, green and blue in pretraining, where 1 is the brightest
    std: list[float]
    classes: list[str]  # of pretraining, in the order of its logits
    resize: int  # the shorter side of a picture, before the middle `size` points are cut out


def load_backbone(name: str = "small") -> Backbone:
    """A network with `.features` and `.classifier` that has learned to see already.

    Args:
        name: "small" is `SmallDenseNet`, trained on CIFAR-10, which ships with the course;
            "densenet121" is torchvision's, trained on ImageNet: 31 MB from torch's cache,
            downloaded when they are not there yet.

    Raises:
        ValueError: the name is unknown, or the file of weights is damaged.
        FileNotFoundError: the weights are not there and can't be downloaded.
    """
    if name == "densenet121":
        return _load_densenet121()
    if name != "small":
        raise ValueError(
            f"no backbone is called {name!r}: choose 'small' or 'densenet121'"
        )
    path = WEIGHTS / "small_densenet.pt"
    bring_back = (
        "bring it back (`git checkout -- data/weights`, or copy data/weights from a new "
        "copy of the course)"
    )
    if not path.is_file():
        raise FileNotFoundError(
            f"no small_densenet.pt in {path.parent}: {bring_back}, and install the course "
            "from its own folder (pip install -e .)"
        )
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
        model = SmallDenseNet(**saved["settings"])
        # The file has half precision; load_state_dict puts it into the model's float32.
        model.load_state_dict(saved["state_dict"])
    except (*_UNREADABLE, KeyError, TypeError) as error:
        raise ValueError(f"{path} is damaged: {bring_back}") from error
    resize, size, mean, std = 40, 32, saved["mean"], saved["std"]
    transforms = v2.Compose(
        [
            v2.Resize(resize),
            v2.CenterCrop(size),
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(mean, std),
        ]
    )
    return Backbone(model.eval(), transforms, size, mean, std, saved["classes"], resize)


def _load_densenet121() -> Backbone:
    weights = DenseNet121_Weights.DEFAULT
    cache = Path(torch.hub.get_dir()) / "checkpoints"
    file = weights.url.rsplit("/", 1)[1]
    try:
        model = densenet121(weights=weights)
    except _UNREADABLE as error:  # no network is an OSError too
        if (cache / file).exists():
            raise ValueError(
                f"{cache / file} is damaged, a download broke off perhaps: delete the file "
                "and try again"
            ) from error
        raise FileNotFoundError(
            f"the weights {file} are not in {cache} and could not be downloaded ({error}): "
            "try again with a network, put the file there yourself, or go on with the "
            "bundled ones: load_backbone('small')"
        ) from error
    transforms = weights.transforms()
    return Backbone(
        model.eval(),
        transforms,
        transforms.crop_size[0],
        transforms.mean,
        transforms.std,
        weights.meta["categories"],
        transforms.resize_size[0],
    )
