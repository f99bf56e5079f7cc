import copy
import itertools
import random

import torch
import torch.nn.functional as F
from torch import Tensor, nn, optim
from torch.utils.data import DataLoader, TensorDataset

from helper.expect import (
    Wrong,
    alike,
    call,
    distinct,
    expect_function,
    expect_in_each,
    expect_number,
    expect_unchanged,
    remember,
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
        out = 3 if trials else 0  # so many the loader leaves out of its dataset
        images = torch.rand(count + out, 1, 4, 4)
        dataset = TensorDataset(images, torch.randint(0, 3, (count + out,)))
        train_loader = DataLoader(dataset, batch_size=batch_size, sampler=range(count))
        start = nn.Sequential(nn.Flatten(), nn.Linear(16, 3))
        trials.append((start, train_loader, lr))
    smooth = nn.CrossEntropyLoss(label_smoothing=0.3)
    losses = [nn.CrossEntropyLoss(), smooth, F.multi_margin_loss]
    kinds = [optim.SGD, optim.SGD, optim.Adam]
    trials = [(*trial, *two) for trial, *two in zip(trials, losses, kinds, strict=True)]
    expect_in_each(lambda *trial: _expect_epoch(function, *trial), trials)
    return "Each batch, the smaller last one too, counted for its number of pictures."


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
    batches = f"batches of {', '.join(map(str, sizes))}"

    steps = []  # for each, whether there was a gradient to go along

    def run(each: object) -> tuple[object, Tensor]:
        model = copy.deepcopy(start)
        optimizer = kind(model.parameters(), lr=lr)
        optimizer.register_step_pre_hook(lambda *_: steps.append(_has_gradient(model)))
        seed = random.getrandbits(60)  # nobody's
        torch.default_generator.manual_seed(seed)
        result = each(model, train_loader, loss_function, optimizer)
        if torch.initial_seed() != seed:
            raise Wrong("your function seeds torch: each epoch would have one order.")
        if not model.training:
            raise Wrong("the model was put into evaluation mode, and this is training.")
        weight = model[1].weight.detach()
        if weight.is_meta:
            raise Wrong("the model was moved to the meta device, which has no numbers.")
        # A model may have been moved to a GPU: it is compared where it came from.
        device = start[1].weight.device
        if isinstance(result, Tensor) and not result.is_meta:
            result = result.to(device)
        return result, weight.to(device)

    tensors = train_loader.dataset.tensors
    before = remember(tensors)
    result, weight = run(lambda *arguments: call(function, *arguments))
    expect_unchanged(tensors, before, "the data in the loader")
    blind = len(steps) > 0 and not any(steps)
    losses, expected = run(_epoch)
    if torch.equal(weight, start[1].weight):
        if blind:
            raise Wrong(
                "at each step the gradient is 0 or not there yet: clear, then "
                "loss.backward(), then step."
            )
        raise Wrong("the weights did not change: is there a step for each batch?")
    if not torch.allclose(weight, expected, atol=1e-5):
        mistakes = {
            "the gradients add up from batch to batch: clear them.": {"clear": False},
            "there is one step for the whole loader: one for each batch.": {
                "step": "end"
            },
            "there are two steps for each batch.": {"step": "twice"},
            "each step goes along the gradient of the batch before: loss.backward() comes "
            "before the step.": {"step": "early"},
            "only the first batch is used: is the `return` inside the loop?": {
                "batches": 1
            },
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
        "a loader may leave pictures out: divide by those that came.": (
            total / len(train_loader.dataset)
        ),
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
    if not alike(result, right):
        later = run(lambda *a: _epoch(*a, again=True))[0]
        later = sum(loss * size for loss, size in zip(later, sizes, strict=True))
        again = "this is the loss after each step: use the one that you went back from."
        numbers[again] = later / sum(sizes)
    for sentence, number in numbers.items():
        if alike(result, number) and not alike(result, right):
            raise Wrong(f"{sentence} With {batches} it is {right:.4f}.")
    what = f"with {batches}, the result"
    expect_number(result, right, tolerance=1e-5, what=what, say_expected=True)
    return result


def _has_gradient(model: nn.Module) -> bool:
    return any(p.grad is not None and p.grad.any() for p in model.parameters())


def _epoch(
    model: nn.Module,
    train_loader: DataLoader,
    loss_function: object,
    optimizer: optim.Optimizer,
    *,
    clear: bool = True,
    step: str = "each",
    passes: int = 1,
    batches: int | None = None,
    scale: bool = False,
    again: bool = False,
) -> list[float]:
    """One epoch, right or with one mistake: the mean loss of each batch."""
    losses = []
    for _ in range(passes):
        for images, labels in itertools.islice(train_loader, batches):
            loss = loss_function(model(images), labels)
            if step == "early":
                optimizer.step()
            if clear and step != "end":
                optimizer.zero_grad()
            (loss * len(labels) if scale else loss).backward()
            if step in ("each", "twice"):
                optimizer.step()
            if step == "twice":
                optimizer.step()
            if again:
                loss = loss_function(model(images), labels)
            losses.append(loss.item())
    if step == "end":
        optimizer.step()
    return losses
