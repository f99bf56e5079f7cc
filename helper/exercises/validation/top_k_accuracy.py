import random

import torch
from torch import Tensor

from helper.expect import Case, distinct, expect_function, expect_results


def top_k_accuracy(answer: object) -> str:
    """top_k_accuracy(logits, labels, k): the share of rows with the label among the best k."""
    function = expect_function(answer)
    cases = []
    sizes = [random.randint(12, 14), *distinct(4, 6, 11)]
    for n, classes in zip([*distinct(4, 15, 40), 1], sizes, strict=True):
        logits, labels = torch.randn(n, classes), torch.randint(0, classes, (n,))
        if n > 1:  # one row's label is the last, another's the last but one
            labels[:2] = logits[:2].argsort(dim=1)[[0, 1], [0, 1]]
        between = sorted(random.sample(range(2, classes - 1), 2))
        for k in (*between, 1, classes - 1, classes):
            given = f"with logits {tuple(logits.shape)} and k={k}"
            cases.append(Case((logits, labels, k), _top_k(logits, labels, k), given))
    expect_results(
        function,
        cases,
        what="the result",
        mistakes={
            "k isn't used: this is the share with the label as the best one.": (
                lambda x, y, k: _top_k(x, y, 1)
            ),
            "these are the k smallest logits: the largest are asked for.": (
                lambda x, y, k: _top_k(-x, y, k)
            ),
            "each row has k answers and one can be right: any() of them counts.": (
                lambda x, y, k: _top_k(x, y, k) / k
            ),
            "this says of each row whether it is a hit: their share is asked for.": (
                lambda x, y, k: (x.topk(k).indices == y.unsqueeze(1)).any(dim=1)
            ),
            "this is how many, not their share.": (
                lambda x, y, k: _top_k(x, y, k) * len(y)
            ),
            "this is in percent: a share lies between 0 and 1.": (
                lambda x, y, k: _top_k(x, y, k) * 100
            ),
            "each row is compared with the labels of all: make the labels a column.": (
                lambda x, y, k: (
                    (x.topk(k).indices.unsqueeze(2) == y).any(2).any(1).float().mean()
                )
            ),
            "a label counts where any row has it among its answers: look in its own row.": (
                lambda x, y, k: torch.isin(y, x.topk(k).indices).float().mean()
            ),
            "this looks at the answer in place k alone: those before it count, too.": (
                lambda x, y, k: (x.topk(k).indices[:, -1] == y).float().mean()
            ),
            "this takes k + 1 answers of each row, one too many.": (
                lambda x, y, k: _top_k(x, y, k + 1)
            ),
        },
    )
    return "With k = 1 it is the accuracy, and with k the number of classes it is 1."


def _top_k(logits: Tensor, labels: Tensor, k: int) -> float:
    order = logits.argsort(dim=1, descending=True)
    return (order[:, :k] == labels.unsqueeze(1)).any(dim=1).float().mean().item()
