"""Threads that stand for processes, and an all_reduce between them."""

import threading
from collections.abc import Callable

import torch
import torch.distributed as dist
from torch import Tensor

from helper.expect import Wrong, call_for_effect, describe


class Meeting:
    """`dist.all_reduce` between threads, which stand here for processes.

    One runs at a time, until it ends or waits at all_reduce; so each run is like the other.
    """

    def __init__(self, world_size: int) -> None:
        self.world_size = world_size
        self.turns = [threading.Semaphore(0) for _ in range(world_size)]
        self.back = threading.Semaphore(0)  # to the one who gives turns
        self.ranks = {}  # by thread
        self.given = {}  # by rank, what waits for the others'
        self.total = None

    def all_reduce(self, tensor: Tensor, op: object = dist.ReduceOp.SUM) -> None:
        if not isinstance(tensor, Tensor):
            raise TypeError(f"all_reduce takes a tensor, got {type(tensor).__name__}")
        if op != dist.ReduceOp.SUM:
            raise ValueError("here, all_reduce adds up: leave op out")
        rank = self.ranks[threading.get_ident()]
        self.given[rank] = tensor.detach().clone()
        self.back.release()
        self.turns[rank].acquire()
        if self.total is None:
            raise Unmet
        with torch.no_grad():
            tensor.copy_(self.total)

    def run(self, function: Callable, *each: tuple, given: str = "") -> list:
        """What `function` returns in each process, called with that process's arguments."""
        results, errors = [None] * self.world_size, {}
        running = list(range(self.world_size))

        def one(rank: int) -> None:
            self.turns[rank].acquire()
            self.ranks[threading.get_ident()] = rank
            try:
                results[rank] = call_for_effect(function, *each[rank], given=given)
            except BaseException as error:
                errors[rank] = error
            running.remove(rank)
            self.back.release()

        for rank in running:
            threading.Thread(target=one, args=(rank,), daemon=True).start()
        while running:
            for rank in list(running):
                self.turns[rank].release()
                self.back.acquire()
            met = len(self.given) == self.world_size
            self.total = _sum(self.given) if met else None
            self.given = {}
        for error in errors.values():
            if not isinstance(error.__cause__, Unmet):
                raise _in_other_words(error)
        if errors:
            raise Wrong(
                "one process waits for another at all_reduce: each must call it equally "
                "often."
            )
        return results


def _sum(given: dict[int, Tensor]) -> Tensor:
    total, *others = given.values()
    for other in others:
        if (other.shape, other.dtype) != (total.shape, total.dtype):
            raise Wrong(
                "the processes give all_reduce tensors of different shapes or dtypes: they "
                "must be alike."
            )
        total = total + other
    return total


class Unmet(Exception):
    """A process waits at all_reduce, and another has ended."""


def _in_other_words(error: BaseException) -> BaseException:
    """What is behind an error when all_reduce was used in a wrong way."""
    cause = error.__cause__
    if cause is not None and "process group" in str(cause):
        return Wrong(
            "use the all_reduce that your function is given, not that of dist."
        )
    if isinstance(cause, TypeError) and "'NoneType' " in str(cause):
        return Wrong(
            "all_reduce returns nothing: it changes the tensor that it is given "
            f"({describe(cause)})."
        )
    return error
