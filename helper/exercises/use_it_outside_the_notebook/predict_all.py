from collections.abc import Callable

import torch
from torch import Tensor, nn

from helper.expect import (
    Wrong,
    alike,
    call,
    distinct,
    expect_function,
    expect_in_each,
    expect_tensor,
    expect_unchanged,
    remember,
)


class Log(list):
    """A copy of the model writes into the same one."""

    def __deepcopy__(self, memo: dict) -> "Log":
        return self


class Watched(nn.Module):
    """A network that keeps what its calls were like."""

    def __init__(self, numbers: int, classes: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(numbers)
        self.norm.running_mean.copy_(torch.rand(numbers))
        self.dropout = nn.Dropout()
        self.linear = nn.Linear(numbers, classes)
        nn.init.normal_(self.linear.weight)
        self.calls = Log()

    def forward(self, images: Tensor) -> Tensor:
        self.calls.append((len(images), self.training, torch.is_grad_enabled()))
        return self.linear(self.dropout(self.norm(images.flatten(1))))


def predict_all(answer: object) -> str:
    """predict_all(model, images, batch_size): probabilities, a batch at a time."""
    function = expect_function(answer)
    size, few, many = distinct(3, 4, 9)
    trials = []
    for count, batch_size, mode in [
        (2 * few + 2, few, True),
        (many, many, False),
        (few, few + 3, True),
        (1, size, False),
        (3, 1, True),
    ]:
        model = Watched(size * 4, distinct(1, 3, 7)[0]).train(mode)
        trials.append((function, model, torch.rand(count, 1, size, 4), batch_size))
    expect_in_each(_try_predicting, trials)
    return "In evaluation mode the batches don't matter, and the memory stays small."


def _try_predicting(
    function: Callable, model: Watched, images: Tensor, batch_size: int
) -> object:
    mode = model.training
    model.eval()
    with torch.no_grad():
        logits = model(images)
    model.train(mode)
    model.calls.clear()
    before, kept = remember(model), remember(images)
    said = f"given {len(images)} images and batch_size={batch_size}"
    result = call(function, model, images, batch_size, given=said)
    calls = list(model.calls)
    if not calls:
        raise Wrong("the model was not called: its logits are what softmax is to get.")
    if any(training for _, training, _ in calls):
        raise Wrong(
            "the model predicts in training mode: model.eval() before the first batch."
        )
    if any(grad for _, _, grad in calls):
        raise Wrong(
            "gradients are recorded: use torch.no_grad() or torch.inference_mode()."
        )
    largest = max(count for count, _, _ in calls)
    if largest > batch_size:
        raise Wrong(f"{said}, the model got {largest} images at once.")
    if batch_size > 1 and len(images) > 1 and largest == 1:
        raise Wrong(
            f"{said}, the model got one image at a time: send batch_size of them."
        )
    if model.training != mode:
        came, left = ("training", "evaluation")[:: 1 if mode else -1]
        raise Wrong(f"the model came in {came} mode, and is in {left} mode now.")
    expect_unchanged(model, before, "the model")
    expect_unchanged(images, kept, "the images")
    right = torch.softmax(logits, dim=1)
    down = [torch.softmax(part, dim=0) for part in logits.split(batch_size)]
    for sentence, mistake in {
        "these are the logits: softmax makes probabilities of them.": logits,
        "softmax over dim=0 compares the images with one another: dim=1.": torch.softmax(
            logits, dim=0
        ),
        "softmax over dim=0 compares the images of a batch with one another: dim=1.": torch.cat(
            down
        ),
        "these are the classes: the probabilities are asked for.": logits.argmax(dim=1),
        "these are logarithms of probabilities.": right.log(),
        "softmax was applied twice.": torch.softmax(right, dim=1),
    }.items():
        if len(images) > 1 and alike(result, mistake):
            raise Wrong(sentence)
    if isinstance(result, (list, tuple)):
        raise Wrong(
            "the batches came back in a list: torch.cat makes one tensor of them."
        )
    expect_tensor(result, right, what=f"the result, {said},")
    if result.requires_grad:
        raise Wrong(
            "the result has requires_grad=True: give the probabilities as they are."
        )
    return result
