import itertools
import random
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader

from helper.data import Digits
from helper.expect import (
    Case,
    Wrong,
    describe,
    distinct,
    expect_function,
    expect_no_loop,
    expect_no_mistake,
    expect_results,
    expect_tensor,
    expect_tried,
    kind_of,
)


def three_rows_of_four(answer: object) -> str:
    """0 to 11 as float32, in three rows of four."""
    expected = torch.arange(12, dtype=torch.float32).reshape(3, 4)
    expect_no_mistake(
        answer,
        {
            "these are four rows of three: three rows of four are asked for.": (
                expected.reshape(4, 3)
            ),
            "the numbers go down the columns: let them run along the rows.": (
                expected.reshape(4, 3).T
            ),
            "these are 1 to 12: begin with 0.": expected + 1,
            "this counts backwards: begin with 0.": 11 - expected,
            "all twelve are in one row: three rows of four are asked for.": (
                expected.flatten()
            ),
            "each row begins again with 0: the second one begins with 4.": (
                expected[:1].expand(3, 4)
            ),
            "the shape is (3, 4), the numbers 0 to 11: yours are all 0.": 0 * expected,
        },
    )
    expect_tensor(answer, expected, hint="The first row is 0, 1, 2, 3.")
    return "Networks compute in float32; whole numbers alone would have become int64."


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
        truth = value.dtype == torch.bool if isinstance(value, Tensor) else False
        if not (truth or isinstance(value, (bool, np.bool_)) or value in (0, 1)):
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


def nearest(answer: object) -> str:
    """nearest(images, means): the class with the least sum of absolute differences."""
    function = expect_function(answer)
    cases = []
    # The numbers may be negative too.
    shifts = [0.0, random.uniform(-3, -2), random.uniform(-1, 1)]
    for count, shift in zip([*distinct(2, 11, 16), 1], shifts, strict=True):
        images, means = _pictures_near(count, shift)
        far = _differences(images.double(), means.double())
        cases.append(
            Case(
                (images, means),
                far.abs().sum(dim=2).argmin(dim=1),
                f"with N = {count}",
            )
        )
    expect_results(
        function,
        cases,
        what="nearest(images, means)",
        hint="(N, 1, 784) minus (10, 784), then abs, a sum, and the place of the least.",
        mistakes={
            "this is the least sum of squares: absolute differences are asked for.": (
                lambda *a: _differences(*a).square().sum(dim=2).argmin(dim=1)
            ),
            "positive and negative differences cancel out: take abs() first.": (
                lambda *a: _differences(*a).sum(dim=2).argmin(dim=1)
            ),
            "abs() comes too late: in the sum the differences have cancelled out.": (
                lambda *a: _differences(*a).sum(dim=2).abs().argmin(dim=1)
            ),
            "the signs of the numbers are lost: abs() is for the difference.": (
                lambda i, m: (
                    _differences(i.abs(), m.abs()).abs().sum(dim=2).argmin(dim=1)
                )
            ),
            "these are the farthest averages: the nearest has the least sum.": (
                lambda *a: _differences(*a).abs().sum(dim=2).argmax(dim=1)
            ),
            "only the largest difference counts here: add all of them up.": (
                lambda *a: _differences(*a).abs().amax(dim=2).argmin(dim=1)
            ),
            "this is the nearest picture for each average: it is the other way round.": (
                lambda *a: _differences(*a).abs().sum(dim=2).argmin(dim=0)
            ),
            "these are all the sums: which place has the least one, for each picture?": (
                lambda *a: _differences(*a).abs().sum(dim=2)
            ),
            "this is the least sum itself: its place, the class, is asked for.": (
                lambda *a: _differences(*a).abs().sum(dim=2).amin(dim=1)
            ),
            "the classes are counted from 1: they go from 0 to 9.": (
                lambda *a: _differences(*a).abs().sum(dim=2).argmin(dim=1) + 1
            ),
            **{
                f"{where} left out: add up the differences of all 784 points.": (
                    lambda i, m, kept=kept: (
                        _differences(i[kept], m[kept]).abs().sum(dim=2).argmin(dim=1)
                    )
                )
                for where, kept in LEFT_OUT.items()
            },
        },
    )
    return "The least sum of absolute differences, for each picture its own."


def _pictures_near(count: int, shift: float) -> tuple[Tensor, Tensor]:
    """Pictures, and averages of which some are so alike that only the right sum tells."""
    means = torch.rand(10, 28, 28) + shift
    a, b, c, d, same, minus, *sides = order = torch.randperm(10).tolist()
    means[b], means[d] = means[a] + 0.3, means[c] + 0.3
    means[minus] = -means[same]
    for side, line in zip(sides, BORDER, strict=True):  # these differ there only
        means[side] = means[same]
        means[side][line] += 0.5
    labels = torch.tensor([*order, *order][:count])
    images = means[labels] + 0.02 * torch.randn(count, 28, 28)
    # 60 large differences are a smaller sum than 784 small ones, but not squared.
    images[labels == a, 2:6, 5:20] += 3
    # And one is a smaller sum even squared, but it is the largest difference.
    images[labels == c, 9, 9] += 3
    return images, means


# The first and the last row, the first and the last column.
BORDER = (np.s_[0], np.s_[-1], np.s_[:, 0], np.s_[:, -1])
LEFT_OUT = {
    "the first row is": np.s_[:, 1:],
    "the last row is": np.s_[:, :-1],
    "the first column is": np.s_[:, :, 1:],
    "the last column is": np.s_[:, :, :-1],
    "the points at the border are": np.s_[:, 1:-1, 1:-1],
}


def _differences(images: Tensor, means: Tensor) -> Tensor:
    return images.flatten(1).unsqueeze(1) - means.flatten(1)  # (N, 10, 784)


def prepare_array(answer: object) -> str:
    """prepare(array): uint8 (N, 28, 28) to float32 (N, 1, 28, 28), 0 to 1."""
    function = expect_function(answer)
    some, more, dark, darker = distinct(4, 2, 12)
    arrays = [_bytes(some, 180), _bytes(more, 256), _bytes(1, 256), _bytes(dark, 90)]
    arrays[-1][0] = 0  # all black: nothing can be divided by its largest value
    cases = [
        Case((array,), _scaled(array), f"given an array {array.shape}")
        for array in arrays
    ]
    # So dark that they look as if they were divided already.
    for end in (2, random.randint(3, 9)):
        array = np.random.randint(0, end, (darker, 28, 28), dtype=np.uint8)
        array[0, 0, 0] = end - 1
        given = f"given an array {array.shape} of values up to {end - 1}"
        cases.append(Case((array,), _scaled(array), given))
    expect_results(
        function,
        cases,
        what="prepare(array)",
        hint="From numpy, to float, divided by 255, and one dimension for the channel.",
        tolerance=1e-6,
        mistakes={
            "the values still go up to 255: divide by it.": lambda a: 255 * _scaled(a),
            "this is divided by 256: the largest value, 255, has to become 1.": (
                lambda a: _scaled(a) * 255 / 256
            ),
            "this is divided by the largest value that came: divide by 255, else the same "
            "grey differs from batch to batch.": lambda a: (
                _scaled(a) / _scaled(a).max()
            ),
            "an array without values above 1 stays as it is: divide by 255 whatever came.": (
                lambda a: _scaled(a) if a.max() > 1 else 255 * _scaled(a)
            ),
            "each picture is divided by its own largest value: divide all by 255.": (
                lambda a: _scaled(a) / _scaled(a).amax((2, 3), True).clamp(min=1 / 255)
            ),
            "this is stretched from the least value to the largest: divide by 255.": (
                lambda a: (
                    (_scaled(a) - _scaled(a).min())
                    / (_scaled(a).max() - _scaled(a).min())
                )
            ),
            "this is divided by 255 twice.": lambda a: _scaled(a) / 255,
            "black and white are swapped.": lambda a: 1 - _scaled(a),
            "these go from -1 to 1: from 0 to 1 is asked for.": (
                lambda a: 2 * _scaled(a) - 1
            ),
            "the channel's dimension is missing: unsqueeze(1) puts it in.": (
                lambda a: _scaled(a).squeeze(1)
            ),
            "the channel stands last: its place is after N.": (
                lambda a: _scaled(a).permute(0, 2, 3, 1)
            ),
            "the channel stands first: its place is after N.": (
                lambda a: _scaled(a).transpose(0, 1)
            ),
            "rows and columns are swapped.": lambda a: _scaled(a).transpose(2, 3),
            "the values are rounded to 0 and 1: to float first, then divide.": (
                lambda a: (_scaled(a) == 1).float()
            ),
        },
    )
    return "This is what every picture goes through before it meets a network."


def _bytes(count: int, end: int) -> np.ndarray:
    """Pictures whose values are less than `end`, each with a largest value of its own."""
    ends = [end, *distinct(count - 1, 20, end - 1)]
    pictures = [np.random.randint(5, e, (28, 28), dtype=np.uint8) for e in ends]
    return np.stack(pictures)


def _scaled(array: np.ndarray) -> Tensor:
    return torch.from_numpy(array).float().unsqueeze(1) / 255


def full_batches(answer: object) -> str:
    """A DataLoader of the digits: batches of 100, in order, no smaller one at the end."""
    expect_tried(answer)
    if not isinstance(answer, DataLoader):
        if hasattr(type(answer), "__next__"):
            raise Wrong("an iterator has only one pass: give the DataLoader itself.")
        kind = "the class itself" if answer is DataLoader else kind_of(answer)
        raise Wrong(f"your answer is {kind}, not a DataLoader.")
    first, second = _two_passes(answer)
    for batch in first:
        if not (
            isinstance(batch, (list, tuple))
            and [type(part) for part in batch] == [Tensor, Tensor]
        ):
            raise Wrong(
                "a batch of this loader isn't a pair of tensors, pictures and labels."
            )
    if first and first[0][1].ndim == 0:
        raise Wrong(
            "this loader gives single pictures, batch_size=None: 100 to a batch."
        )
    sizes = [len(labels) for _, labels in first]
    if not sizes or sizes[0] != 100:
        raise Wrong(
            f"the batches hold {sizes[0] if sizes else 0} pictures, expected 100."
        )
    if set(sizes) != {100}:
        raise Wrong(
            f"there is a batch of {min(sizes)} too: one argument of DataLoader drops it."
        )
    images, labels = (torch.cat(parts) for parts in zip(*first, strict=True))
    digits = Digits(train=True)
    expected = digits.data.float().unsqueeze(1) / 255, digits.targets
    if images.shape[1:] != (1, 28, 28):
        raise Wrong(
            f"a batch's first part is {tuple(images[:100].shape)}, and the pictures of "
            "`dataset` give (100, 1, 28, 28)."
        )
    n = len(images)
    right = n <= 1437 and all(
        torch.equal(part.double(), whole[:n].double())
        for part, whole in zip((images, labels), expected, strict=True)
    )
    if (
        n <= 1437
        and torch.equal(images.double(), expected[0][:n].double())
        and not right
    ):
        raise Wrong("the pictures are those of `dataset`, and their labels aren't.")
    if not right:
        _say_what_is_mixed_up(first, second, images, expected[0])
    for part, whole, kind in zip(
        (images, labels), expected, ("pictures", "labels"), strict=True
    ):
        if part.dtype != whole.dtype:
            raise Wrong(
                f"the {kind} are {part.dtype}, and those of `dataset` {whole.dtype}."
            )
    if len(second) != len(first):
        raise Wrong(
            f"a second pass gives {len(second)} batches, the first {len(first)}: something "
            "in this loader can be gone through only once."
        )
    if not all(map(_same_batch, first, second)):
        raise Wrong("a second pass gives other batches than the first.")
    if n != 1400:
        raise Wrong(
            f"the loader gives {n} pictures: of the 1,437 of `dataset`, 14 full batches "
            "can be made."
        )
    return "Fourteen full batches; the last 37 pictures are left out of every pass."


def _same_batch(one: Sequence, other: Sequence) -> bool:
    return all(map(torch.equal, one, other))


def _say_what_is_mixed_up(
    first: Sequence, second: Sequence, images: Tensor, expected: Tensor
) -> None:
    """The pictures aren't the first of the data set, in order: raise the reason."""
    if len(first) == len(second) and not all(map(_same_batch, first, second)):
        raise Wrong("each pass has another order: it is shuffled.")
    known = set(expected.double().sum(dim=(1, 2, 3)).tolist())
    if set(images.double().sum(dim=(1, 2, 3)).tolist()) <= known:
        raise Wrong(
            "these are not the first pictures of `dataset`, in its order: don't shuffle, "
            "choose or sort."
        )
    raise Wrong("these are not the pictures of `dataset`, the 1,437 digits from above.")


def _two_passes(loader: DataLoader) -> list[list]:
    """Batches of two passes; the random state of the loader's generators stays."""
    sources = [loader, loader.sampler, loader.batch_sampler]
    sources.append(getattr(loader.batch_sampler, "sampler", None))
    generators = [getattr(source, "generator", None) for source in sources]
    generators = [generator for generator in generators if generator is not None]
    states = [generator.get_state() for generator in generators]
    try:
        return [list(itertools.islice(loader, 20)) for _ in range(2)]
    except Exception as error:
        raise Wrong(f"going through the loader raises {describe(error)}") from error
    finally:
        for generator, state in zip(generators, states, strict=True):
            generator.set_state(state)


EXERCISES = (
    three_rows_of_four,
    shares_memory,
    one_hot,
    nearest,
    prepare_array,
    full_batches,
)
