import copy
import math
import random

import torch
import torch.nn.functional as F
from torch import Tensor, nn, optim
from torch.utils.data import DataLoader, TensorDataset

from helper.expect import (
    Case,
    Wrong,
    alike,
    call,
    distinct,
    expect_function,
    expect_in_each,
    expect_number,
    expect_results,
    expect_tensor,
    expect_unchanged,
    remember,
)


def untrained_loss(answer: object) -> str:
    """The loss of an untrained network with 26 classes."""
    mistakes = {
        1 / 26: "that is the probability: the loss is minus its logarithm.",
        -math.log(26): "the sign: a loss is minus the logarithm of a probability.",
        math.log2(
            26
        ): "that is the logarithm to the base 2: here it is the natural one.",
        math.log10(
            26
        ): "that is the logarithm to the base 10: here it is the natural one.",
        math.log(10): "that is the loss with ten classes: here there are 26.",
        26: "that is the number of classes: its logarithm is asked for.",
    }
    for number, sentence in mistakes.items():
        try:
            near = (0.0005 + 0.003 * abs(number)) / max(1, abs(number))
            expect_number(answer, number, tolerance=near)
        except Wrong:
            continue
        raise Wrong(sentence)
    right = (
        3.3 if isinstance(answer, float) and answer == 3.3 else math.log(26)
    )  # about: one decimal is enough
    expect_number(
        answer,
        right,
        tolerance=0.02 / right,
        hint="What probability does it give the right letter, and what does that cost?",
    )
    return "Each letter gets 1/26, and -log(1/26) is log(26), about 3.26."


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
            "the logsumexp is missing: this is minus the mean logit of the labels.": (
                lambda x, y: F.nll_loss(x, y)
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


def momentum_step(answer: object) -> str:
    """momentum_step(weights, velocity, lr, momentum): in place, returns the new velocity."""
    function = expect_function(answer)
    rates = [random.uniform(0.02, 0.4) for _ in range(4)]
    momenta = [*(random.uniform(0.3, 0.95) for _ in range(3)), 0.0]
    shapes = [(3,), (2, 5), (3,), (1,)]  # one twice: each call has its own velocity
    starts = [(torch.randn(s), torch.randn(s)) for s in shapes]
    kept = []
    for (start, velocity), lr, momentum in zip(starts, rates, momenta, strict=True):
        weights = start.clone().requires_grad_()
        for _ in range(3):
            weights.grad = None
            (weights**2 + weights).sum().backward()
            old = velocity.clone()
            velocity = _try_step(function, weights, velocity, lr, momentum)
            _expect_step(old, weights.grad, velocity, momentum)
        kept.append((velocity, remember(velocity)))
    for velocity, before in kept:
        hint = "Make a new one in each call."
        expect_unchanged(velocity, before, "the velocity of an earlier call", hint)
    return "optim.SGD with momentum takes the same steps."


def _try_step(
    function: object, weights: Tensor, velocity: Tensor, lr: float, momentum: float
) -> Tensor:
    """The returned velocity, once the weights are seen to have gone along it."""
    before, old, gradient = (
        weights.detach().clone(),
        velocity.clone(),
        weights.grad.clone(),
    )
    result = call(function, weights, velocity, lr, momentum)
    now = weights.detach()
    if not weights.is_leaf or not weights.requires_grad:
        raise Wrong("weights no longer requires grad: change it inside no_grad.")
    if torch.equal(now, before):
        raise Wrong(
            "weights did not change: `weights = weights - ...` makes a new tensor, "
            "`weights -= ...` inside no_grad changes the one that came."
        )
    if weights.grad is None or not torch.equal(weights.grad, gradient):
        raise Wrong("weights.grad was changed: only weights is to be.")
    if result is weights or result is weights.grad:
        raise Wrong("this returns weights or its gradient: return the new velocity.")
    new = momentum * old + gradient
    close = {
        "": before - lr * new,
        "uphill: against the velocity is minus.": before + lr * new,
        "this is a plain step: the velocity that came is not used.": (
            before - lr * gradient
        ),
        "this goes along the old velocity: compute the new one first.": before
        - lr * old,
        "the step is not multiplied by lr.": before - new,
    }
    for sentence, expected in close.items():
        if torch.allclose(now, expected, atol=1e-5):
            # With momentum 0 a plain step is right, and so on: right comes first.
            if sentence:
                raise Wrong(sentence)
            return result
    if isinstance(result, Tensor) and result.is_floating_point():
        if alike(before - now, lr * result.detach()):
            return result  # along what was returned, which is looked at next
    raise Wrong("weights did not go along lr times the new velocity.")


def _expect_step(
    old: Tensor, gradient: Tensor, velocity: object, momentum: float
) -> None:
    expected = momentum * old + gradient
    mistakes = {
        "the velocity came back as it was: return the new one.": old,
        "momentum is not used: it multiplies the old velocity.": old + gradient,
        "momentum multiplies the gradient too: only the old velocity.": (
            momentum * (old + gradient)
        ),
        "the gradient is taken (1 - momentum) times: here it is added whole.": (
            momentum * old + (1 - momentum) * gradient
        ),
        "the old velocity is forgotten: this is the gradient alone.": gradient,
        "the gradient is subtracted from the velocity: add it; the step subtracts.": (
            momentum * old - gradient
        ),
    }
    if not alike(velocity, expected):
        for sentence, mistaken in mistakes.items():
            if alike(velocity, mistaken):
                raise Wrong(sentence)
    expect_tensor(
        velocity,
        expected,
        what="the velocity",
        hint="It is momentum times the old velocity, plus the gradient.",
    )
    if velocity.requires_grad:
        raise Wrong(
            "the velocity has a graph, which grows from step to step: compute it from "
            "weights.grad, which has none."
        )


def train_epoch(answer: object) -> str:
    """train_epoch(model, train_loader, loss_function, optimizer): the mean loss a picture."""
    function = expect_function(answer)
    # Batch sizes, and how many pictures the last batch has.
    batch_sizes, last = distinct(3, 5, 12), [*distinct(2, 2, 4), 1]
    rates = [random.uniform(0.3, 1.0) for _ in batch_sizes]
    trials = []
    for batch_size, rest, lr in zip(batch_sizes, last, rates, strict=True):
        count = 2 * batch_size + rest
        images, labels = torch.rand(count, 1, 4, 4), torch.randint(0, 3, (count,))
        train_loader = DataLoader(TensorDataset(images, labels), batch_size=batch_size)
        start = nn.Sequential(nn.Flatten(), nn.Linear(16, 3))
        trials.append((start, train_loader, lr))
    losses = [nn.CrossEntropyLoss(), nn.CrossEntropyLoss(label_smoothing=0.3), _margin]
    kinds = [optim.SGD, optim.SGD, optim.Adam]
    trials = [(*trial, *two) for trial, *two in zip(trials, losses, kinds, strict=True)]
    expect_in_each(lambda *trial: _expect_epoch(function, *trial), trials)
    return "Each batch, the smaller last one too, counted for its number of pictures."


def _margin(logits: Tensor, labels: Tensor) -> Tensor:
    return F.multi_margin_loss(logits, labels)


def _expect_epoch(
    function: object,
    start: nn.Module,
    train_loader: DataLoader,
    lr: float,
    loss_function: object,
    kind: type[optim.Optimizer],
) -> object:
    """The answer must leave the weights, and give the number, that one epoch gives."""
    sizes = [len(labels) for _, labels in train_loader]
    said = f"With batches of {', '.join(map(str, sizes))}"

    def run(each: object) -> tuple[object, Tensor]:
        model = copy.deepcopy(start)
        optimizer = kind(model.parameters(), lr=lr)
        seed = random.getrandbits(60)  # nobody's
        torch.default_generator.manual_seed(seed)
        result = each(model, train_loader, loss_function, optimizer)
        if torch.initial_seed() != seed:
            raise Wrong("your function seeds torch: each epoch would have one order.")
        if not model.training:
            raise Wrong("the model was put into evaluation mode, and this is training.")
        return result, model[1].weight.detach()

    tensors = train_loader.dataset.tensors
    before = remember(tensors)
    result, weight = run(lambda *arguments: call(function, *arguments))
    expect_unchanged(tensors, before, "the data in the loader")
    losses, expected = run(_epoch)
    if torch.equal(weight, start[1].weight):
        raise Wrong("the weights did not change: is there a step for each batch?")
    if not torch.allclose(weight, expected, atol=1e-5):
        mistakes = {
            "the gradients add up from batch to batch: clear them.": {"clear": False},
            "there is one step for the whole loader: one for each batch.": {
                "step": "end"
            },
            "there are two steps for each batch.": {"step": "twice"},
            "the loader was gone through twice: one pass is asked for.": {"passes": 2},
            "the gradient goes up or down with the batch's size: use the loss as it is.": {
                "scale": True
            },
        }
        for sentence, changes in mistakes.items():
            wrong = run(lambda *a, changes=changes: _epoch(*a, **changes))[1]
            if torch.allclose(weight, wrong, atol=1e-5):
                raise Wrong(sentence)
        raise Wrong(
            "the weights are not those of one pass: for each batch logits, loss, clear, "
            "back, step, with the loss function and the optimizer that came."
        )
    total = sum(loss * size for loss, size in zip(losses, sizes, strict=True))
    numbers = {
        "this is the mean of the batch means: the last batch is smaller.": (
            sum(losses) / len(losses)
        ),
        "the last batch is divided by as a whole one: divide by the pictures seen.": (
            total / (len(sizes) * sizes[0])
        ),
        "this is the sum over all pictures: divide by how many they are.": total,
        "this is the sum of the batch means: weigh each, and divide.": sum(losses),
        "this is divided by the number of batches: divide by that of pictures.": (
            total / len(sizes)
        ),
        "this is the last batch's loss: add up over the batches.": losses[-1],
        "the batch means are not multiplied by their pictures before the division.": (
            sum(losses) / sum(sizes)
        ),
    }
    if isinstance(result, Tensor) and result.requires_grad:
        raise Wrong(
            "the result holds the graphs of all batches, and their memory: add up "
            "loss.item()."
        )
    right = total / sum(sizes)
    for sentence, number in numbers.items():
        if alike(result, number) and not alike(result, right):
            raise Wrong(f"{sentence} {said} it is {right:.4f}.")
    what = f"with batches of {', '.join(map(str, sizes))}, the result"
    expect_number(result, right, tolerance=1e-5, what=what, say_expected=True)
    return result


def _epoch(
    model: nn.Module,
    train_loader: DataLoader,
    loss_function: object,
    optimizer: optim.Optimizer,
    *,
    clear: bool = True,
    step: str = "each",
    passes: int = 1,
    scale: bool = False,
) -> list[float]:
    """One epoch, right or with one mistake: the mean loss of each batch."""
    losses = []
    for _ in range(passes):
        for images, labels in train_loader:
            loss = loss_function(model(images), labels)
            if clear and step != "end":
                optimizer.zero_grad()
            (loss * len(labels) if scale else loss).backward()
            if step != "end":
                optimizer.step()
            if step == "twice":
                optimizer.step()
            losses.append(loss.item())
    if step == "end":
        optimizer.step()
    return losses


EXERCISES = (untrained_loss, cross_entropy, momentum_step, train_epoch)
