"""Network computes what its layers say."""

import torch

from helper.networks import Network


def test_network_is_linear_relu_linear():
    torch.manual_seed(0)
    model = Network(12, [5], 3)
    images = torch.randn(4, 1, 3, 4)
    by_hand = torch.relu(
        images.flatten(1) @ model.hidden[0].weight.T + model.hidden[0].bias
    )
    by_hand = by_hand @ model.output.weight.T + model.output.bias
    assert torch.allclose(model(images), by_hand, atol=1e-6)
    assert Network(12, [], 3)(images).shape == (4, 3)
    assert sum(p.numel() for p in Network(784, [128, 64], 10).parameters()) == 109_386


def test_network_drops_only_while_training():
    model = Network(12, [50], 3, dropout=0.5)
    images = torch.randn(4, 12)
    assert not torch.equal(model(images), model(images))
    model.eval()
    assert torch.equal(model(images), model(images))


def test_hidden_sizes_may_be_anything_that_can_be_walked_through():
    model = Network(4, (size for size in [3, 2]), 1)
    assert len(model.hidden) == 2 and model.settings["hidden_sizes"] == [3, 2]
