import numpy as np
import torch
from torch import Tensor

from helper.expect import Wrong, expect_tried, kind_of


def shares_memory(answer: object) -> str:
    """Which expressions share memory with the contiguous x of shape (4, 6)?"""
    expect_tried(answer)
    if isinstance(answer, (Tensor, np.ndarray)) and answer.dtype in (torch.bool, bool):
        answer = answer.tolist()
    if isinstance(answer, (set, str)):
        raise Wrong(
            f"your answer is {kind_of(answer)}, which doesn't keep five values in order: "
            "write a list, such as [True, False, ...]."
        )
    if not isinstance(answer, (list, tuple)):
        raise Wrong(
            f"your answer is {kind_of(answer)}, not a list of five times True or False."
        )
    if any(isinstance(value, str) for value in answer):
        raise Wrong(
            "there is text in your list: True and False are written without quotes."
        )
    if len(answer) == 1 and isinstance(answer[0], (list, tuple)):
        raise Wrong("there is a list in your list: one pair of brackets is enough.")
    for value in answer:
        if not _is_truth(value):
            raise Wrong(
                f"there is {kind_of(value)} in your list, not only True and False."
            )
    if len(answer) != 5:
        raise Wrong(f"there are five expressions, and {len(answer)} values in yours.")
    given = [bool(value) for value in answer]
    if given == [False, False, True, True, True]:
        raise Wrong("it is the other way round: True is for those that share memory.")
    for shares, right, sentence in zip(given, SHARED.values(), SHARED, strict=True):
        if shares != right:
            raise Wrong(sentence)
    return "A slice, or the same order in another shape, is a view; the others copy."


def _is_truth(value: object) -> bool:
    """Is it True or False, or a number or a tensor that is equal to one of them?"""
    try:
        return value in (True, False)
    except (RuntimeError, ValueError):  # a tensor or an array of several numbers
        return False


# In the order of the question: what to say of the wrong answer, and the right one.
SHARED = {
    "x[1:3] is wrong: a slice of a tensor is a view, unlike one of a list. It begins "
    "inside x's memory, so data_ptr() alone, or `is`, doesn't tell.": True,
    "x.flatten() is wrong: x is contiguous, its rows lie one after the other already, so "
    "nothing has to be copied.": True,
    "x.t().flatten() is wrong: x.t() is a view, but this row has its numbers in an order "
    "that x's memory doesn't have.": False,
    "x + 0 is wrong: a sum is computed, and its numbers, even if they are the same, need "
    "memory of their own.": False,
    "x[[1, 2]] is wrong: a slice x[1:3] is a view, but a list may name any rows in any "
    "order, so an index that is a list always copies.": False,
}
