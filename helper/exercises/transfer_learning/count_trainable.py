from torch import nn

from helper.exercises.transfer_learning.networks import Pictures, Scale, mixed_network
from helper.expect import Case, expect_function, expect_results


def count_trainable(answer: object) -> str:
    """count_trainable(model)."""
    function = expect_function(answer)
    usual, frozen, free = Pictures(), Pictures(), Pictures()
    usual.features.requires_grad_(False)
    frozen.requires_grad_(False)
    models = {
        "given a network whose features are frozen": usual,
        "given layers in layers, some frozen, one weight shared": mixed_network(),
        "given a network that is all frozen": frozen,
        "given a network that is not frozen": free,
        "given parameters that are no layer's": Scale(),
    }
    expect_results(
        function,
        [Case((model,), _count(model), given) for given, model in models.items()],
        what="count_trainable(model)",
        hint="Go through model.parameters(), ask p.requires_grad, add up p.numel().",
        mistakes=COUNTING_MISTAKES,
    )
    return "Frozen numbers don't count, and tensors are counted by their numbers."


def _count(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def _total(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


COUNTING_MISTAKES = {
    "the frozen ones are counted too: ask p.requires_grad.": _total,
    "these are tensors: p.numel() is how many numbers one has.": lambda model: sum(
        p.requires_grad for p in model.parameters()
    ),
    "these are the frozen ones.": lambda model: _total(model) - _count(model),
    "this is the whole state dict, with running statistics, and what is frozen.": (
        lambda model: sum(value.numel() for value in model.state_dict().values())
    ),
    "buffers are counted too, such as running statistics: no optimizer changes them.": (
        lambda model: _count(model) + sum(b.numel() for b in model.buffers())
    ),
    "this is 0 for every model: ask a parameter's own requires_grad. Its .data and a state "
    "dict's tensors never ask for gradients, and .grad is None before backward.": (
        lambda model: 0
    ),
    "these are bytes: a float32 number has four of them.": lambda m: 4 * _count(m),
    "this is a share: how many they are is asked for.": lambda model: (
        _count(model) / _total(model)
    ),
    "only what is called weight is counted: biases learn as well, and so do others.": (
        lambda model: sum(
            p.numel()
            for name, p in model.named_parameters()
            if p.requires_grad and "weight" in name
        )
    ),
    "a layer inside of another is counted again: model.parameters() finds all, once.": (
        lambda model: sum(_count(part) for part in model.modules())
    ),
    "a weight that two layers share is counted twice.": lambda model: sum(
        p.numel()
        for _, p in model.named_parameters(remove_duplicate=False)
        if p.requires_grad
    ),
    "this is the first tensor alone: return after the loop.": lambda model: next(
        (p.numel() for p in model.parameters() if p.requires_grad), 0
    ),
}
