import random

import torch
import torch.nn.functional as F

from helper.expect import (
    Case,
    Wrong,
    call,
    distinct,
    expect_function,
    expect_results,
    expect_tensor,
)


def cross_entropy(answer: object) -> str:
    """cross_entropy(logits, labels): (N, C) and (N,) to the mean loss, stable."""
    function = expect_function(answer)
    sizes = zip(distinct(4, 2, 9), distinct(4, 10, 20), strict=True)
    drawn = [(3 * torch.randn(n, c), torch.randint(0, c, (n,))) for n, c in sizes]
    drawn.append((torch.randn(1, 7), torch.tensor([random.randrange(7)])))
    drawn[2] = (drawn[2][0] * 400, drawn[2][1])
    drawn[3] = (drawn[3][0] - 1000, drawn[3][1])
    drawn[3][0][0] -= 300  # a row far below the largest logit of the batch
    cases = [
        Case(
            (logits, labels),
            F.cross_entropy(logits, labels),
            f"given logits {tuple(logits.shape)} up to {logits.abs().max():.0f}",
        )
        for logits, labels in drawn
    ]
    by_hand = "without F and nn: exp, log, sum and logsumexp are methods of a tensor."
    expect_results(
        function,
        cases,
        what="cross_entropy(logits, labels)",
        any_float=True,
        tolerance=1e-3,  # near 1000, float32 has four digits after the point
        without={
            name: by_hand
            for name in ("cross_entropy", "nll_loss", "F.log_softmax", "F.softmax")
        },
        mistakes={
            "the sign: a loss is minus the logarithm.": lambda x, y: (
                -F.cross_entropy(x, y)
            ),
            "this is the sum over the batch, not the mean.": lambda x, y: (
                F.cross_entropy(x, y, reduction="sum")
            ),
            "this is one loss for each picture: their mean is asked for.": (
                lambda x, y: F.cross_entropy(x, y, reduction="none")
            ),
            "these are the losses of all pictures, in a column: their mean is asked for.": (
                lambda x, y: F.cross_entropy(x, y, reduction="none").unsqueeze(1)
            ),
            "the softmax runs down the batch: each row is one picture, so dim=1.": (
                lambda x, y: F.nll_loss(F.log_softmax(x, dim=0), y)
            ),
            "softmax is applied twice: log_softmax takes the logits themselves.": (
                lambda x, y: F.cross_entropy(x.softmax(dim=1), y)
            ),
            "the logarithm is missing: this is minus the mean probability.": (
                lambda x, y: F.nll_loss(x.softmax(dim=1), y)
            ),
            "the logarithm is missing, and exp of a large logit is infinite: logsumexp sees to "
            "both.": lambda x, y: F.nll_loss(
                x.exp() / x.exp().sum(dim=1, keepdim=True), y
            ),
            "the logsumexp is missing: this is minus the mean logit of the labels.": (
                lambda x, y: F.nll_loss(x, y)
            ),
            "logits[:, labels] takes these columns of every row: one of each row is asked "
            "for, as table[[0, 1], [0, 2]] takes it.": (
                lambda x, y: x.logsumexp(dim=1).mean() - x[:, y].mean()
            ),
            "this takes each row's largest logit instead of its label's.": (
                lambda x, y: (x.logsumexp(dim=1) - x.amax(dim=1)).mean()
            ),
            "with large logits it isn't right: never take exp, or log of softmax, of a "
            "logit as it is.": lambda x, y: F.nll_loss(x.softmax(dim=1).log(), y),
        },
    )
    for logits, labels in drawn:
        twin, given = (logits.clone().requires_grad_() for _ in range(2))
        F.cross_entropy(twin, labels).backward()
        loss = call(function, given, labels)
        if not loss.requires_grad:
            raise Wrong("the loss has lost its graph: nothing could learn from it.")
        loss.backward()
        what = f"the gradient of logits up to {logits.abs().max():.0f}"
        expect_tensor(given.grad, twin.grad, what=what, tolerance=1e-3)
    return "logsumexp is log_softmax's secret: it never makes the tiny probabilities."
