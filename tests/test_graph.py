"""The graph of a result is walked once, drawn from above, and refused when it is too large."""

import pytest
import torch
from torchvision.models import densenet121

from helper.graph import MOST_NODES, _depths, _walk, show_graph
from helper.pretrained import SmallDenseNet


def test_show_graph_names_operations_and_leaves():
    weight = torch.ones(3, requires_grad=True)
    bias = torch.tensor(1.0, requires_grad=True)
    other = torch.ones(2, requires_grad=True)
    result = (weight * 2 + bias).sum() + other.sum()
    figure = show_graph(result, names={"weight": weight, "bias": bias})
    texts = sorted(text.get_text() for text in figure.axes[0].texts if text.get_text())
    assert texts == sorted(
        ["AddBackward", "AddBackward", "MulBackward", "SumBackward", "SumBackward"]
        + ["weight (3,)", "bias", "leaf (2,)"]
    )


def test_show_graph_draws_a_leaf_that_is_used_twice_once():
    x = torch.tensor(2.0, requires_grad=True)
    figure = show_graph(x * x + x, names={"x": x})
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts.count("x") == 1
    with pytest.raises(ValueError):
        show_graph(x)


def test_each_node_of_a_graph_is_walked_once():
    """Each of 60 sums leads twice to the one before: 10^18 ways in all."""
    x = torch.ones(2, requires_grad=True)
    total = x
    for _ in range(60):
        total = total + total
    nodes, edges = _walk(total.grad_fn)
    assert len(nodes) == len(edges) + 1 == 61
    depth = _depths(nodes, edges)
    assert [depth[node] for node in nodes] == list(range(61))
    show_graph(total)


def test_a_node_is_below_all_that_lead_to_it():
    x = torch.ones(2, requires_grad=True)
    a = x * 2
    b = a.exp().exp() + a
    nodes, edges = _walk((b * x).grad_fn)
    depth = _depths(nodes, edges)
    assert all(depth[node] < depth[child] for node, child in edges)
    assert max(depth.values()) == 5


@pytest.mark.parametrize("network", [SmallDenseNet, densenet121])
def test_the_graph_of_a_large_network_is_too_large(network):
    with torch.device("meta"):
        result = network()(torch.ones(2, 3, 32, 32)).sum()
    with pytest.raises(ValueError):
        show_graph(result)
    assert MOST_NODES == 200
