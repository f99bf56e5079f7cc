import random
from collections.abc import Callable

import torch

from helper.exercises.scaling_out.processes import Meeting
from helper.expect import Wrong, alike, distinct, expect_function, expect_number


def global_accuracy(answer: object) -> str:
    """global_accuracy(correct, seen, all_reduce)."""
    function = expect_function(answer)
    trials = []
    for world_size in [*distinct(2, 3, 4), 2, 1]:
        # Together more than int16 holds, where there are two processes or more.
        sizes = [
            random.randint(13_000, 16_000),
            *distinct(world_size - 1, 4_000, 9_000),
        ]
        random.shuffle(sizes)
        seen = [2 * n + 1 for n in sizes]
        trials.append([(random.randint(n // 10, n - 9), n) for n in seen])
    edges = [[(7, 9), (0, 0), (random.randint(1, 5), 8)]]  # one has no pictures
    edges.append([(n, n) for n in distinct(3, 2, 90)])
    edges.append([(0, n) for n in distinct(2, 2, 90)])
    outcomes = [_meet(function, counts) for counts in trials]
    for sentence, mistake in ACCURACY_MISTAKES.items():
        if all(map(_alike, outcomes, map(mistake, trials))):
            raise Wrong(sentence)
    _expect_fine_numbers(outcomes, trials)
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
    return "The sums, and then one division: so each picture counts the same."


def _expect_fine_numbers(outcomes: list[list], trials: list[list]) -> None:
    """Sums of so many pictures need a dtype that holds them."""
    for dtype in (torch.int8, torch.uint8, torch.int16, torch.float16, torch.bfloat16):
        for divide in (torch.true_divide, lambda a, b: a.double() / b.double()):
            mistaken = []
            for counts in trials:
                own = [torch.tensor(pair).to(dtype) for pair in counts]
                correct, seen = sum(own[1:], start=own[0])
                mistaken.append(_all(divide(correct, seen).item(), counts))
            if all(map(_alike, outcomes, mistaken)):
                name = str(dtype).removeprefix("torch.")
                if dtype.is_floating_point:
                    raise Wrong(
                        f"{name} is too coarse for so many pictures: use int64."
                    )
                most = torch.iinfo(dtype).max
                raise Wrong(
                    f"{name} ends at {most}, and there are more pictures: use int64, which "
                    "torch.tensor makes of whole numbers."
                )


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
    "these are the wrong ones: the share of the correct ones is asked for.": (
        lambda c: _all(1 - _whole(c), c)
    ),
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
