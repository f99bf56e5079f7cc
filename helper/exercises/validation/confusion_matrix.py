import torch
from torch import Tensor

from helper.expect import (
    Case,
    Wrong,
    count_steps,
    distinct,
    expect_function,
    expect_results,
)


def confusion_matrix(answer: object) -> str:
    """confusion_matrix(labels, predicted, classes): int64 (classes, classes)."""
    function = expect_function(answer)
    cases, sizes = [], [*distinct(3, 30, 90), 1]
    for n, classes in zip(sizes, [20, *distinct(3, 4, 9)], strict=True):
        labels = torch.randint(0, classes - 1, (n,))  # the last class is never true
        predicted = torch.randint(0, classes - 2, (n,))  # the last two are never said
        predicted = torch.where(torch.rand(n) < 0.3, labels, predicted)
        given = f"given {n} pictures in {classes} classes"
        matrix = _count(labels, predicted, classes)
        cases.append(Case((labels, predicted, classes), matrix, given))
    labels = (torch.rand(5000) < 0.2).long()  # so many that float16 can't count them
    predicted = (torch.rand(5000) < 0.1).long()
    most = (labels + predicted == 0).nonzero()
    if len(most) % 2 == 0:
        labels[most[0]] = 1  # an odd count, and float16 has even ones alone there
    large = Case(
        (labels, predicted, 2), _count(labels, predicted, 2), "given 5000 pictures"
    )
    expect_results(
        function,
        [*cases, large],
        what="confusion_matrix(labels, predicted, classes)",
        mistakes={
            "rows and columns are swapped: the true class is the row.": (
                lambda y, p, c: _count(p, y, c)
            ),
            "a pair that comes up again is counted once: add up.": (
                lambda y, p, c: (_count(y, p, c) > 0).long()
            ),
            "these are shares: counts are asked for.": lambda y, p, c: (
                _count(y, p, c) / len(y)
            ),
            "these are shares, NaN where no picture has the class: counts are asked for.": (
                lambda y, p, c: (
                    _count(y, p, c) / _count(y, p, c).sum(dim=1, keepdim=True)
                )
            ),
            "these are shares of each row: counts are asked for.": lambda y, p, c: (
                _count(y, p, c) / _count(y, p, c).sum(dim=1, keepdim=True).clamp(min=1)
            ),
            "only the right ones are counted: the wrong ones are what one looks for.": (
                lambda y, p, c: _count(y, p, c).diagonal().diag()
            ),
        },
    )
    few, many = (
        (torch.randint(0, 3, (n,)), torch.randint(0, 3, (n,)), 3) for n in (5, 50)
    )
    if count_steps(function, *many) >= count_steps(function, *few) + 45:
        raise Wrong(
            "it is right, but there is a loop over the pictures: bincount of one number "
            "for each pair, or index_put_ with accumulate, counts them all at once."
        )
    return "Classes that never came up have a row of zeros, and their place."


def _count(labels: Tensor, predicted: Tensor, classes: int) -> Tensor:
    counts = torch.zeros(classes, classes, dtype=torch.int64)
    for label, said in zip(labels.tolist(), predicted.tolist(), strict=True):
        counts[label, said] += 1
    return counts
