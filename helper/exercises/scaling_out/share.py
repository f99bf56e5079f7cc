import itertools
import random
from collections.abc import Callable

import numpy as np
from torch import Tensor

from helper.expect import (
    Wrong,
    call,
    call_for_effect,
    distinct,
    expect_function,
    kind_of,
)


def share(answer: object) -> str:
    """share(n, rank, world_size)."""
    # What a class gives when it is called may hold numbers, too.
    function = answer if isinstance(answer, type) else expect_function(answer)
    processes = distinct(4, 4, 8)
    # What is left over is at least two, and two processes at least get none of it.
    trials = [
        (w * random.randint(4, 9) + random.randint(2, w - 2), w) for w in processes
    ]
    w = processes[0]
    trials += [(w * random.randint(2, 5), w), (random.randint(2, w - 1), w)]
    trials += [(random.randint(5, 9), 1), trials[0]]
    for n, world_size in trials:
        ranks = random.sample(range(world_size), world_size)
        shares = {rank: _share(function, n, rank, world_size) for rank in ranks}
        _expect_no_bounds(n, world_size, shares)
        _expect_all_dealt(n, world_size, shares)
    return "Each picture once, whatever the numbers are."


def _share(function: Callable, n: int, rank: int, world_size: int) -> list[int]:
    """The numbers of one process, if they are numbers of pictures."""
    what = f"share({n}, {rank}, {world_size})"
    calling = call if n >= world_size else call_for_effect
    own = calling(function, n, rank, world_size, given=f"in {what}")
    if own is None:
        raise Wrong(f"{what} is None: no pictures is an empty list, or an empty range.")
    if isinstance(own, slice):
        raise Wrong(f"{what} is a slice: range(n)[it] has the numbers themselves.")
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


def _expect_no_bounds(n: int, world_size: int, shares: dict[int, list[int]]) -> None:
    pairs = [shares[rank] for rank in range(world_size)]
    if n > 2 * world_size > 2 and all(len(pair) == 2 for pair in pairs):
        edges = [pairs[0][0], *(stop for _, stop in pairs)]
        if edges[0] == 0 and edges[-1] in (n - 1, n) and edges == sorted(edges):
            raise Wrong(
                "these are a start and a stop: range(start, stop) has all numbers from the one "
                "to the other."
            )


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
