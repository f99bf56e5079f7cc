"""The network that a checkpoint is of, from its settings; saving tries it as well as loading.

A file doesn't say which class its network is of; its settings do.
"""

import threading
from collections.abc import Sized

import torch
from torch import Tensor, nn

from helper.networks import Network


def class_of(settings: object) -> type[nn.Module]:
    """Of the two classes that can be rebuilt, the one that has such settings."""
    if isinstance(settings, dict) and "num_classes" in settings:
        # Only here: it brings torchvision along, which takes as long to import as torch.
        from helper.pretrained import SmallDenseNet

        return SmallDenseNet
    return Network


def without_memory(settings: dict, weights: dict[str, Tensor]) -> nn.Module:
    """The network of these settings, on torch's device without memory, if they fit it."""
    for name, value in weights.items():
        if value.is_meta or value.layout != torch.strided or value.is_quantized:
            raise ValueError(f"{name} is no ordinary tensor")
    kind = class_of(settings)
    layers = settings.get("hidden_sizes") if isinstance(settings, dict) else None
    # Before it is built: a small file may claim layers without end.
    if isinstance(layers, Sized) and 2 * len(layers) > len(weights):
        raise ValueError(f"{len(layers)} hidden layers, but {len(weights)} tensors")

    built: list[nn.Module] = []
    errors: list[Exception] = []

    def build() -> None:
        try:
            with torch.device("meta"):
                kind(**settings).load_state_dict(weights, assign=True)
                built.append(kind(**settings))
        except Exception as error:  # it is raised again below
            errors.append(error)

    # In a thread: Ctrl-C reaches the main thread alone, which would stay with that device if
    # it came while `with` ends. The device is a thread's own. Without an executor: Ctrl-C can
    # come while the main thread has its lock, and then each of the two waits for the other.
    thread = threading.Thread(target=build, daemon=True)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return built[0]


def not_finite(weights: dict[str, Tensor]) -> list[str]:
    return [name for name, value in weights.items() if not value.isfinite().all()]
