import copy
import itertools
import math
import random
from collections.abc import Callable, Collection, Generator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helper.expect import (
    Calls,
    Case,
    Wrong,
    alike,
    call,
    describe,
    distinct,
    expect_function,
    expect_model,
    expect_no_mistake,
    expect_number,
    expect_results,
    expect_tensor,
    expect_unchanged,
    kind_of,
    remember,
)

SIZES = [784, 128, 64, 10]
# How many standard deviations are no chance: once in 10^11 draws, among all that are compared.
FAR = 12


def count_parameters(answer: object) -> str:
    """The number of parameters of 784 -> 128 -> 64 -> 10."""
    weights, biases = 784 * 128 + 128 * 64 + 64 * 10, 128 + 64 + 10
    expect_no_mistake(
        answer,
        {
            "these are the weights: each output has a bias too.": weights,
            "these are the biases: each pair of input and output has a weight too.": biases,
            "the sizes are added: each pair of input and output has a weight.": sum(
                SIZES
            ),
            "the sizes are all multiplied: multiply within a layer, then add up.": (
                784 * 128 * 64 * 10
            ),
            "the pictures' 784 points have no bias: only what a layer puts out.": (
                weights + biases + 784
            ),
            "this is the first layer alone: there are three.": 784 * 128 + 128,
            "the last layer has a bias too, ten of them.": weights + biases - 10,
            "one bias a layer is too few: each output has its own.": weights + 3,
            "a bias belongs to an output, not to an input.": weights + 784 + 128 + 64,
            "this is the lesson's network, 784 → 256 → 10.": 784 * 256 + 256 + 2570,
            "this is the number of tensors: count the numbers in them, numel().": 6,
            "this is the number of layers: count the numbers in them.": 3,
            "a picture has 28 times 28 points, 784.": 28 * 128
            + weights
            - 784 * 128
            + biases,
            "len() of a tensor is its first size: numel() counts all its numbers.": 2
            * biases,
            "the batch doesn't count: the same parameters serve all its pictures.": (
                64 * (weights + biases)
            ),
        },
    )
    expect_number(
        answer, weights + biases, hint="In times out, plus out, for each layer."
    )
    return "Nine tenths of them are in the first layer, where the picture comes in."


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
        _expect_relu_network(model, SIZES, batches)
        for sizes, rows in zip(other_sizes, others, strict=True):
            name = f"{type(answer).__name__}({sizes})"
            try:
                other = type(answer)(list(sizes))
            except Exception as error:
                raise Wrong(
                    f"{name} raises {describe(error)}. One list of sizes comes, and it may "
                    "be of any length."
                ) from error
            _expect_relu_network(other, sizes, [rows], name)
    except Wrong:
        _expect_the_sizes_that_come(type(answer), other_sizes[0])
        raise
    return "Its layers are registered, so that all parameters are found, for any sizes."


def _expect_the_sizes_that_come(kind: type, sizes: list[int]) -> None:
    """`kind`, whose models are wrong, must use its argument, which is one list."""
    asked = _pairs(sizes)
    found = _sizes_of(kind, sizes)
    if found == _pairs(SIZES):
        raise Wrong(
            f"{kind.__name__}({sizes}) has the layers {' → '.join(map(str, SIZES))}: make "
            "them of the sizes that come."
        )
    if found != asked and _sizes_of(kind, *sizes) == asked:
        raise Wrong(
            f"the sizes come as one list, {kind.__name__}({SIZES}), and your class takes "
            "them one by one: `def __init__(self, sizes)`, without a star."
        )


def _pairs(sizes: list[int]) -> list[tuple[int, int]]:
    """The shapes of the weights between these sizes: (out, in)."""
    return list(zip(sizes[1:], sizes[:-1], strict=True))


def _sizes_of(kind: type, *arguments: object) -> list[tuple[int, ...]] | None:
    """The shapes of the weights in the model that these arguments make, if they do."""
    try:
        model = kind(*copy.deepcopy(arguments))
        return [tuple(p.shape) for p in model.parameters() if p.ndim == 2]
    except Exception:
        return None


def sequential(answer: object) -> str:
    """nn.Sequential, 784 -> 128 -> 64 -> 10, relu between, logits out."""
    model = expect_model(answer)
    if not isinstance(model, nn.Sequential):
        raise Wrong(f"your answer is {kind_of(model)}, not an nn.Sequential.")
    batches = [torch.randn(count, 1, 28, 28) for count in [*distinct(2, 6, 12), 1]]
    _expect_relu_network(model, SIZES, batches)
    return "Linear and relu in turn, and nothing after the last layer: logits."


def _expect_relu_network(
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
    layers = _found_layers(model, sizes, name)
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
        _say_what_nobody_asked_for(model, name)
        raise Wrong(f"{name} raises, {given}, {describe(error)}") from error
    if result is None:
        raise Wrong(f"{name} returns None: is a `return` missing in forward?")
    return result


def _found_layers(
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
    pairs = _pairs(sizes)
    if sorted(s for s in shapes if len(s) == 2) != sorted(pairs):
        listed = ", ".join(f"{s[1]} → {s[0]}" for s in shapes if len(s) == 2) or "none"
        holder = _plain_holder(model)
        hint = f" Nobody looks into the plain {holder} in self." if holder else ""
        raise Wrong(
            f"the layers found in {name} are {listed}; expected "
            f"{' → '.join(map(str, sizes))}.{hint}"
        )
    if sorted(s for s in shapes if len(s) != 2) != sorted((n,) for n in sizes[1:]):
        _say_what_nobody_asked_for(model, name)
        raise Wrong(f"each layer of {name} should have one bias for each output.")
    by_shape = dict(zip(shapes, model.parameters(), strict=True))
    return [(by_shape[pair], by_shape[pair[:1]]) for pair in pairs]


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
    return isinstance(value, (Generator, zip, map))


def _say_what_nobody_asked_for(model: nn.Module, name: str) -> None:
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


def _compute(
    layers: Sequence[tuple[Tensor, Tensor]],
    rows: Tensor,
    activation: Callable = torch.relu,
    *,
    only: int | None = None,
) -> Tensor:
    """Linear layers, the activation after all but the last; or after the first `only`."""
    for number, (weight, bias) in enumerate(layers[:-1]):
        rows = F.linear(rows, weight, bias)
        if only is None or number < only:
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
    _say_what_nobody_asked_for(model, name)
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


def drop(answer: object) -> str:
    """drop(x, p, training): dropout by hand."""
    function = expect_function(answer)
    rates = [random.uniform(0.25, 0.42), random.uniform(0.6, 0.74)]
    rates += [random.uniform(0.08, 0.15), random.uniform(0.85, 0.92)]
    shapes = [(120, 100), (100, 130), (10, 30, 40), (12_000,)]
    tensors = [_away_from_zero(shape) for shape in shapes]
    small, at_rest = _away_from_zero((1, 3)), _away_from_zero((4, 5))
    with Calls() as calls:
        for p in rates:
            given = at_rest.clone().requires_grad_()
            result = call(function, given, p, False, given="with training=False")
            what = f"drop(x, {p:.2f}, False)"
            expect_tensor(result, at_rest, what=what, hint="It should be x as it is.")
            if not result.requires_grad:
                raise Wrong(
                    f"{what} has lost its graph: no gradient finds its way back to x."
                )
            expect_unchanged(given.detach(), remember(at_rest), "the argument x")
        rounds = [
            [_dropped(function, x, p) for x, p in zip(tensors, rates, strict=True)]
            for _ in range(4)
        ]
    if any("dropout" in name for name in calls.names):
        raise Wrong(
            "PyTorch's own dropout does it for you: draw the numbers with rand."
        )
    zeros = [[result == 0 for result, _ in results] for results in rounds]
    if any(zero.any() and not zero.all() for zero in zeros[0]) and all(
        torch.equal(one, other) for one, other in zip(zeros[0], zeros[1], strict=True)
    ):
        raise Wrong("the same numbers become 0 in each call: draw anew each time.")
    parts = [zero.double().mean().item() for zero in zeros[0]]
    if not any(
        _differ(part, 1 - p, zero.numel())
        for part, p, zero in zip(parts, rates, zeros[0], strict=True)
    ):
        raise Wrong(
            f"with p={rates[0]:.2f}, {parts[0]:.0%} of the numbers became 0: that many "
            "should stay. Keep where the number is >= p."
        )
    for x, p, (result, slope) in zip(tensors, rates, rounds[0], strict=True):
        _expect_dropout(x, p, result)
        if slope is None or not alike(x * slope, result):
            raise Wrong(
                "the numbers are right, but no gradient, or another one, goes back to x."
            )
    _expect_chance(list(zip(*zeros, strict=True)), rates)
    nothing = _dropped(function, small, 0.0)[0]
    expect_tensor(nothing, small, what="drop(x, 0.0, True)", any_float=True)
    return "The mean stays about the same, so that evaluation needs no correction."


def _away_from_zero(shape: tuple[int, ...]) -> Tensor:
    x = torch.randn(shape)
    return torch.where(x < 0, x - 0.1, x + 0.1)


def _dropped(function: Callable, x: Tensor, p: float) -> tuple[Tensor, Tensor | None]:
    """What drop gives in training, of x's shape, and the gradient that goes back to x."""
    given, what = x.clone().requires_grad_(), f"drop(x, {p:.2f}, True)"
    before = remember(given)
    try:
        result = call(function, given, p, True, given=f"with p={p:.2f}, training=True")
    except Wrong as wrong:
        if "leaf Variable" in str(wrong):
            raise Wrong(f"{wrong} x must not be changed: make a new tensor.") from None
        raise
    expect_unchanged(given, before, "the argument x", "Work on a copy.")
    # Any numbers will do here: only what kind of tensor it is, is looked at.
    stand_in = x if not isinstance(result, Tensor) or result.shape != x.shape else None
    if stand_in is None and not result.is_meta and result.layout == torch.strided:
        stand_in = result.detach().to(x.device, x.dtype)
    expect_tensor(
        result, x if stand_in is None else stand_in, what=what, any_float=True
    )
    if not result.isfinite().all():
        raise Wrong(f"some numbers of {what} are not finite.")
    if not result.requires_grad:
        raise Wrong(f"{what} has lost its graph: no gradient could go back to x.")
    slope = torch.autograd.grad(result.sum(), given, allow_unused=True)[0]
    return result.detach(), slope


def _expect_dropout(x: Tensor, p: float, result: Tensor) -> None:
    """A random part p of x is 0 and the others are x / (1 - p)."""
    if alike(result, x * ((result + p).abs() > 1e-6) - p):
        raise Wrong("/ 1 - p divides by 1, then subtracts p: write / (1 - p).")
    zero = result == 0
    part, count = zero.double().mean().item(), x.numel()
    _expect_independent(x, part, zero)
    if _differ(part, p, count):
        raise Wrong(
            f"with p={p:.2f}, {part:.0%} of the numbers became 0, expected about {p:.0%}."
        )
    factors = (result / x)[~zero].double()
    if factors.max() - factors.min() > 1e-3 * factors.abs().max():
        raise Wrong("the numbers that stay are not all x times the same.")
    factor = factors.mean().item()
    mistakes = {
        "the numbers that stay must grow, so that the mean stays: divide by 1 - p.": 1.0,
        "the numbers that stay are divided by p: divide by 1 - p.": 1 / p,
        "the numbers that stay are multiplied by 1 - p: divide by it.": 1 - p,
        "the numbers that stay are divided by 1 - p twice.": 1 / (1 - p) ** 2,
        "the numbers that stay are divided by 0.8 whatever p is: by 1 - p.": 1 / 0.8,
    }
    for sentence, mistaken in mistakes.items():
        if abs(factor / mistaken - 1) < 1e-5:
            raise Wrong(sentence)
    if abs(factor * (1 - p) - 1) > 1e-5:
        raise Wrong(
            f"with p={p:.2f}, the numbers that stay became {factor:.5g} times as large, "
            f"expected 1 / (1 - p), {1 / (1 - p):.5g}."
        )


def _expect_independent(x: Tensor, part: float, zero: Tensor) -> None:
    """Neither its place nor its value says whether a number became 0, as a `part` did."""
    rows = zero.flatten(1) if zero.ndim > 1 else zero.reshape(100, -1)
    columns = zero.reshape(-1, zero.shape[-1]).T if zero.ndim > 1 else ()
    _expect_parts(
        columns,
        part,
        "the same places become 0 in each row: draw for each number by itself.",
    )
    _expect_parts(
        rows, part, "whole rows become 0 together: draw for each number by itself."
    )
    _expect_neighbours_differ(zero, part)
    # What is drawn for several numbers together seems to depend on their values, too.
    masks = (x > 0, x < 0, x.abs() > 0.7, x.abs() < 0.7)
    _expect_parts(
        [zero[mask] for mask in masks],
        part,
        "it depends on the number itself whether it becomes 0: only chance decides.",
    )


def _expect_parts(groups: Sequence[Tensor], part: float, sentence: str) -> None:
    for group in groups:
        if _differ(group.double().mean().item(), part, group.numel()):
            raise Wrong(sentence)


def _expect_neighbours_differ(zero: Tensor, part: float) -> None:
    """Numbers that stand some places apart become 0 as if the other weren't there.

    For each such distance, the products of both deviations add up to about 0.
    """
    count, spread = zero.numel(), part * (1 - part)
    if not spread:
        return
    deviations = zero.flatten().double() - part
    spectrum = torch.fft.rfft(deviations, 2 * count)
    # Far apart there are few pairs, and chance plays a larger part.
    distances = torch.arange(1, 3 * count // 4)
    sums = torch.fft.irfft(spectrum.abs() ** 2, 2 * count)[distances]
    scores = sums / (spread * (count - distances) ** 0.5)
    place = int(scores.abs().argmax())
    if scores[place].abs() > FAR:
        distance = int(distances[place])
        if scores[place] > 0 and distance in zero.contiguous().stride():
            raise Wrong("neighbours become 0 together: draw for each number by itself.")
        raise Wrong(
            f"whether a number becomes 0 goes with the number {distance} places before it: "
            "draw for each number by itself."
        )


def _expect_chance(zeros: Sequence[Sequence[Tensor]], rates: Sequence[float]) -> None:
    """What becomes 0 in several calls, for each tensor, must be neither linked nor even."""
    for calls, p in zip(zeros, rates, strict=True):
        first, *later = (zero.double() - p for zero in calls)
        for other in later:
            score = (first * other).sum() / (p * (1 - p) * first.numel() ** 0.5)
            if abs(score) > FAR:
                raise Wrong(
                    "what became 0 in one call decides what becomes 0 in another: draw anew "
                    "each time."
                )
    even = Wrong(
        "exactly a share p becomes 0 each time, as if dealt out: draw for each number by "
        "itself, and the share differs a little."
    )
    squares = [
        _squared_scores(torch.stack(calls), p, range(1, calls[0].ndim + 1))
        for calls, p in zip(zeros, rates, strict=True)
    ]
    if _too_even(torch.cat(squares)):
        raise even
    for calls, p in zip(zeros, rates, strict=True):
        stack, ndim = torch.stack(calls), calls[0].ndim
        for size in range(1, ndim):
            for dims in itertools.combinations(range(1, ndim + 1), size):
                if _too_even(_squared_scores(stack, p, dims)):
                    raise even


def _squared_scores(zeros: Tensor, p: float, dims: Sequence[int]) -> Tensor:
    """How far the numbers of zeros along `dims` are from p, squared; by chance about 1."""
    counts = zeros.sum(dim=tuple(dims)).flatten().double()
    size = zeros.numel() / counts.numel()
    return (counts - size * p) ** 2 / (size * p * (1 - p))


def _too_even(squares: Tensor) -> bool:
    """Are these too small, all in all, to be chance? Less than once in 10^12 draws.

    Chernoff's bound for the sum of squares of normal numbers.
    """
    mean = squares.mean().item()
    if mean >= 1:
        return False
    return not mean or len(squares) / 2 * (math.log(mean) + 1 - mean) < -40


def _differ(part: float, p: float, count: int) -> bool:
    """Is this part of `count` numbers too far from p to be chance? Once in 10^13 draws."""
    return abs(part - p) > 8 * (p * (1 - p) / count) ** 0.5 + 5 / count


def linear(answer: object) -> str:
    """linear(rows, weight, bias): what nn.Linear computes."""
    function = expect_function(answer)
    cases = []
    ready = "that is PyTorch's own linear layer: multiply and add yourself."
    for number in range(7):
        count, size, out = distinct(3, 2, 9)
        if number == 5:
            out = size  # a square weight, which could be used unturned
        if number == 6:
            count = out  # as many rows as outputs
        if number == 3:
            count = 1
        rows, weight, bias = _leaf(count, size), _leaf(out, size), _leaf(out)
        if number == 0:  # its sum is more than 0
            bias = (1 + bias.detach().abs()).requires_grad_()
        if number == 2:
            bias = None
        if number == 4:  # its sum is exactly 0
            bias = (torch.arange(out) - (out - 1) / 2).requires_grad_()
        if number == 1:
            bias = (-1 - bias.detach().abs()).requires_grad_()
        given = f"given rows {count, size}, weight {out, size} and bias "
        given += "None" if bias is None else f"({out},)"
        cases.append(
            Case((rows, weight, bias), F.linear(rows, weight, bias).detach(), given)
        )
    expect_results(
        function,
        cases,
        what="linear(rows, weight, bias)",
        hint="Rows times the turned weight, plus the bias if there is one.",
        without={"linear": ready},
        mistakes={
            "reshape doesn't turn the weight, it scrambles it: .T turns it.": (
                lambda r, w, b: _plus(r @ w.reshape(w.shape[::-1]), b)
            ),
            "the bias isn't used: add it, if there is one.": lambda r, w, b: r @ w.T,
            "the bias is subtracted: add it.": (
                lambda r, w, b: _plus(r @ w.T, None if b is None else -b)
            ),
            "the bias is added twice.": lambda r, w, b: _plus(_plus(r @ w.T, b), b),
            "1 is added instead of the bias.": lambda r, w, b: r @ w.T + 1,
            "the bias's mean is added: each output has a bias of its own.": (
                lambda r, w, b: _plus(r @ w.T, None if b is None else b.mean())
            ),
            "there is a relu at the end: nn.Linear has none.": (
                lambda r, w, b: F.linear(r, w, b).relu()
            ),
            "rows and columns of the result are swapped: a row for each of rows.": (
                lambda r, w, b: F.linear(r, w, b).T
            ),
            "this is the mean of the products: it is their sum.": (
                lambda r, w, b: _plus(r @ w.T / w.shape[1], b)
            ),
            "this is the first row's result only: one row for each of rows.": (
                lambda r, w, b: F.linear(r[0], w, b)
            ),
        },
    )
    for case in cases[:3]:
        _expect_graph(function, case)
    return "Every fully connected layer is this one line."


def _leaf(*shape: int) -> Tensor:
    return torch.randn(shape).requires_grad_()


def _plus(result: Tensor, bias: Tensor | None) -> Tensor:
    return result if bias is None else result + bias


def _expect_graph(function: Callable, case: Case) -> None:
    """The gradients of rows, weight and bias must be those of nn.Linear."""
    theirs, ours = copy.deepcopy(case.arguments), case.arguments
    result = call(function, *theirs, given=case.given)
    names = [
        n
        for n, t in zip(("rows", "weight", "bias"), theirs, strict=True)
        if t is not None
    ]
    inputs = [t for t in theirs if t is not None]
    if not result.requires_grad:
        raise Wrong("the result has lost its graph: no gradient goes back to weight.")
    expected = F.linear(*ours)
    factors = torch.randn(expected.shape)
    slopes = torch.autograd.grad((result * factors).sum(), inputs, allow_unused=True)
    rights = torch.autograd.grad(
        (expected * factors).sum(), [t for t in ours if t is not None]
    )
    for name, slope, right in zip(names, slopes, rights, strict=True):
        if slope is None:
            raise Wrong(f"no gradient goes back to {name}: its graph is cut.")
        expect_tensor(slope, right, what=f"the gradient of {name}", tolerance=1e-4)


EXERCISES = (count_parameters, mended, sequential, drop, linear)
