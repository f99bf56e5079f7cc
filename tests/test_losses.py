"""A loss is measured over all examples alike, whatever it is the mean over; else it is refused."""

import math
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

from helper.train import evaluate, train_epoch

LOSS = nn.CrossEntropyLoss()

# `evaluate` and `train_epoch` give, whatever the size of the batches, what the loss gives for all
# examples at once.
same = settings(deadline=None, derandomize=True, database=None, max_examples=40)


SIZES = st.integers(1, 40)


def measured_in_batches(loss_function, model, images, labels, size):
    loader = DataLoader(TensorDataset(images, labels), batch_size=size)
    still = optim.SGD(model.parameters(), lr=0.0)
    return (
        evaluate(model, loader, loss_function),
        train_epoch(model, loader, loss_function, still),
    )


@same
@given(
    SIZES,
    SIZES,
    st.sampled_from([None, [1.0, 20.0, 0.5], [0.0, 1.0, 2.0]]),
    st.sampled_from([-100, 0, 2, -1]),
    st.sampled_from([0.0, 0.1]),
    st.sampled_from([nn.CrossEntropyLoss, nn.NLLLoss]),
)
def test_a_weighted_loss_is_right_for_batches_of_any_size(
    examples, size, weight, ignore_index, smoothing, kind
):
    torch.manual_seed(examples)
    options = {"weight": weight and torch.tensor(weight), "ignore_index": ignore_index}
    if kind is nn.CrossEntropyLoss:
        options["label_smoothing"] = smoothing
    model, images = nn.Linear(4, 3), torch.randn(examples, 4)
    labels = torch.randint(0, 3, (examples,))
    labels[torch.rand(examples) < 0.3] = ignore_index if ignore_index < 0 else 0
    loss_function = kind(**options)
    with torch.no_grad():
        logits = model(images)
    at_once, kept = loss_function(logits, labels), labels != ignore_index
    if at_once.isnan():  # not one label counts
        with pytest.raises(ValueError):
            measured_in_batches(loss_function, model, images, labels, size)
        return
    (loss, accuracy), trained = measured_in_batches(
        loss_function, model, images, labels, size
    )
    assert loss == pytest.approx(at_once.item(), rel=1e-5)
    assert trained == pytest.approx(at_once.item(), rel=1e-5)
    right = logits.argmax(dim=1) == labels
    assert accuracy == pytest.approx(right[kept].float().mean().item())


@same
@given(
    SIZES,
    SIZES,
    st.sampled_from([nn.MSELoss, nn.L1Loss, nn.BCEWithLogitsLoss, nn.SmoothL1Loss]),
    st.sampled_from([torch.float32, torch.float64, torch.bfloat16]),
)
def test_other_targets_train_and_have_no_accuracy(examples, size, kind, dtype):
    torch.manual_seed(examples)
    model, images = nn.Linear(4, 1).to(dtype), torch.randn(examples, 4, dtype=dtype)
    targets = (torch.rand(examples, 1) < 0.5).to(dtype)
    loader = DataLoader(TensorDataset(images, targets), batch_size=size)
    still = optim.SGD(model.parameters(), lr=0.0)
    loss = train_epoch(model, loader, kind(), still)
    with torch.no_grad():
        at_once = kind()(model(images), targets).item()
    assert loss == pytest.approx(at_once, rel=2e-2 if dtype.itemsize == 2 else 1e-5)
    with pytest.raises(ValueError):
        evaluate(model, loader, kind())


@pytest.mark.parametrize(
    "loss_function",
    [
        lambda logits, labels: nn.functional.cross_entropy(
            logits, labels, weight=torch.tensor([1.0, 5.0])
        ),
        partial(nn.functional.cross_entropy, ignore_index=1),
        partial(nn.functional.cross_entropy, reduction="sum"),
        lambda logits, labels: (logits[:, 0] - labels.unsqueeze(1)).abs().mean(),
    ],
)
def test_a_loss_that_is_no_mean_over_the_examples_is_refused(data, loss_function):
    model, loader = nn.Linear(4, 2), DataLoader(data, batch_size=32)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(ValueError):
        evaluate(model, loader, loss_function)
    with pytest.raises(ValueError):
        train_epoch(model, loader, loss_function, optimizer)


class Focal(nn.CrossEntropyLoss):
    """With weights, but a mean over the examples all the same."""

    def forward(self, logits, labels):
        losses = nn.functional.cross_entropy(logits, labels, reduction="none")
        return (self.weight[labels] * losses**2).mean()


def test_a_loss_of_ones_own_is_judged_by_what_it_gives(data):
    model, loss_function = nn.Linear(4, 2), Focal(torch.tensor([1.0, 5.0]))
    with torch.no_grad():
        at_once = loss_function(model(data.tensors[0]), data.tensors[1]).item()
    loss, _ = evaluate(model, DataLoader(data, batch_size=32), loss_function)
    assert loss == pytest.approx(at_once, rel=1e-5)


@pytest.mark.parametrize("reduction", ["sum", "none"])
def test_a_loss_that_is_not_reduced_to_its_mean_is_refused(data, reduction):
    model, loader = nn.Linear(4, 2), DataLoader(data, batch_size=32)
    for loss_function in (
        nn.CrossEntropyLoss(reduction=reduction),
        nn.MultiMarginLoss(reduction=reduction),
    ):
        with pytest.raises(ValueError):
            evaluate(model, loader, loss_function)


def test_a_function_that_is_the_mean_over_the_examples_is_taken(data):
    model, loader = nn.Linear(4, 2), DataLoader(data, batch_size=32)
    expected = evaluate(model, loader, LOSS)
    assert evaluate(model, loader, nn.functional.cross_entropy) == expected
    with torch.autocast("cpu", torch.bfloat16):
        loss, _ = evaluate(model, loader, lambda a, b: nn.functional.nll_loss(a, b))
    assert math.isfinite(loss)


def test_labels_of_the_pixels_are_counted_one_by_one():
    model, images = nn.Conv2d(1, 3, 1), torch.randn(5, 1, 2, 2)
    labels = torch.randint(0, 3, (5, 2, 2))
    loader = DataLoader(TensorDataset(images, labels), batch_size=2)
    loss, accuracy = evaluate(model, loader, LOSS)
    with torch.no_grad():
        logits = model(images)
    assert loss == pytest.approx(LOSS(logits, labels).item())
    assert accuracy == (logits.argmax(dim=1) == labels).sum().item() / 20


def test_labels_of_one_byte_are_labels():
    """They are no mask, and 156 is not -100."""
    images, labels = torch.randn(6, 4), torch.tensor([0, 1, 156, 1, 0, 156]).byte()
    model, weight = nn.Linear(4, 157), torch.linspace(1, 2, 157)
    loader = DataLoader(TensorDataset(images, labels), batch_size=4)
    loss, _ = evaluate(model, loader, nn.CrossEntropyLoss(weight))
    with torch.no_grad():
        at_once = nn.CrossEntropyLoss(weight)(model(images), labels)
    assert loss == pytest.approx(at_once.item())


def test_a_batch_of_which_nothing_counts_is_no_step():
    images, labels = torch.randn(4, 4), torch.tensor([-100, -100, 0, 1])
    loader = DataLoader(TensorDataset(images, labels), batch_size=2)
    model = nn.Linear(4, 2)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    with torch.no_grad():
        expected = LOSS(model(images), labels).item()
    assert train_epoch(model, loader, LOSS, optimizer) == pytest.approx(expected)
    assert model.weight.isfinite().all()
