"""The layers that PyTorch finds in a model, and why it finds others, or none."""

from collections.abc import Collection, Generator

import torch
from torch import Tensor, nn

from helper.expect import Wrong


def found_layers(
    model: nn.Module, sizes: list[int], name: str
) -> list[tuple[Tensor, Tensor]]:
    """Weight and bias of each layer, by their shapes: all sizes differ."""
    parameters = dict(model.named_parameters())
    if not parameters:
        _say_why_none_is_found(model, name)
    for value in parameters.values():
        if value.is_meta:
            raise Wrong(f"the parameters of {name} are on meta, and have no values.")
        if not value.requires_grad:
            raise Wrong(
                f"parameters of {name} are frozen, with requires_grad=False: they couldn't "
                "be trained."
            )
        if value.dtype != torch.float32:
            raise Wrong(
                f"the parameters of {name} are {value.dtype}, and the pictures float32."
            )
    model.to("cpu")
    shapes = [tuple(value.shape) for value in parameters.values()]
    pairs = weight_shapes(sizes)
    if sorted(s for s in shapes if len(s) == 2) != sorted(pairs):
        listed = ", ".join(f"{s[1]} → {s[0]}" for s in shapes if len(s) == 2) or "none"
        holder = _plain_holder(model)
        hint = f" Nobody looks into the plain {holder} in self." if holder else ""
        raise Wrong(
            f"the layers found in {name} are {listed}; expected "
            f"{' → '.join(map(str, sizes))}.{hint}"
        )
    if sorted(s for s in shapes if len(s) != 2) != sorted((n,) for n in sizes[1:]):
        say_what_nobody_asked_for(model, name)
        raise Wrong(f"each layer of {name} should have one bias for each output.")
    by_shape = dict(zip(shapes, model.parameters(), strict=True))
    return [(by_shape[pair], by_shape[pair[:1]]) for pair in pairs]


def weight_shapes(sizes: list[int]) -> list[tuple[int, int]]:
    """The shapes of the weights between these sizes: (out, in)."""
    return list(zip(sizes[1:], sizes[:-1], strict=True))


def _say_why_none_is_found(model: nn.Module, name: str) -> None:
    if list(model.parameters()):
        raise Wrong(
            "named_parameters() and state_dict() are still empty: register the layers, "
            "by an nn.ModuleList in self."
        )
    holder = _plain_holder(model)
    if holder:
        raise Wrong(
            f"no parameters are found in {name}: nobody looks into a plain {holder}. Give "
            "self an nn.ModuleList in __init__."
        )
    if any(_holds_modules(value) for value in vars(type(model)).values()):
        raise Wrong(
            f"no parameters are found in {name}: its layers belong to the class, and all "
            "its models share them. Make an nn.ModuleList in __init__, in self."
        )
    for part in model.modules():
        if isinstance(part, (nn.Sequential, nn.ModuleList, nn.ModuleDict)) and not part:
            raise Wrong(
                f"no parameters are found in {name}: its {type(part).__name__} is empty."
            )
    raise Wrong(
        f"no parameters are found in {name}: make its layers in __init__, and give them to "
        "self, in an nn.ModuleList."
    )


def _plain_holder(model: nn.Module) -> str:
    """What kind of thing in self has modules or parameters that are not found, if one has."""
    own = set(vars(nn.Module()))
    found = {id(thing) for thing in [*model.modules(), *model.parameters()]}
    for key, value in vars(model).items():
        if key not in own and _holds_modules(value, found):
            return type(value).__name__
    return ""


def _holds_modules(value: object, but: Collection[int] = ()) -> bool:
    """Is it, or is there in it, a module or parameter, other than those with these ids?"""
    if isinstance(value, (nn.Module, nn.Parameter)):
        return id(value) not in but
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple, set)):
        return any(_holds_modules(part, but) for part in value)
    return isinstance(value, (Generator, map))


def say_what_nobody_asked_for(model: nn.Module, name: str) -> None:
    """Raise for a ready-made layer that is neither linear nor relu; with parameters first."""
    asked = (nn.Linear, nn.ReLU, nn.Flatten, nn.Unflatten, nn.Identity)
    holders = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
    holders += (nn.ParameterList, nn.ParameterDict)
    others = [
        part
        for part in model.modules()
        if type(part).__module__.startswith("torch.nn.modules")
        and not isinstance(part, asked + holders)
    ]
    if others:
        other = max(others, key=lambda part: bool(list(part.parameters())))
        raise Wrong(
            f"there is a layer {type(other).__name__} in {name}: linear layers with a relu "
            "after each but the last are asked for, and nothing else."
        )
