import copy

import torch
from torch import nn

from helper.exercises.building_networks.found_layers import weight_shapes
from helper.exercises.building_networks.relu_network import SIZES, expect_relu_network
from helper.expect import Wrong, describe, distinct, expect_model, kind_of


def mended(answer: object) -> str:
    """Layers in a list, found: Mended([784, 128, 64, 10])."""
    model = expect_model(answer)
    if type(model) in (nn.Sequential, nn.ModuleList):
        raise Wrong(
            f"your answer is {kind_of(model)}: mend the class Mended, for any sizes, and make "
            "answer = Mended([784, 128, 64, 10])."
        )
    other_sizes = [distinct(count, 5, 40) for count in (3, 5, 2)]
    batches = [torch.randn(count, 784) for count in [*distinct(2, 6, 12), 1]]
    others = [torch.randn(7, sizes[0]) for sizes in other_sizes]
    try:
        expect_relu_network(model, SIZES, batches)
        for sizes, rows in zip(other_sizes, others, strict=True):
            name = f"{type(answer).__name__}({sizes})"
            given = list(sizes)
            try:
                other = type(answer)(given)
            except Exception as error:
                raise Wrong(
                    f"{name} raises {describe(error)}. One list of sizes comes, and it may "
                    "be of any length."
                ) from error
            expect_relu_network(other, sizes, [rows], name)
            if given != sizes:
                raise Wrong(
                    f"{name} changes the list that came, to {given}: it is the caller's. Only "
                    "read it, or work on a copy, list(sizes)."
                )
    except Wrong:
        _expect_the_sizes_that_come(type(answer), other_sizes[0])
        raise
    return "Its layers are registered, so that all parameters are found, for any sizes."


def _expect_the_sizes_that_come(kind: type, sizes: list[int]) -> None:
    """`kind`, whose models are wrong, must use its argument, which is one list."""
    asked = weight_shapes(sizes)
    found = _sizes_of(kind, sizes)
    if found == weight_shapes(SIZES):
        raise Wrong(
            f"{kind.__name__}({sizes}) has the layers {' → '.join(map(str, SIZES))}: make "
            "them of the sizes that come."
        )
    if found != asked and _sizes_of(kind, *sizes) == asked:
        raise Wrong(
            f"the sizes come as one list, {kind.__name__}({SIZES}), and your class takes "
            "them one by one: `def __init__(self, sizes)`, without a star."
        )


def _sizes_of(kind: type, *arguments: object) -> list[tuple[int, ...]] | None:
    """The shapes of the weights in the model that these arguments make, if they do."""
    try:
        model = kind(*copy.deepcopy(arguments))
        return [tuple(p.shape) for p in model.parameters() if p.ndim == 2]
    except Exception:
        return None
