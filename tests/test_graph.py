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


def boxes(result, names, **options):
    figure = show_graph(result, names, **options)
    texts = [text.get_text() for text in figure.axes[0].texts if text.get_text()]
    return [text.replace("\n", " ") for text in texts]


def neuron():
    weight = torch.tensor(2.0, requires_grad=True)
    bias = torch.tensor(-1.0, requires_grad=True)
    total = weight * 0.5 + bias
    return weight, bias, total, torch.sigmoid(total)


def test_show_graph_writes_values_and_the_gradients_that_are_there():
    weight, bias, total, result = neuron()
    names = {"weight": weight, "bias": bias, "total": total}
    assert boxes(result, names, values=True) == [
        "SigmoidBackward value 0.5",
        "AddBackward total value 0",
        "MulBackward",
        "bias value -1 grad None",
        "weight value 2 grad None",
    ]
    assert weight.grad is None and not total.retains_grad and not result.retains_grad
    total.retain_grad()
    result.backward()
    assert boxes(result, names, values=True) == [
        "SigmoidBackward value 0.5",
        "AddBackward total value 0 grad 0.25",
        "MulBackward",
        "bias value -1 grad 0.25",
        "weight value 2 grad 0.125",
    ]
    assert weight.grad == 0.125 and total.grad == 0.25


def test_a_tensor_on_the_way_can_have_a_name_without_its_value():
    weight, bias, total, result = neuron()
    names = {"total": total, "result": result, "elsewhere": weight * 1}
    expected = ["SigmoidBackward result", "AddBackward total", "MulBackward"]
    assert boxes(result, names) == [*expected, "leaf", "leaf"]


def test_of_several_numbers_the_shape_is_written():
    weight = torch.ones(2, 3, requires_grad=True)
    scale = torch.tensor([1e-7], requires_grad=True)
    first, second, third = (weight * scale).unbind(1)
    result = first + second
    result.sum().backward()
    names = {"weight": weight, "first": first, "second": second, "data": torch.ones(1)}
    assert boxes(result, names, values=True) == [
        "AddBackward value (2,)",
        "UnbindBackward first value (2,) second value (2,)",
        "MulBackward",
        "weight value (2, 3) grad (2, 3)",
        "leaf value 1e-07 grad 4",
    ]


def test_values_of_a_meta_tensor_are_its_shape():
    weight = torch.ones((), requires_grad=True, device="meta")
    expected = ["ExpBackward value ()", "leaf value () grad None"]
    assert boxes(weight.exp(), {}, values=True) == expected


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
