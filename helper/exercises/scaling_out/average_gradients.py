import copy
from collections.abc import Callable

import torch
from torch import nn

from helper.exercises.scaling_out.processes import Meeting
from helper.expect import (
    Wrong,
    alike,
    distinct,
    expect_function,
    expect_tensor,
    expect_unchanged,
    remember,
)


def average_gradients(answer: object) -> str:
    """average_gradients(model, all_reduce, world_size)."""
    function = expect_function(answer)
    first, second = distinct(2, 3, 5)
    for world_size, frozen in [(first, ()), (second, (2,)), (2, (0, 1)), (1, ())]:
        sizes = distinct(3, 3, 8)
        start = nn.Sequential(nn.Linear(sizes[0], sizes[1]), nn.BatchNorm1d(sizes[1]))
        start.scale = nn.Parameter(torch.randn(sizes[0]))  # in no layer
        last = [nn.Linear(sizes[2], sizes[2]) for _ in range(2)]
        last[1].weight = last[0].weight  # two layers share it
        start.append(nn.Sequential(nn.ReLU(), nn.Linear(sizes[1], sizes[2]), *last))
        models = [copy.deepcopy(start) for _ in range(world_size)]
        for model in models:
            nn.init.normal_(model[1].running_mean)  # buffers are each process's own
            for number, parameter in enumerate(model.parameters()):
                if number in frozen:
                    parameter.requires_grad = False
                else:
                    parameter.grad = 3 * torch.randn_like(parameter)
        if not frozen:
            models[-1][0].bias.grad.zero_()  # and not so in the other processes
        _expect_averaged(function, models, bool(frozen))
    return (
        "all processes have the mean, and what is frozen stays as it is: so does DDP."
    )


def _expect_averaged(function: Callable, models: list[nn.Module], frozen: bool) -> None:
    own = [
        {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}
        for model in models
    ]
    before = [remember(model) for model in models]
    meeting, world_size = Meeting(len(models)), len(models)
    each = [(model, meeting.all_reduce, world_size) for model in models]
    try:
        meeting.run(function, *each, given=f"in {world_size} processes")
    except Wrong as wrong:
        if frozen and "None" in str(wrong):
            raise Wrong(
                "it fails for a frozen layer, whose parameters have a grad of None: leave "
                "these out."
            ) from wrong
        if "different shapes" in str(wrong):
            raise Wrong(
                f"{wrong} Take the same parameters in the same order, whatever gradients they "
                "have."
            ) from wrong
        raise
    for model, kept in zip(models, before, strict=True):
        del kept["has other gradients now"]
        expect_unchanged(model, kept, "the model", "Only its gradients are to change.")
    for model, mine in zip(models, own, strict=True):
        for name, parameter in model.named_parameters():
            if name not in mine and parameter.grad is not None:
                raise Wrong(
                    f"{name} is frozen and has a gradient now: its grad is to stay None."
                )
            if name in mine and parameter.grad is None:
                raise Wrong(
                    f"the gradient of {name} is gone: its place is in parameter.grad."
                )
    sums = {name: sum(each[name] for each in own) for name in own[0]}
    grads = [[model.get_parameter(name).grad for name in sums] for model in models]
    if world_size > 2 and not frozen:
        for sentence, mistake in GRADIENT_MISTAKES.items():
            wrong = [
                [mistake(mine[n], sums[n], world_size) for n in sums] for mine in own
            ]
            pairs = zip(sum(grads, []), sum(wrong, []), strict=True)
            if all(alike(got, want) for got, want in pairs):
                raise Wrong(sentence)
    for row, mine in zip(grads, own, strict=True):
        for got, name in zip(row, sums, strict=True):
            if world_size > 1 and torch.equal(got, mine[name]):
                raise Wrong(
                    f"the gradient of {name} is still that of one process alone."
                )
            shared = name == "2.2.weight"
            if world_size > 1 and shared and alike(got, sums[name] / world_size**2):
                raise Wrong(
                    f"{name}, which two layers share, is divided twice: model.parameters() has "
                    "it once."
                )
            what = f"the gradient of {name}, with {world_size} processes,"
            expect_tensor(got, sums[name] / world_size, what=what, say_expected=True)


# Each gives a gradient, from the process's own, the sum, and how many processes there are.
GRADIENT_MISTAKES = {
    "the gradients are still those of each process alone.": lambda own, total, n: own,
    "these are the sums over the processes: divide by how many they are.": (
        lambda own, total, n: total
    ),
    "each process has divided its own gradients, and nothing is added up in them.": (
        lambda own, total, n: own / n
    ),
    "the sums are divided by one less than the number of processes.": (
        lambda own, total, n: total / max(n - 1, 1)
    ),
    "the sums are divided twice by the number of processes.": lambda own, total, n: (
        total / n**2
    ),
    "the sums are multiplied by the number of processes: divide.": (
        lambda own, total, n: total * n
    ),
    "the sums are divided by two, and there are more processes: world_size says it.": (
        lambda own, total, n: total / 2
    ),
    "the sums are divided by the number of parameters, not of processes.": (
        lambda own, total, n: total / 10
    ),
    "// makes whole numbers: divide with /.": lambda own, total, n: total // n,
    "each gradient is one number all over: average over processes, not within.": (
        lambda own, total, n: torch.full_like(total, total.mean() / n)
    ),
}
