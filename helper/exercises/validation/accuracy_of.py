import random

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from helper.expect import (
    REMEMBERS,
    Case,
    Wrong,
    alike,
    call,
    count_steps,
    distinct,
    expect_function,
    expect_number,
    expect_results,
    expect_unchanged,
    remember,
)


class Notes(list):
    """A copy of the model writes into the same list."""

    def __deepcopy__(self, memo: dict) -> "Notes":
        return self


class Recorder(nn.Module):
    """A network whose answer for a row is its largest number; it notes how it is called."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))
        self.dropout = nn.Dropout(0.5)
        self.notes = Notes()

    def forward(self, images: Tensor) -> Tensor:
        self.notes.append(
            (self.training, self.dropout.training, torch.is_grad_enabled())
        )
        return self.dropout(images * self.scale)


def accuracy_of(answer: object) -> str:
    """accuracy_of(model, loader): correct over seen, in evaluation mode."""
    function = expect_function(answer)
    sizes, rests = distinct(3, 6, 30), [*distinct(2, 2, 5), 1]
    trials = [
        _drawn_loader(*three) for three in zip(sizes, (4, 3, 1), rests, strict=True)
    ]
    trials.append(trials[0])  # once more, for one that keeps something between calls
    notes, results, before = [], [], []
    for loader, _, _ in trials:
        result, noted = _measure(function, loader)
        results.append(result)
        before.append(remember(result))
        notes += noted
    shuffled, share = _unsure_loader()
    unsure, _ = _measure(function, shuffled)
    hint = "Make a new one in each call."
    expect_unchanged(results, before, "what an earlier call returned", hint)
    facts = [fact for _, _, fact in trials]
    if alike(results[0], facts[0]["right"]) and not alike(
        results[-1], facts[-1]["right"]
    ):
        raise Wrong(REMEMBERS)
    given = [f"with batches of {', '.join(map(str, sizes))}," for _, sizes, _ in trials]
    for sentence, name in {
        "this is the mean of the batch means: count correct and seen.": "mean of means",
        "this is how many are right: divide by how many were seen.": "correct",
        "this is divided by the number of batches: divide by the pictures seen.": (
            "by batches"
        ),
        "this counts the last batch as a whole one: divide by the pictures seen.": (
            "by whole batches"
        ),
        "this is the share of wrong ones.": "wrong",
        "this is in percent: a share lies between 0 and 1.": "percent",
        "this is the last batch alone: add up over all of them.": "last",
        "this is the first batch alone: add up over all of them.": "first",
    }.items():
        if all(alike(r, fact[name]) for r, fact in zip(results, facts, strict=True)):
            raise Wrong(sentence)
    if any(training for training, _, _ in notes):
        raise Wrong("the model was not in evaluation mode when it got the pictures.")
    if any(dropout for _, dropout, _ in notes):
        raise Wrong("its dropout was not in evaluation mode: model.eval() reaches all.")
    for result, fact, where in zip(results, facts, given, strict=True):
        what = f"{where} the result"
        expect_number(result, fact["right"], what=what, say_expected=True)
    what = "with a loader that shuffles, and logits below 0, the result"
    expect_number(unsure, share, what=what, say_expected=True)
    if any(grad for _, _, grad in notes):
        raise Wrong("the number is right, but gradients were recorded: no_grad.")
    return "The smaller last batch counted for what it is."


def _drawn_loader(
    batch_size: int, whole: int, rest: int
) -> tuple[DataLoader, list[int], dict]:
    """A loader of `whole` batches and a smaller one, and what is right of it."""
    sizes = [batch_size] * whole + [rest]
    correct = [random.randint(1, batch_size) for _ in range(whole)]
    correct.append(random.randint(1, rest))
    labels, rows = [], []
    classes = random.randint(3, 8)
    for size, many in zip(sizes, correct, strict=True):
        true = torch.randint(0, classes, (size,))
        off = (torch.randperm(size) >= many) * torch.randint(1, classes, (size,))
        labels.append(true)
        # So large that no dropout can hide it, nor make another one the largest but itself.
        rows.append(nn.functional.one_hot((true + off) % classes, classes) * 1000.0)
    dataset = TensorDataset(torch.cat(rows), torch.cat(labels))
    share = [c / s for c, s in zip(correct, sizes, strict=True)]
    facts = {
        "right": sum(correct) / sum(sizes),
        "mean of means": sum(share) / len(share),
        "correct": sum(correct),
        "by batches": sum(correct) / len(sizes),
        "by whole batches": sum(correct) / (len(sizes) * batch_size),
        "wrong": 1 - sum(correct) / sum(sizes),
        "percent": 100 * sum(correct) / sum(sizes),
        "last": share[-1],
        "first": share[0],
    }
    return DataLoader(dataset, batch_size=batch_size), sizes, facts


def _unsure_loader() -> tuple[DataLoader, float]:
    """A loader that shuffles, of logits that are all below 0 and close together."""
    labels, rows = torch.randint(0, 12, (80,)), torch.randn(80, 12) / 10 - 5
    rows[torch.arange(80), labels] += (torch.rand(80) < 0.7) * 0.6  # most are right
    share = (rows.argmax(dim=1) == labels).float().mean().item()
    dataset = TensorDataset(rows, labels)
    return DataLoader(dataset, random.randint(6, 11), shuffle=True), share


def _measure(function: object, loader: DataLoader) -> tuple[object, list]:
    """The result, and how the model was called; where the answer uses a GPU, there."""
    devices = ["cpu"]
    if torch.accelerator.is_available():
        devices.append(torch.accelerator.current_accelerator())
    for device in devices:
        model = Recorder().train().to(device)
        before = remember(model.state_dict()), remember(loader.dataset.tensors)
        try:
            result = call(function, model, loader)
        except Wrong as wrong:
            if device == devices[-1] or "device" not in str(wrong):
                raise
            continue
        expect_unchanged(model.state_dict(), before[0], "the model's state dict")
        expect_unchanged(loader.dataset.tensors, before[1], "the data in the loader")
        if not model.notes:
            raise Wrong("the model that came was never called.")
        return result, model.notes


def top_k_accuracy(answer: object) -> str:
    """top_k_accuracy(logits, labels, k): the share of rows with the label among the best k."""
    function = expect_function(answer)
    cases = []
    for n, classes in zip([*distinct(4, 15, 40), 1], distinct(5, 6, 14), strict=True):
        logits, labels = torch.randn(n, classes), torch.randint(0, classes, (n,))
        for k in (*sorted(random.sample(range(2, classes - 1), 2)), 1, classes):
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
        },
    )
    return "With k = 1 it is the accuracy, and with k the number of classes it is 1."


def _top_k(logits: Tensor, labels: Tensor, k: int) -> float:
    order = logits.argsort(dim=1, descending=True)
    return (order[:, :k] == labels.unsqueeze(1)).any(dim=1).float().mean().item()


def best_epoch_of(answer: object) -> str:
    """best_epoch_of(losses, patience): the epoch that early stopping keeps."""
    function = expect_function(answer)
    tried = [([3, 2, 4, 5, 1], 2), ([5, 6, 4, 6, 3], 2), ([2, 2, 2, 1], 2), ([4], 1)]
    tried += [([0.7, 0.5, 0.6, 0.4, 0.45], 3), ([1, 2, 3], 9), ([3, 2, 2, 2, 1], 3)]
    for length in random.choices(range(5, 12), k=40):
        size = random.choice([1, 1, 100, 1e-3])  # losses may be large, or hardly differ
        losses = [random.randint(1, 9) * size for _ in range(length)]
        tried.append((losses, random.randint(1, 4)))
    cases = [
        Case(
            (losses, patience),
            _stop(losses, patience),
            f"of {losses} with patience {patience}",
        )
        for losses, patience in tried
    ]
    expect_results(
        function,
        cases,
        what="the epoch",
        mistakes={
            "this is the lowest of all epochs: some are never reached.": (
                lambda losses, patience: _stop(losses, len(losses))
            ),
            "this is the loss of that epoch, not its number.": (
                lambda losses, patience: losses[_stop(losses, patience)]
            ),
            "epochs are counted from 0.": (
                lambda losses, patience: _stop(losses, patience) + 1
            ),
            "the waiting is never set back: a lower loss begins it anew.": (
                lambda losses, patience: _stop(losses, patience, reset=False)
            ),
            "equal is not lower: the waiting goes on.": (
                lambda losses, patience: _stop(losses, patience, equal=True)
            ),
            "this waits one epoch longer than patience says.": (
                lambda losses, patience: _stop(losses, patience + 1)
            ),
            "this waits one epoch less than patience says.": (
                lambda losses, patience: _stop(losses, max(1, patience - 1))
            ),
            "the first epoch is the best so far: the waiting begins after it.": (
                lambda losses, patience: _stop(losses, patience, waited=1)
            ),
            "a loss is compared with the epoch before it: compare with the best.": (
                lambda losses, patience: _stop(losses, patience, previous=True)
            ),
            "this is the epoch at which it stops: its weights aren't the best.": (
                lambda losses, patience: _stop(losses, patience, at_stop=True)
            ),
        },
    )
    return "Equal is not better: waiting goes on until the loss is really lower."


def _stop(
    losses: list[float],
    patience: int,
    *,
    reset: bool = True,
    equal: bool = False,
    previous: bool = False,
    at_stop: bool = False,
    waited: int = 0,
) -> int:
    """The epoch that is kept; or what it would be with one mistake."""
    best = 0
    if waited == patience:
        return best
    for epoch in range(1, len(losses)):
        other = losses[epoch - 1] if previous else losses[best]
        if losses[epoch] < other or (equal and losses[epoch] == other):
            best, waited = epoch, 0 if reset else waited
        else:
            waited += 1
        if waited == patience:
            return epoch if at_stop else best
    return len(losses) - 1 if at_stop else best


def confusion_matrix(answer: object) -> str:
    """confusion_matrix(labels, predicted, classes): int64 (classes, classes)."""
    function = expect_function(answer)
    cases, sizes = [], [*distinct(3, 30, 90), 1]
    for n, classes in zip(sizes, [12, *distinct(3, 4, 9)], strict=True):
        labels = torch.randint(0, classes - 1, (n,))  # the last class is never true
        predicted = torch.randint(0, classes - 2, (n,))  # the last two are never said
        predicted = torch.where(torch.rand(n) < 0.3, labels, predicted)
        given = f"given {n} pictures in {classes} classes"
        matrix = _count(labels, predicted, classes)
        cases.append(Case((labels, predicted, classes), matrix, given))
    labels = (torch.rand(900) < 0.2).long()  # so many that a byte can't count them
    predicted = (torch.rand(900) < 0.1).long()
    large = Case(
        (labels, predicted, 2), _count(labels, predicted, 2), "given 900 pictures"
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


EXERCISES = (accuracy_of, top_k_accuracy, best_epoch_of, confusion_matrix)
