import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader

from helper.expect import (
    Case,
    Wrong,
    call,
    distinct,
    expect_function,
    expect_no_loop,
    expect_results,
    expect_tensor,
    expect_tried,
)


def three_rows_of_four(answer: object) -> str:
    """0 to 11 as float32, in three rows of four."""
    expect_tensor(
        answer,
        torch.arange(12, dtype=torch.float32).reshape(3, 4),
        hint="Think of torch.arange and reshape, and of how a dtype is asked for.",
    )
    return (
        "reshape fills row by row, and the dtype was asked for, not left to the values."
    )


def shares_memory(answer: object) -> str:
    """Which expressions share memory with the contiguous x of shape (4, 6)?"""
    expect_tried(answer)
    expressions = ["x[1:3]", "x.flatten()", "x.t().flatten()", "x + 0", "x[[1, 2]]"]
    expected = [True, True, False, False, False]
    if not isinstance(answer, (list, tuple)) or not all(
        isinstance(value, (bool, np.bool_)) for value in answer
    ):
        raise Wrong("the answer is a list of True and False, such as [True, False].")
    if len(answer) != 5:
        raise Wrong(
            f"there are five expressions, and your list has {len(answer)} values."
        )
    for expression, given, right in zip(expressions, answer, expected, strict=True):
        if given != right:
            raise Wrong(
                f"think again about {expression}: could the result be read from x's own "
                "memory, with a start and one step for each dimension?"
            )
    return "Slices and reshapes in the same order are views; new order, new values: a copy."


def one_hot(answer: object) -> str:
    """one_hot(labels): (N,) int64, each from 0 to 9, to (N, 10) float32."""
    function = expect_function(answer)
    expect_no_loop(
        function, "Compare a column of labels with a row of the ten numbers."
    )
    some, more = distinct(2, 2, 30, but=[3, 10])
    batches = [_labels(some), _labels(more), _labels(10), _labels(1)]
    batches.append(torch.tensor([0, 1, 0]))  # the classes 2 to 9 never come up
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
            )
        },
    )
    return "(N, 1) against (10,) broadcasts to (N, 10): each label meets each number."


def _labels(count: int) -> Tensor:
    return torch.randint(0, 10, (count,))


def nearest(answer: object) -> str:
    """nearest(images, means): the class with the least sum of absolute differences."""
    function = expect_function(answer)
    generator = torch.Generator().manual_seed(0)
    means = torch.rand(10, 28, 28, generator=generator)
    means[9] = means[4] + 0.3
    images = means[[4, 1, 7, 7, 0]] + 0.1 * torch.rand(5, 28, 28, generator=generator)
    images[0].view(-1)[:100] += (
        1.5  # squared, a few large differences outweigh many small
    )
    difference = images.flatten(1).unsqueeze(1) - means.flatten(1)
    expected = difference.abs().sum(dim=2).argmin(dim=1)
    result = call(function, images.clone(), means.clone(), given="given five images")
    if isinstance(result, torch.Tensor) and result.shape == expected.shape:
        signed = difference.sum(dim=2).argmin(dim=1)
        if torch.equal(result.long(), signed) and not torch.equal(signed, expected):
            raise Wrong(
                "positive and negative differences cancel out: take abs() first."
            )
        if torch.equal(result.long(), difference.abs().sum(dim=2).argmax(dim=1)):
            raise Wrong(
                "these are the farthest averages: the nearest has the least sum."
            )
    expect_tensor(
        result,
        expected,
        what="nearest(images, means)",
        hint="(N, 1, 784) minus (10, 784), then abs, a sum, and the place of the least.",
    )
    return "One line of broadcasting replaced two loops."


def prepare_array(answer: object) -> str:
    """prepare(array): uint8 (N, 28, 28) to float32 (N, 1, 28, 28), 0 to 1."""
    prepare = expect_function(answer)
    array = np.random.default_rng(0).integers(0, 256, (5, 28, 28), dtype=np.uint8)
    array[0, 0, 0] = 255
    given = array.copy()
    result = call(prepare, given, given="given an array (5, 28, 28)")
    if not np.array_equal(array, given):
        raise Wrong("the array that came was changed: work on a copy.")
    expect_tensor(
        result,
        torch.from_numpy(array).float().div(255).unsqueeze(1),
        what="prepare(array)",
        hint="From numpy, to float, divided by 255, and one dimension for the channel.",
    )
    return "This is what every picture goes through before it meets a network."


def full_batches(answer: object) -> str:
    """A DataLoader: batches of 100, in order, no smaller one at the end."""
    expect_tried(answer)
    if not isinstance(answer, DataLoader):
        raise Wrong(
            f"your answer is of type {type(answer).__name__}, not a DataLoader."
        )
    sizes = {len(batch[1]) for batch in answer}
    if 100 not in sizes:
        raise Wrong(f"the batches hold {max(sizes, default=0)} pictures, expected 100.")
    if sizes != {100}:
        raise Wrong(
            f"there is a batch of {min(sizes)} at the end: one argument of DataLoader "
            "drops it."
        )
    first = [torch.cat([batch[1] for batch in answer]) for _ in range(2)]
    expected = torch.stack([answer.dataset[i][1] for i in range(len(first[0]))])
    if not torch.equal(first[0], expected):
        raise Wrong("the order is not the data set's: is shuffle on?")
    return "Fourteen full batches; the 37 pictures that are left over wait for nothing."


EXERCISES = (
    three_rows_of_four,
    shares_memory,
    one_hot,
    nearest,
    prepare_array,
    full_batches,
)
