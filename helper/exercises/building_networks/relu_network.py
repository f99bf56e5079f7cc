"""Is a model linear layers that are found, ready to train, with relu in between?"""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helper.exercises.building_networks.found_layers import (
    found_layers,
    say_what_nobody_asked_for,
)
from helper.expect import (
    Wrong,
    alike,
    describe,
    expect_tensor,
    expect_unchanged,
    remember,
)

SIZES = [784, 128, 64, 10]


def expect_relu_network(
    model: nn.Module,
    sizes: list[int],
    batches: Sequence[Tensor],
    name: str = "your model",
) -> None:
    """`model` must be linear layers of these sizes that are found, with relu in between.

    Its weights are replaced.
    """
    if any(nn.parameter.is_lazy(parameter) for parameter in model.parameters()):
        _call_model(model, batches[0].clone(), name)
    layers = found_layers(model, sizes, name)
    _expect_ready_to_train(layers, name)
    for weight, bias in layers:
        with torch.no_grad():
            weight.copy_(2 * torch.randn(weight.shape) / len(weight.T) ** 0.5)
            bias.copy_(0.3 * torch.randn(bias.shape))
    with torch.no_grad():  # logits of both signs, so that a relu after them shows
        layers[-1][1].sub_(_compute(layers, batches[0].flatten(1)).mean(dim=0))
    results = []
    for training in (False, True):
        model.train(training)
        for batch in batches:
            before, inputs = remember(batch), batch.clone()
            result = _call_model(model, inputs, name)
            changed = f"{name} changes its argument: the batch that came"
            expect_unchanged(inputs, before, changed, "Make a new tensor.")
            results.append((result, _compute(layers, batch.flatten(1)), batch))
    if not all(alike(result, expected) for result, expected, _ in results):
        _name_the_mistake(results, layers, model, name)
    for result, expected, batch in results:
        what = f"the result of {name}, given a batch {tuple(batch.shape)},"
        expect_tensor(result, expected, what=what, tolerance=1e-4, say_expected=True)
    _expect_gradients(layers, *results[0][:2], name)


def _expect_ready_to_train(layers: Sequence[tuple[Tensor, Tensor]], name: str) -> None:
    """Numbers to begin with must be numbers, and not make a layer's outputs all alike."""
    for number, (weight, bias) in enumerate(layers, 1):
        layer = f"the layer {weight.shape[1]} → {weight.shape[0]} of {name}"
        for kind, values in (("weights", weight), ("biases", bias)):
            if not values.isfinite().all():
                raise Wrong(
                    f"not all {kind} in {layer} are numbers: NaN or infinity can't be "
                    "trained. Leave them as nn.Linear draws them."
                )
        # The last layer may begin with zeros: there each output has a class of its own.
        if number < len(layers) and (weight == weight[0]).all():
            kind = "all 0" if not weight.any() else "the same for each output"
            raise Wrong(
                f"the weights in {layer} are {kind}, so that its outputs couldn't learn "
                "different things. Leave them as nn.Linear draws them."
            )


def _call_model(model: nn.Module, inputs: Tensor, name: str) -> object:
    given = f"given a batch {tuple(inputs.shape)}"
    try:
        result = model(inputs)
    except Exception as error:
        say_what_nobody_asked_for(model, name)
        raise Wrong(f"{name} raises, {given}, {describe(error)}") from error
    if result is None:
        raise Wrong(f"{name} returns None: is a `return` missing in forward?")
    return result


def _compute(
    layers: Sequence[tuple[Tensor, Tensor]],
    rows: Tensor,
    activation: Callable = torch.relu,
    *,
    only: int | None = None,
    but: int | None = None,
) -> Tensor:
    """Linear layers, the activation after all but the last; or after the first `only`.

    `but` is the number of a layer that has none after it.
    """
    for number, (weight, bias) in enumerate(layers[:-1]):
        rows = F.linear(rows, weight, bias)
        if (only is None or number < only) and number != but:
            rows = activation(rows)
    return F.linear(rows, *layers[-1])


def _name_the_mistake(
    results: Sequence[tuple], layers: Sequence, model: nn.Module, name: str
) -> None:
    """Raise the sentence for the mistake that explains all results, if one does."""
    mistakes = {
        "there is a relu after the last layer: logits may be below 0.": (
            lambda rows: _compute(layers, rows).relu()
        ),
        "there is a softmax at the end: the network should return logits.": (
            lambda rows: _compute(layers, rows).softmax(dim=1)
        ),
        "there is a log-softmax at the end: the network should return logits.": (
            lambda rows: _compute(layers, rows).log_softmax(dim=1)
        ),
        "there is no relu between the layers.": (
            lambda rows: _compute(layers, rows, only=0)
        ),
        "there is a relu before the first layer too: only after each but the last.": (
            lambda rows: _compute(layers, rows.relu())
        ),
        "a relu is missing after the first layer.": (
            lambda rows: _compute(layers, rows, but=0)
        ),
        "a relu is missing after the second layer.": (
            lambda rows: _compute(layers, rows, only=1)
        ),
        "a relu stands before the first layer, and one is missing after the second.": (
            lambda rows: _compute(layers, rows.relu(), only=1)
        ),
        "there is a sigmoid between the layers: a relu is asked for.": (
            lambda rows: _compute(layers, rows, torch.sigmoid)
        ),
        "there is a tanh between the layers: a relu is asked for.": (
            lambda rows: _compute(layers, rows, torch.tanh)
        ),
        "there is a leaky relu between the layers: a relu is asked for.": (
            lambda rows: _compute(layers, rows, F.leaky_relu)
        ),
    }
    for sentence, mistake in mistakes.items():
        if all(
            alike(result, mistake(batch.flatten(1))) for result, _, batch in results
        ):
            raise Wrong(sentence)
    say_what_nobody_asked_for(model, name)
    evaluated, trained = results[: len(results) // 2], results[len(results) // 2 :]
    if all(alike(result, expected) for result, expected, _ in evaluated):
        raise Wrong(f"{name} computes something else in training: is it dropout?")
    result, expected, _ = trained[0]
    same_shape = isinstance(result, Tensor) and result.shape == expected.shape
    if same_shape and not _reached(result, layers):
        raise Wrong(
            f"the layers that are found in {name} are not those that compute: forward has "
            "to use the ones that self has."
        )


def _reached(result: Tensor, layers: Sequence) -> bool:
    """Does a gradient of `result` come to all weights and biases?"""
    if not result.requires_grad:
        return False
    weights = [value for layer in layers for value in layer]
    slopes = torch.autograd.grad(
        result.sum(), weights, allow_unused=True, retain_graph=True
    )
    return all(slope is not None for slope in slopes)


def _expect_gradients(
    layers: Sequence, result: Tensor, expected: Tensor, name: str
) -> None:
    """The numbers are right; the same gradients must come to each layer, too."""
    if not _reached(result, layers):
        raise Wrong(
            f"no gradient comes to some layers of {name}: detach or no_grad cuts them off."
        )
    weights = [value for layer in layers for value in layer]
    factors = torch.randn(expected.shape)
    ours = torch.autograd.grad((expected * factors).sum(), weights)
    theirs = torch.autograd.grad((result * factors).sum(), weights)
    for right, slope in zip(ours, theirs, strict=True):
        # Generous: a number close to 0 may be above it in one order of summation only.
        if (right - slope).norm() > 0.05 * right.norm() + 1e-3:
            raise Wrong(f"the layers of {name} get other gradients than relu gives.")
