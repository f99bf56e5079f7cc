import torch
from torch import Tensor, nn

from helper.expect import (
    Wrong,
    call,
    expect_function,
    expect_model,
    expect_number,
    expect_tensor,
)


def count_parameters(answer: object) -> str:
    """The number of parameters of 784 -> 128 -> 64 -> 10."""
    weights = 784 * 128 + 128 * 64 + 64 * 10
    if isinstance(answer, int) and answer == weights:
        raise Wrong("these are the weights: each output has a bias too.")
    expect_number(
        answer, weights + 128 + 64 + 10, hint="In times out, plus out, for each layer."
    )
    return "Nine tenths of them are in the first layer, where the picture comes in."


def mended(answer: object) -> str:
    """Layers in a list, found: Mended([784, 128, 64, 10])."""
    model = expect_model(answer)
    found = [tuple(parameter.shape) for parameter in model.parameters()]
    if not found:
        raise Wrong(
            "no parameters are found in it: a plain list isn't looked into. nn has a list "
            "that is."
        )
    _expect_layers(model, [784, 128, 64, 10])
    rows = torch.rand(5, 784, generator=torch.Generator().manual_seed(0))
    _expect_relu_network(model, rows, rows)
    return "nn.ModuleList is a list whose modules are found."


def sequential(answer: object) -> str:
    """nn.Sequential, 784 -> 128 -> 64 -> 10, relu between, logits out."""
    model = expect_model(answer)
    if not isinstance(model, nn.Sequential):
        raise Wrong(f"your answer is a {type(model).__name__}, not an nn.Sequential.")
    if any(isinstance(layer, (nn.Softmax, nn.LogSoftmax)) for layer in model.modules()):
        raise Wrong("there is a softmax in it: the network should return logits.")
    _expect_layers(model, [784, 128, 64, 10])
    images = torch.rand(5, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    _expect_relu_network(model, images, images.flatten(1))
    return "Flatten, then linear and relu in turn, and nothing after the last layer."


def drop(answer: object) -> str:
    """drop(x, p, training): dropout by hand."""
    function = expect_function(answer)
    x = torch.ones(200, 200)
    result = call(function, x.clone(), 0.2, False, given="with training=False")
    expect_tensor(result, x, what="drop(x, 0.2, False)", hint="It should be x itself.")

    x = 2 * torch.ones(200, 200)
    torch.manual_seed(0)  # check() puts the random state back
    result = call(function, x.clone(), 0.2, True, given="with training=True")
    if not isinstance(result, Tensor) or result.shape != x.shape:
        raise Wrong("with training=True, the result is not a tensor shaped like x.")
    dropped = (result == 0).float().mean().item()
    if not result.isfinite().all():
        raise Wrong("some of the results are not finite numbers.")
    if abs(dropped - 0.2) > 0.02:
        raise Wrong(f"with p=0.2, {dropped:.0%} of the numbers became 0, expected 20%.")
    values = result[result != 0].unique()
    if len(values) == 1 and values.item() == 2:
        raise Wrong("the numbers that stay must grow, so that the mean stays the same.")
    if not torch.allclose(values.double(), torch.tensor([2.5], dtype=torch.float64)):
        raise Wrong("the numbers that stay should become 1/(1 - p) times as large.")
    return "The mean stays the same, so that evaluation needs no correction."


def linear(answer: object) -> str:
    """linear(rows, weight, bias): what nn.Linear computes."""
    function = expect_function(answer)
    layer = nn.Linear(6, 4)
    rows = torch.rand(5, 6, generator=torch.Generator().manual_seed(0))
    weight, bias = layer.weight.detach(), layer.bias.detach()
    for given in (bias, None):
        what = "linear(rows, weight, None)" if given is None else "linear(...)"
        expect_tensor(
            call(
                function, rows, weight, given, given="given rows (5, 6), weight (4, 6)"
            ),
            torch.nn.functional.linear(rows, weight, given),
            what=what,
            hint="Rows times the turned weight, plus the bias if there is one.",
        )
    return "Every fully connected layer is this one line."


def _expect_layers(model: nn.Module, sizes: list[int]) -> None:
    """The linear layers that are found in `model` must have these sizes."""
    layers = [layer for layer in model.modules() if isinstance(layer, nn.Linear)]
    found = [(layer.in_features, layer.out_features) for layer in layers]
    if found != list(zip(sizes[:-1], sizes[1:], strict=True)):
        listed = ", ".join(f"{n} → {m}" for n, m in found) or "none"
        raise Wrong(
            f"the linear layers in it are {listed}; expected "
            f"{' → '.join(str(size) for size in sizes)}."
        )


def _expect_relu_network(model: nn.Module, inputs: Tensor, rows: Tensor) -> None:
    """`model(inputs)` must be: linear layers, relu between them, nothing after the last.

    `rows` is (N, in), what the first linear layer should get of `inputs`.
    """
    layers = [layer for layer in model.modules() if isinstance(layer, nn.Linear)]
    with torch.no_grad():
        for layer in layers:  # so large that a missing relu shows
            layer.weight.mul_(3)
        straight = rows
        for layer in layers[:-1]:
            rows, straight = torch.relu(layer(rows)), layer(straight)
        expected, straight = layers[-1](rows), layers[-1](straight)
        result = call(model, inputs, given=f"given a batch {tuple(inputs.shape)}")
        if isinstance(result, Tensor) and result.shape == expected.shape:
            if torch.allclose(result, straight, atol=1e-4):
                raise Wrong("there is no relu between the layers.")
            if torch.allclose(result, torch.relu(expected), atol=1e-4):
                raise Wrong(
                    "there is a relu after the last layer: logits may be below 0."
                )
            if torch.allclose(result.sum(dim=1), torch.ones(len(result)), atol=1e-4):
                raise Wrong(
                    "the rows add up to 1: these are probabilities, not logits."
                )
        expect_tensor(
            result,
            expected,
            what="the model's result",
            hint="Relu after each layer but the last.",
            tolerance=1e-4,
        )


EXERCISES = (count_parameters, mended, sequential, drop, linear)
