import copy
import itertools
import math
import random
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from helper.exercises.scaling_out.processes import Meeting
from helper.expect import (
    Case,
    Wrong,
    alike,
    call,
    distinct,
    expect_function,
    expect_number,
    expect_results,
    expect_tensor,
    expect_unchanged,
    kind_of,
    remember,
)


def share(answer: object) -> str:
    """share(n, rank, world_size)."""
    function = expect_function(answer)
    processes = distinct(4, 4, 8)
    # What is left over is at least two, and two processes at least get none of it.
    trials = [
        (w * random.randint(4, 9) + random.randint(2, w - 2), w) for w in processes
    ]
    w = processes[0]
    trials += [(w * random.randint(2, 5), w), (random.randint(1, w - 1), w)]
    trials += [(random.randint(5, 9), 1), trials[0]]
    for n, world_size in trials:
        ranks = random.sample(range(world_size), world_size)
        shares = {rank: _share(function, n, rank, world_size) for rank in ranks}
        _expect_all_dealt(n, world_size, shares)
    return "each picture once, whatever the numbers are."


def _share(function: Callable, n: int, rank: int, world_size: int) -> list[int]:
    """The numbers of one process, if they are numbers of pictures."""
    what = f"share({n}, {rank}, {world_size})"
    own = call(function, n, rank, world_size, given=f"in {what}")
    try:
        own = list(itertools.islice(own, 3 * n + 3))  # an iterator may go on for ever
    except Exception:
        raise Wrong(
            f"{what} is {kind_of(own)}, expected whole numbers one after another, such as a "
            "range."
        ) from None
    for i, number in enumerate(own):
        if isinstance(number, (Tensor, np.ndarray)) and number.ndim == 0:
            number = (
                number.item() if getattr(number, "is_meta", False) is False else None
            )
        if isinstance(number, bool) or not isinstance(number, (int, np.integer)):
            raise Wrong(
                f"{what} holds {kind_of(number)}, expected whole numbers (int), such as a "
                "range has."
            )
        own[i] = int(number)
    return own


def _expect_all_dealt(n: int, world_size: int, shares: dict[int, list[int]]) -> None:
    where = f"With {n} pictures and {world_size} processes"
    counts = [0] * n
    for own in shares.values():
        for i in own:
            if not 0 <= i < n:
                raise Wrong(f"of {n} pictures there is none with number {i}.")
            counts[i] += 1
    for i, count in enumerate(counts):
        if count > 1:
            raise Wrong(f"{where}, picture {i} is counted {count} times.")
        if count == 0:
            raise Wrong(f"{where}, picture {i} is left out.")
    sizes = [len(shares[rank]) for rank in range(world_size)]
    if max(sizes) - min(sizes) > 1:
        raise Wrong(
            f"{where}, the shares are {sizes}: the largest has {max(sizes) - min(sizes)} more "
            "than the smallest."
        )


def global_accuracy(answer: object) -> str:
    """global_accuracy(correct, seen, all_reduce)."""
    function = expect_function(answer)
    trials = []
    for world_size in [*distinct(2, 3, 4), 2, 1]:
        seen = [2 * n + 1 for n in distinct(world_size, 1100, 9000)]
        trials.append([(random.randint(n // 10, n - 9), n) for n in seen])
    edges = [[(7, 9), (0, 0), (random.randint(1, 5), 8)]]  # one has no pictures
    edges.append([(n, n) for n in distinct(3, 2, 90)])
    edges.append([(0, n) for n in distinct(2, 2, 90)])
    outcomes = [_meet(function, counts) for counts in trials]
    for sentence, mistake in ACCURACY_MISTAKES.items():
        if all(map(_alike, outcomes, map(mistake, trials))):
            raise Wrong(sentence)
    outcomes += [_meet(function, counts) for counts in edges]
    for counts, results in zip(trials + edges, outcomes, strict=True):
        for result in results:
            expect_number(
                result,
                _whole(counts),
                what=f"the accuracy, {_in_words(counts)},",
                tolerance=1e-5,
                say_expected=True,
                hint="Add up correct and seen over the processes, then divide.",
            )
    return "the sums, and then one division: so each picture counts the same."


def _meet(function: Callable, counts: list[tuple[int, int]]) -> list:
    """What each process is given back; of `counts`, each has a pair."""
    meeting = Meeting(len(counts))
    each = [(*own, meeting.all_reduce) for own in counts]
    results = meeting.run(function, *each, given=_in_words(counts))
    if any(result is None for result in results):
        raise Wrong("your function returns None: is a `return` missing?")
    return results


def _alike(results: list, numbers: list[float]) -> bool:
    return all(map(alike, results, numbers))


def _in_words(counts: list[tuple[int, int]]) -> str:
    return "given " + " and ".join(f"{right} of {n}" for right, n in counts)


def _whole(counts: list[tuple[int, int]]) -> float:
    return sum(right for right, _ in counts) / sum(n for _, n in counts)


def _of(counts: list[tuple[int, int]]) -> tuple[int, int, list[float]]:
    own = [right / n for right, n in counts]
    return sum(right for right, _ in counts), sum(n for _, n in counts), own


def _all(number: float, counts: list) -> list[float]:
    return [number] * len(counts)


# Each gives what the processes get, from (correct, seen) of each.
ACCURACY_MISTAKES = {
    "this is the mean of the processes' accuracies, and they have not seen equally many. "
    "Add up correct and seen, then divide.": (
        lambda c: _all(sum(_of(c)[2]) / len(c), c)
    ),
    "this is half the sum of the processes' accuracies. Add up correct and seen, then "
    "divide.": lambda c: _all(sum(_of(c)[2]) / 2, c),
    "this is the sum of the processes' accuracies. Add up correct and seen.": (
        lambda c: _all(sum(_of(c)[2]), c)
    ),
    "this is the accuracy of one process alone.": lambda c: _of(c)[2],
    "only correct is added up: seen is that of one process.": lambda c: [
        _of(c)[0] / n for _, n in c
    ],
    "only correct is added up, and the others have not seen as many as this process.": (
        lambda c: [_of(c)[0] / (2 * n) for _, n in c]
    ),
    "correct is added up twice.": lambda c: _all(len(c) * _whole(c), c),
    "upside down: correct is divided by seen.": lambda c: _all(1 / _whole(c), c),
    "this is a whole number: // and whole numbers' tensors lose the fraction.": (
        lambda c: _all(int(_whole(c)), c)
    ),
    "this is a percentage: a number from 0 to 1 is asked for.": (
        lambda c: _all(100 * _whole(c), c)
    ),
    "this is rounded: give the number as it is.": lambda c: _all(
        round(_whole(c), 2), c
    ),
}


def average_gradients(answer: object) -> str:
    """average_gradients(model, all_reduce, world_size)."""
    function = expect_function(answer)
    first, second = distinct(2, 3, 5)
    for world_size, frozen in [(first, ()), (second, (2,)), (2, (0, 1)), (1, ())]:
        sizes = distinct(3, 3, 8)
        start = nn.Sequential(nn.Linear(sizes[0], sizes[1]), nn.BatchNorm1d(sizes[1]))
        start.append(nn.Sequential(nn.ReLU(), nn.Linear(sizes[1], sizes[2])))
        models = [copy.deepcopy(start) for _ in range(world_size)]
        for model in models:
            for number, parameter in enumerate(model.parameters()):
                if number in frozen:
                    parameter.requires_grad = False
                else:
                    parameter.grad = 3 * torch.randn_like(parameter)
        _expect_averaged(function, models, "some parts are frozen" if frozen else "")
    return (
        "all processes have the mean, and what is frozen stays as it is: so does DDP."
    )


def _expect_averaged(function: Callable, models: list[nn.Module], frozen: str) -> None:
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
            what = f"the gradient of {name}, with {world_size} processes,"
            expect_tensor(got, sums[name] / world_size, what=what)


# Each gives a gradient, from the process's own, the sum, and how many processes there are.
GRADIENT_MISTAKES = {
    "the gradients are still those of each process alone.": lambda own, total, n: own,
    "these are the sums over the processes: divide by how many they are.": (
        lambda own, total, n: total
    ),
    "each process has divided its own gradients, and nothing is added up in them.": (
        lambda own, total, n: own / n
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
        lambda own, total, n: total / 6
    ),
    "// makes whole numbers: divide with /.": lambda own, total, n: total // n,
    "each gradient is one number all over: average over processes, not within.": (
        lambda own, total, n: torch.full_like(total, total.mean() / n)
    ),
}


def efficiency(answer: object) -> str:
    """efficiency(cards, compute, gradient_bytes, link)."""
    function = expect_function(answer)
    several = [*distinct(4, 3, 64), 2, 1000]
    # Now computing takes longer, now sending.
    cases = [_step(n, long=i % 2 == 1) for i, n in enumerate(several)]
    expect_results(
        function,
        cases,
        what="efficiency(cards, compute, gradient_bytes, link)",
        hint="Sending takes 2·(n-1)/n·gradient_bytes/link seconds; the step takes both.",
        mistakes=EFFICIENCY_MISTAKES,
    )
    alone = Case((1, *_step(2, long=False).arguments[1:]), 1.0, "given one card")
    expect_results(
        function,
        [alone],
        what="efficiency(cards, compute, gradient_bytes, link)",
        hint="With one card there is nobody to send to.",
    )
    return "with many cards it hardly falls any more, as long as messages cost nothing."


def _step(cards: int, long: bool) -> Case:
    """Computing takes longer than sending, or the other way round for `long`."""
    compute, link = 10 ** random.uniform(-2, 0), 10 ** random.uniform(8, 11)
    times = random.uniform(1.1, 2) if long else random.uniform(0.1, 0.4)
    gradient_bytes = int(compute * link * times)
    given = (
        f"given {cards} cards, {compute:.3g} s, {gradient_bytes} bytes, {link:.3g}/s"
    )
    arguments = (cards, compute, gradient_bytes, link)
    return Case(arguments, compute / (compute + _sending(*arguments)), given)


def _sending(n: int, compute: float, gradient_bytes: int, link: float) -> float:
    return 2 * (n - 1) / n * gradient_bytes / link


# From a sentence to the result, from the computing time c, the sending time s, the number
# of cards n, and the time b that all bytes take once.
_MISTAKES = {
    "the 2 is missing: pieces go round twice.": lambda c, s, n, b: c / (c + s / 2),
    "(n-1)/n is missing.": lambda c, s, n, b: c / (c + 2 * b),
    "sending counts n times: divide 2·(n-1) by n, and leave compute.": (
        lambda c, s, n, b: c / (c + n * s)
    ),
    "(n-1)/n is upside down.": lambda c, s, n, b: c / (c + 2 * n / (n - 1) * b),
    "brackets are missing around the whole step: compute / (compute + ...).": (
        lambda c, s, n, b: c / c + s
    ),
    "brackets are missing around n - 1.": lambda c, s, n, b: c / (c + 2 * n - b / n),
    "this is the share of sending: that of computing is asked for.": (
        lambda c, s, n, b: s / (c + s)
    ),
    "this is computing divided by sending: divide by both together.": (
        lambda c, s, n, b: c / s
    ),
    "upside down: computing is divided by the whole step.": lambda c, s, n, b: (
        (c + s) / c
    ),
    "this is the time of the step: computing is to be divided by it.": (
        lambda c, s, n, b: c + s
    ),
    "this is multiplied by the number of cards: the share alone is asked for.": (
        lambda c, s, n, b: n * c / (c + s)
    ),
    "messages cost nothing here: leave their time out.": lambda c, s, n, b: (
        c / (c + s + 2 * (n - 1) * 20e-6)
    ),
    "link is in bytes a second already: there are no bits to count.": (
        lambda c, s, n, b: c / (c + 8 * s)
    ),
    "gradient_bytes are bytes already: don't take them four times.": (
        lambda c, s, n, b: c / (c + 4 * s)
    ),
    "the two don't overlap here: the step takes their sum, not the longer one.": (
        lambda c, s, n, b: c / max(c, s)
    ),
    "plus: sending makes the step longer.": lambda c, s, n, b: c / (c - s),
    "this is a percentage: a number from 0 to 1 is asked for.": lambda c, s, n, b: (
        100 * c / (c + s)
    ),
    "this is rounded: give the number as it is.": lambda c, s, n, b: round(
        c / (c + s), 2
    ),
    "2·(n-1)/n is 1 for two cards only: use cards, and / and not //.": (
        lambda c, s, n, b: c / (c + b)
    ),
}


def _of_step(mistake: Callable) -> Callable:
    """The same, from the arguments of `efficiency`."""

    def mistaken(n: int, compute: float, gradient_bytes: int, link: float) -> float:
        sending = _sending(n, compute, gradient_bytes, link)
        try:
            return mistake(compute, sending, n, gradient_bytes / link)
        except ZeroDivisionError:
            return math.nan

    return mistaken


EFFICIENCY_MISTAKES = {
    sentence: _of_step(mistake) for sentence, mistake in _MISTAKES.items()
}
EXERCISES = (share, global_accuracy, average_gradients, efficiency)
