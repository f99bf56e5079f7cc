import torch
from torch import nn

from helper.exercises.building_networks.relu_network import SIZES, expect_relu_network
from helper.expect import Wrong, distinct, expect_model, kind_of


def sequential(answer: object) -> str:
    """nn.Sequential, 784 -> 128 -> 64 -> 10, relu between, logits out."""
    model = expect_model(answer)
    if not isinstance(model, nn.Sequential):
        raise Wrong(f"your answer is {kind_of(model)}, not an nn.Sequential.")
    batches = [torch.randn(count, 1, 28, 28) for count in [*distinct(2, 6, 12), 1]]
    expect_relu_network(model, SIZES, batches)
    return "Linear and relu in turn, and nothing after the last layer: logits."
