import copy
import math

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from helper.expect import Wrong, call, expect_function, expect_number, expect_tensor


def untrained_loss(answer: object) -> str:
    """The loss of an untrained network with 26 classes."""
    if isinstance(answer, (int, float)) and abs(answer - 1 / 26) < 1e-3:
        raise Wrong("that is the probability: the loss is minus its logarithm.")
    expect_number(
        answer,
        math.log(26),
        tolerance=0.01,
        hint="What probability does it give the right letter, and what does that cost?",
    )
    return "Each letter gets 1/26, and -log(1/26) is log(26), about 3.26."


def cross_entropy(answer: object) -> str:
    """cross_entropy(logits, labels), stable."""
    function = expect_function(answer)
    logits = torch.tensor([[2.0, 1.0, -1.0], [0.0, 3.0, 0.0], [1.0, 1.0, 1.0]])
    labels = torch.tensor([0, 2, 1])
    for scale in (1, 400):
        given = f"given logits up to {3 * scale}"
        result = call(function, scale * logits, labels.clone(), given=given)
        expected = nn.functional.cross_entropy(scale * logits, labels)
        if isinstance(result, torch.Tensor) and result.shape == expected.shape:
            if not result.isfinite():
                raise Wrong(
                    f"{given}, the loss is not finite: never take log of softmax."
                )
            if torch.allclose(result, -expected):
                raise Wrong("the sign: a loss is minus the logarithm.")
            if torch.allclose(result, 3 * expected):
                raise Wrong("this is the sum over the batch, not the mean.")
        expect_tensor(
            result,
            expected,
            what="cross_entropy(logits, labels)",
            hint="logits minus logsumexp, in each row the place of its label, minus, mean.",
        )
    return "logsumexp is log_softmax's secret: it never makes the tiny probabilities."


def momentum_step(answer: object) -> str:
    """momentum_step(weights, velocity, lr, momentum)."""
    function = expect_function(answer)
    weights = torch.tensor([1.0, -2.0], requires_grad=True)
    other = weights.detach().clone().requires_grad_()
    optimizer = torch.optim.SGD([other], lr=0.1, momentum=0.9)
    velocity = torch.zeros(2)
    for step in range(3):
        for tensor in (weights, other):
            tensor.grad = None
            tensor.square().sum().backward()
        optimizer.step()
        gradient, before = weights.grad.clone(), weights.detach().clone()
        velocity = call(function, weights, velocity, 0.1, 0.9)
        if torch.equal(weights.detach(), before):
            raise Wrong("weights did not change: change them in place, inside no_grad.")
        if step and torch.allclose(weights.detach(), before - 0.1 * gradient):
            raise Wrong(
                "this is a plain step: go along the velocity, not the gradient."
            )
        expect_tensor(
            weights.detach(),
            other.detach(),
            what="weights",
            hint="lr times the velocity.",
        )
        expect_tensor(
            velocity,
            optimizer.state[other]["momentum_buffer"],
            what="the velocity",
            hint="momentum times the old one, plus the gradient.",
        )
    return "optim.SGD with momentum=0.9 took the same three steps."


def train_epoch(answer: object) -> str:
    """train_epoch(model, train_loader, loss_function, optimizer)."""
    function = expect_function(answer)
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(70, 1, 4, 4, generator=generator)
    labels = torch.randint(0, 3, (70,), generator=generator)
    train_loader = DataLoader(TensorDataset(images, labels), batch_size=32)  # 32, 32, 6
    start = nn.Sequential(nn.Flatten(), nn.Linear(16, 3))
    loss_function = nn.CrossEntropyLoss()

    def run(function, clear=True):
        model = copy.deepcopy(start)
        optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
        if not clear:
            optimizer.zero_grad = lambda: None
        return function(model, train_loader, loss_function, optimizer), model[1].weight

    def reference(model, train_loader, loss_function, optimizer):
        losses = []
        for images, labels in train_loader:
            loss = loss_function(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return losses

    result, weight = run(lambda *arguments: call(function, *arguments))
    losses, expected = run(reference)
    if torch.equal(weight, start[1].weight):
        raise Wrong("the weights did not change: is there a step for each batch?")
    if torch.allclose(weight, run(reference, clear=False)[1]):
        raise Wrong("the gradients add up from batch to batch: clear them.")
    expect_tensor(
        weight.detach(),
        expected.detach(),
        what="the trained weight",
        hint="For each batch: logits, loss, clear, back, step.",
    )
    mean = (32 * losses[0] + 32 * losses[1] + 6 * losses[2]) / 70
    if isinstance(result, (int, float)) and math.isclose(result, sum(losses) / 3):
        raise Wrong("this is the mean of the batch means: the last batch is smaller.")
    expect_number(
        result, mean, hint="Add up loss times pictures; divide by all pictures."
    )
    return "The last batch of 6 counted for 6, not for 32."


EXERCISES = (untrained_loss, cross_entropy, momentum_step, train_epoch)
