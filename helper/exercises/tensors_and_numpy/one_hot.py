import torch
import torch.nn.functional as F
from torch import Tensor

from helper.expect import (
    Case,
    distinct,
    expect_function,
    expect_no_loop,
    expect_results,
)


def one_hot(answer: object) -> str:
    """one_hot(labels): (N,) int64, each from 0 to 9, to (N, 10) float."""
    function = expect_function(answer)
    some, more = distinct(2, 2, 30, but=[3, 10])
    batches = [_labels(some), _labels(more), _labels(some), _labels(1)]
    batches.append(torch.randperm(10))  # each class comes up
    batches.append(torch.tensor([0, 1, 0]))  # the classes 2 to 9 never do
    expect_no_loop(
        function, "Compare a column of labels with a row of the ten numbers."
    )
    expect_results(
        function,
        [
            Case((labels,), F.one_hot(labels, 10).float(), f"with N = {len(labels)}")
            for labels in batches
        ],
        what="one_hot(labels)",
        hint="Make the labels a column, (N, 1), and compare it with arange(10).",
        any_float=True,
        without={"one_hot": "F.one_hot does it for you: compare a column with a row."},
        mistakes={
            "the rows and the columns are swapped: a row for each label.": lambda labels: (
                F.one_hot(labels, 10).T
            ),
            "there are as many columns as the largest label needs: there are ten digits.": (
                lambda labels: F.one_hot(labels)
            ),
            "0 and 1 are swapped: 1 where the label is the column's number.": (
                lambda labels: 1 - F.one_hot(labels, 10)
            ),
            "there is a 1 at all places up to the label: only the label's own gets one.": (
                lambda labels: F.one_hot(labels, 10).flip(1).cumsum(1).flip(1)
            ),
            "the label itself stands at its place: a 1 is asked for.": lambda labels: (
                F.one_hot(labels, 10) * labels.reshape(-1, 1)
            ),
            "elsewhere there is -1: 0 is asked for.": lambda labels: (
                F.one_hot(labels, 10) * 2 - 1
            ),
            "the ten numbers are 0 to 9, and these are compared with 1 to 10.": (
                lambda labels: F.one_hot(labels, 11)[:, 1:]
            ),
        },
    )
    empty = torch.zeros(0, dtype=torch.int64)
    expect_results(
        function,
        [Case((empty,), torch.zeros(0, 10), "with N = 0, an empty batch")],
        what="one_hot(labels)",
        hint="It has no rows, and ten columns still.",
        any_float=True,
    )
    return "(N, 1) against (10,) broadcasts to (N, 10): each label meets each number."


def _labels(count: int) -> Tensor:
    return torch.randint(0, 10, (count,))
