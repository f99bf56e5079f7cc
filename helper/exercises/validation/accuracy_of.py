import random

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, SubsetRandomSampler, TensorDataset

from helper.expect import (
    REMEMBERS,
    Wrong,
    alike,
    call,
    distinct,
    expect_function,
    expect_number,
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


CROSSED = (
    "labels (N,) against answers (N, 1) compares each picture with the labels of all: make "
    "both (N,)."
)


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
    shuffled, share, slips = _unsure_loader()
    unsure, _ = _measure(function, shuffled)
    hint = "Make a new one in each call."
    expect_unchanged(results, before, "what an earlier call returned", hint)
    facts = [fact for _, _, fact in trials]
    right = [alike(r, fact["right"]) for r, fact in zip(results, facts, strict=True)]
    given = [f"with batches of {', '.join(map(str, sizes))}," for _, sizes, _ in trials]
    for name, sentence in {
        "mean of means": "this is the mean of the batch means: count correct and seen.",
        "correct": "this is how many are right: divide by how many were seen.",
        "by batches": (
            "this is divided by the number of batches: divide by the pictures seen."
        ),
        "by whole batches": (
            "this counts the last batch as a whole one: divide by the pictures seen."
        ),
        "wrong": "this is the share of wrong ones.",
        "percent": "this is in percent: a share lies between 0 and 1.",
        "last": "this is the last batch alone: add up over all of them.",
        "first": "this is the first batch alone: add up over all of them.",
        "crossed": CROSSED,
        "crossed sum": CROSSED,
    }.items():
        if all(alike(r, fact[name]) for r, fact in zip(results, facts, strict=True)):
            raise Wrong(sentence)
    if any(training for training, _, _ in notes):
        raise Wrong("the model was not in evaluation mode when it got the pictures.")
    if any(dropout for _, dropout, _ in notes):
        raise Wrong("its dropout was not in evaluation mode: model.eval() reaches all.")
    # After these: dropout may happen to spoil one of the two.
    if right[0] and not right[-1]:
        raise Wrong(REMEMBERS)
    for result, fact, where in zip(results, facts, given, strict=True):
        what = f"{where} the result"
        expect_number(result, fact["right"], what=what, say_expected=True)
    for sentence, slip in slips.items():
        if alike(unsure, slip):
            raise Wrong(sentence)
    what = "with a loader that shuffles, and logits below 0, the result"
    expect_number(unsure, share, what=what, say_expected=True)
    if any(grad for _, _, grad in notes):
        raise Wrong(
            "the number is right, but gradients were not switched off: no_grad."
        )
    return "The smaller last batch counted for what it is."


def _drawn_loader(
    batch_size: int, whole: int, rest: int
) -> tuple[DataLoader, list[int], dict]:
    """A loader of `whole` batches and a smaller one, and what is right of it."""
    sizes = [batch_size] * whole + [rest]
    correct = [random.randint(1, batch_size) for _ in range(whole)]
    correct.append(random.randint(1, rest))
    labels, rows, crossed = [], [], []
    classes = random.randint(3, 8)
    for size, many in zip(sizes, correct, strict=True):
        true = torch.randint(0, classes, (size,))
        off = (torch.randperm(size) >= many) * torch.randint(1, classes, (size,))
        said = (true + off) % classes
        labels.append(true)
        crossed.append((said.unsqueeze(1) == true).sum().item())
        # So large that no dropout can hide it, nor make another one the largest but itself.
        rows.append(nn.functional.one_hot(said, classes) * 1000.0)
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
        "crossed": sum(c / s for c, s in zip(crossed, sizes, strict=True)) / sum(sizes),
        "crossed sum": sum(crossed) / sum(sizes),
    }
    return DataLoader(dataset, batch_size=batch_size), sizes, facts


def _unsure_loader() -> tuple[DataLoader, float, dict]:
    """A loader that shuffles and leaves some out, of logits below 0 and close together.

    With it what is right, and what some mistakes give.
    """
    labels, rows = torch.randint(0, 12, (80,)), torch.randn(80, 12) / 10 - 5
    rows[torch.arange(80), labels] += (torch.rand(80) < 0.7) * 0.6  # most are right
    hits = rows.argmax(dim=1) == labels
    right, wrong = hits.nonzero().flatten()[9:], (~hits).nonzero().flatten()
    sampler = SubsetRandomSampler(torch.cat([right, wrong]).tolist())
    slips = {
        "a loader may leave pictures out: divide by those that came.": len(right) / 80,
        "a loader may leave pictures out: go through it, not through its dataset.": (
            hits.sum().item() / 80
        ),
    }
    loader = DataLoader(
        TensorDataset(rows, labels), random.randint(6, 11), sampler=sampler
    )
    return loader, len(right) / len(sampler), slips


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
        if not model.scale.requires_grad:
            raise Wrong(
                "the model's parameters no longer require grad, so it can't learn any more: "
                "use no_grad, and leave them alone."
            )
        if not model.notes:
            raise Wrong("the model that came was never called.")
        return result, model.notes
