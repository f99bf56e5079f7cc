import torch
from torch import Tensor, nn

from helper.expect import Case, Wrong, distinct, expect_function, expect_results

READY = "PyTorch's own batch norm does it for you: compute it from the layer's numbers."


READY_MADE = ["batch_norm", "F.batch_norm", "instance_norm", "native_batch_norm"]


def normalise(answer: object) -> str:
    """normalise(images, layer): what batch norm gives in evaluation mode."""
    function = expect_function(answer)
    cases = [_case(*distinct(4, 2, 7), training=training) for training in (0, 1)]
    cases += [_case(*distinct(4, 2, 7), training=0), _case(1, 3, 1, 1, training=0)]
    cases.append(_case(5, 5, 5, 5, training=1))  # broadcasting along a wrong side fits
    expect_results(
        function,
        cases,
        what="normalise(images, layer)",
        hint="Less the running mean, by the root of running_var + eps, times weight, plus bias.",
        tolerance=1e-4,
        any_float=True,
        without=dict.fromkeys(READY_MADE, READY),
        mistakes={
            "this is training mode: take the layer's averages, not the batch's.": (
                lambda x, layer: _apply(
                    x, layer, mean=x.mean((0, 2, 3)), var=x.var((0, 2, 3), False)
                )
            ),
            "with a layer in training mode this takes the batch's averages: take the layer's, "
            "whatever mode it is in.": _as_the_mode_says,
            "these are averages of each picture: take the layer's.": _of_each_picture,
            "the weight and the bias are exchanged: the weight multiplies.": (
                lambda x, layer: _apply(x, layer, layer.bias, layer.weight)
            ),
            "the bias is taken away: add it.": (
                lambda x, layer: _apply(x, layer, bias=-layer.bias)
            ),
            "this multiplies by the root: divide by it.": (
                lambda x, layer: _apply(x, layer, power=-0.5)
            ),
            "this divides by the weight: multiply by it.": (
                lambda x, layer: _apply(x, layer, weight=1 / layer.weight)
            ),
            "eps is taken away: add it to the variance.": (
                lambda x, layer: _apply(x, layer, eps=-layer.eps)
            ),
            "running_var is a variance: divide by its square root.": (
                lambda x, layer: _apply(x, layer, power=1.0)
            ),
            "eps is left out, or 1e-05 whatever the layer has: add layer.eps to the variance.": (
                lambda x, layer: _apply(x, layer, eps=0.0)
            ),
            "eps belongs under the root: it is added to the variance.": _eps_outside,
            "the weight and the bias are left out: multiply by one, add the other.": (
                lambda x, layer: _apply(x, layer, weight=1.0, bias=0.0)
            ),
            "the bias is left out: add it at the end.": (
                lambda x, layer: _apply(x, layer, bias=0.0)
            ),
            "the weight is left out: multiply by it.": (
                lambda x, layer: _apply(x, layer, weight=1.0)
            ),
            "the mean is left out: take it away first.": (
                lambda x, layer: _apply(x, layer, mean=0.0)
            ),
            "the variance is left out: divide by its root.": (
                lambda x, layer: _apply(x, layer, var=1.0, eps=0.0)
            ),
            "the bias is added before the weight multiplies: it comes after.": (
                lambda x, layer: (
                    (_apply(x, layer, 1.0, 0.0) + _wide(layer.bias))
                    * _wide(layer.weight)
                )
            ),
            "the mean is added: take it away.": (
                lambda x, layer: _apply(x, layer, mean=-layer.running_mean)
            ),
            "this is the picture as it came.": lambda x, layer: x,
        },
    )
    for case in cases:
        _expect_no_call(function, case)
    return (
        "In evaluation mode a picture gets the same numbers, whatever batch it is in."
    )


def _expect_no_call(function, case: Case) -> None:
    """The layer itself must not be used: a hook would see it."""
    images, layer = case.arguments
    called = []
    handle = layer.register_forward_hook(lambda *_: called.append(1))
    function(images.clone(), layer)
    handle.remove()
    if called:
        raise Wrong(READY)


def _case(n: int, channels: int, height: int, width: int, *, training: int) -> Case:
    layer = nn.BatchNorm2d(channels, eps=0.1 + torch.rand(()).item())
    with torch.no_grad():
        layer.weight.copy_(torch.rand(channels) + 1.5)
        layer.bias.copy_(torch.randn(channels) + 2)
        layer.running_mean.copy_(torch.randn(channels) + 1)
        layer.running_var.copy_(torch.rand(channels) * 2 + 0.3)
    layer.train(bool(training))
    images = 2 * torch.randn(n, channels, height, width)
    mode = "training" if training else "evaluation"
    given = f"given {tuple(images.shape)} and a layer in {mode} mode"
    return Case((images, layer), _apply(images, layer).detach(), given)


def _wide(numbers: object) -> object:
    return numbers[:, None, None] if isinstance(numbers, Tensor) else numbers


def _apply(
    images: Tensor,
    layer: nn.BatchNorm2d,
    weight: object = None,
    bias: object = None,
    *,
    mean: object = None,
    var: object = None,
    eps: float | None = None,
    power: float = 0.5,
) -> Tensor:
    """Batch norm with the layer's own numbers, but for those that are given."""
    own = (layer.weight, layer.bias, layer.running_mean, layer.running_var, layer.eps)
    weight, bias, mean, var, eps = (
        kept if given is None else given
        for given, kept in zip((weight, bias, mean, var, eps), own, strict=True)
    )
    spread = (var + eps) ** power
    return (images - _wide(mean)) / _wide(spread) * _wide(weight) + _wide(bias)


def _as_the_mode_says(x: Tensor, layer: nn.BatchNorm2d) -> Tensor:
    if not layer.training:
        return _apply(x, layer)
    return _apply(x, layer, mean=x.mean((0, 2, 3)), var=x.var((0, 2, 3), False))


def _of_each_picture(x: Tensor, layer: nn.BatchNorm2d) -> Tensor:
    var, mean = torch.var_mean(x, (2, 3), correction=0, keepdim=True)
    scaled = (x - mean) / (var + layer.eps).sqrt()
    return scaled * _wide(layer.weight) + _wide(layer.bias)


def _eps_outside(images: Tensor, layer: nn.BatchNorm2d) -> Tensor:
    spread = layer.running_var.sqrt() + layer.eps
    scaled = (images - _wide(layer.running_mean)) / _wide(spread)
    return scaled * _wide(layer.weight) + _wide(layer.bias)
