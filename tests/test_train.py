"""The loop of notebook 05: the same code, counted right, best weights kept."""

import ast
import inspect
import math
from functools import partial

import numpy as np
import pytest
import torch
from course import LESSONS, code_cells
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

from helper import train
from helper.train import evaluate, fit, train_epoch

LOSS = nn.CrossEntropyLoss()


# What helper does beyond the lesson, line by line, and what the lesson has in that place: checks,
# and the count of what a loss with weights is the mean over. Without them it is the same code.
BEYOND = {
    "evaluate": [
        ("total_loss, total_weight, correct, seen = (0.0, 0, 0, 0)",)
        + ("total_loss, correct, seen = (0.0, 0, 0)",),
        ("        losses.expect_classes(logits, labels)\n", ""),
        (
            "        if (weight := losses.weight_of(loss_function, logits, labels)):\n            "
            "total_loss += loss_function(logits, labels).item() * weight\n"
            "        total_weight += weight\n",
            "        total_loss += loss_function(logits, labels).item() * len(labels)\n",
        ),
        ("        counted = losses.counted_by(loss_function, labels)\n", ""),
        ("(logits.argmax(dim=1) == labels)[counted].sum()",)
        + ("(logits.argmax(dim=1) == labels).sum()",),
        ("seen += counted.sum().item()", "seen += len(labels)"),
        ("if total_weight == 0:", "if seen == 0:"),
        ("NO_EXAMPLES", "'the loader gave no examples: is its data set empty?'"),
        ("return (total_loss / total_weight,", "return (total_loss / seen,"),
    ],
    "train_epoch": [
        ("total_loss, total_weight = (0.0, 0)", "total_loss, seen = (0.0, 0)"),
        ("for batch, (images, labels) in enumerate(train_loader, 1):",)
        + ("for images, labels in train_loader:",),
        (
            "        logits = model(images)\n"
            "        weight = losses.weight_of(loss_function, logits, labels)\n"
            "        if weight == 0:\n            continue\n"
            "        loss = loss_function(logits, labels)\n"
            "        losses.expect_finite(loss.item(), f'batch {batch}')\n",
            "        loss = loss_function(model(images), labels)\n",
        ),
        ("loss.item() * weight", "loss.item() * len(labels)"),
        ("total_weight += weight", "seen += len(labels)"),
        ("if total_weight == 0:", "if seen == 0:"),
        ("NO_EXAMPLES", "'the loader gave no examples: is its data set empty?'"),
        ("return total_loss / total_weight", "return total_loss / seen"),
    ],
    "fit": [
        ("    _expect_counts(epochs=epochs, patience=patience)\n", ""),
        (
            "        losses.expect_finite(measured[0], 'validation')\n",
            "        if not train_loss + measured[0] < float('inf'):\n            "
            "raise ValueError(f'epoch {epoch}: the loss is NaN or infinite')\n",
        ),
        (
            "    if best_weights is not None:\n        model.load_state_dict(best_weights)",
            "    model.load_state_dict(best_weights)",
        ),
    ],
}


class Plain(ast.NodeTransformer):
    """Without annotations, progress bar, and what a `try` does after an error."""

    def visit_arg(self, node):
        return ast.arg(node.arg)

    def visit_Call(self, node):
        self.generic_visit(node)
        bar = isinstance(node.func, ast.Name) and node.func.id == "progress"
        return node.args[0] if bar else node

    def visit_Try(self, node):
        self.generic_visit(node)
        return node.body + node.finalbody


def body_of(function):
    """The code of a function, in one form, without its docstring."""
    function.returns = None
    if ast.get_docstring(function) is not None:
        function.body = function.body[1:]
    return ast.unparse(Plain().visit(function))


@pytest.mark.parametrize("name", ["evaluate", "train_epoch", "fit"])
def test_helper_holds_what_notebook_05_wrote(name):
    path = next(path for path in LESSONS if path.stem.startswith("05"))
    (written,) = [
        node
        for cell in code_cells(path)
        for node in ast.parse(cell.source).body
        if isinstance(node, ast.FunctionDef) and node.name == name
    ]
    (kept,) = [
        node
        for node in ast.parse(inspect.getsource(train)).body
        if isinstance(node, ast.FunctionDef) and node.name == name
    ]
    plain = body_of(kept)
    for more, lesson in BEYOND[name]:
        assert plain.count(more) == 1, more
        plain = plain.replace(more, lesson)
    assert body_of(written) == plain


@pytest.fixture
def data():
    torch.manual_seed(0)
    images = torch.randn(70, 4)
    labels = (images[:, 0] > 0).long()
    return TensorDataset(images, labels)


def test_evaluate_counts_every_example_once(data):
    class Sure(nn.Module):
        def forward(self, images):
            assert not self.training and not torch.is_grad_enabled()
            return 10 * torch.stack([-images[:, 0], images[:, 0]], dim=1)

    images, labels = data.tensors
    labels[64:] = 1 - labels[64:]  # the smaller last batch is all wrong
    loss, accuracy = evaluate(Sure(), DataLoader(data, batch_size=64), LOSS)
    assert accuracy == 64 / 70
    at_once = LOSS(10 * torch.stack([-images[:, 0], images[:, 0]], dim=1), labels)
    assert loss == pytest.approx(at_once.item(), rel=1e-5)


class Sent:
    """A tensor that must be sent to the device before it is used."""

    def __init__(self, tensor):
        self.tensor = tensor

    def to(self, device):
        assert device == "over there"
        return self.tensor


def test_images_and_labels_go_to_the_device(data):
    loader = [tuple(Sent(part) for part in data.tensors)]
    model = nn.Linear(4, 2)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    evaluate(model, loader, LOSS, device="over there")
    train_epoch(model, loader, LOSS, optimizer, device="over there")
    fit(model, loader, loader, LOSS, optimizer, epochs=1, device="over there")


def test_train_epoch_gives_the_mean_over_all_examples(data):
    model = nn.Linear(4, 2)
    still = optim.SGD(model.parameters(), lr=0.0)
    loss = train_epoch(model, DataLoader(data, batch_size=32), LOSS, still)
    at_once = LOSS(model(data.tensors[0]), data.tensors[1]).item()
    assert loss == pytest.approx(at_once, rel=1e-5)


def test_train_epoch_is_a_step_for_each_batch(data):
    model = nn.Linear(4, 2)
    first = LOSS(model(data.tensors[0]), data.tensors[1]).item()
    loss = train_epoch(
        model,
        DataLoader(data, batch_size=70),
        LOSS,
        optim.SGD(model.parameters(), lr=1.0),
    )
    assert loss == pytest.approx(first)  # measured before the step
    assert LOSS(model(data.tensors[0]), data.tensors[1]) < first
    assert model.training


def test_fit_learns_and_reports(data):
    model = nn.Linear(4, 2)
    loader = DataLoader(data, batch_size=32)
    history = fit(
        model, loader, loader, LOSS, optim.Adam(model.parameters(), lr=0.1), epochs=20
    )
    assert list(history) == ["train_loss", "valid_loss", "valid_accuracy"]
    assert {len(values) for values in history.values()} == {20}
    assert history["valid_accuracy"][-1] > 0.9 and not model.training


def fit_with_losses(monkeypatch, losses, **options):
    """Run `fit` with validation losses that are set; the weight counts the epochs."""
    model = nn.Linear(1, 1)
    nn.init.zeros_(model.weight)
    given = iter(losses)

    def one_epoch(model, *_, **__):
        model.weight.data += 1
        return 0.0

    monkeypatch.setattr(train, "train_epoch", one_epoch)
    monkeypatch.setattr(train, "evaluate", lambda *_, **__: (next(given), 0.5))
    history = fit(model, None, None, None, None, epochs=len(losses), **options)
    return model.weight.item(), history["valid_loss"]


def test_fit_keeps_the_best_weights_not_the_last(monkeypatch):
    weight, losses = fit_with_losses(monkeypatch, [3, 1, 2, 4])
    assert weight == 2 and losses == [3, 1, 2, 4]


def test_fit_stops_when_patience_is_over(monkeypatch):
    weight, losses = fit_with_losses(monkeypatch, [3, 1, 1, 2, 0], patience=2)
    assert weight == 2 and losses == [3, 1, 1, 2]
    weight, losses = fit_with_losses(monkeypatch, [3, 1, 2, 0, 5], patience=2)
    assert weight == 4 and len(losses) == 5


def test_fit_called_again_keeps_the_best_of_its_own_epochs(monkeypatch):
    model = nn.Linear(1, 1)
    nn.init.zeros_(model.weight)
    given = iter([1, 2, 4, 3])

    def one_epoch(model, *_, **__):
        model.weight.data += 1
        return 0.0

    monkeypatch.setattr(train, "train_epoch", one_epoch)
    monkeypatch.setattr(train, "evaluate", lambda *_, **__: (next(given), 0.5))
    fit(model, None, None, None, None, epochs=2)
    assert model.weight == 1
    history = fit(model, None, None, None, None, epochs=2)  # goes on from the best
    assert model.weight == 3 and history["valid_loss"] == [4, 3]
    assert "its\n    best may be worse than the best of the call before" in fit.__doc__


@pytest.mark.parametrize("bad", [torch.nan, torch.inf, -torch.inf])
def test_a_validation_loss_that_is_no_number_is_an_error(monkeypatch, bad):
    model = nn.Linear(1, 1)
    nn.init.zeros_(model.weight)
    given = iter([2.0, 1.0, bad])

    def one_epoch(model, *_, **__):
        model.weight.data += 1
        return 0.0

    monkeypatch.setattr(train, "train_epoch", one_epoch)
    monkeypatch.setattr(train, "evaluate", lambda *_, **__: (next(given), 0.5))
    with pytest.raises(ValueError, match="^epoch 3, validation: "):
        fit(model, None, None, None, None, epochs=5)
    assert model.weight == 2  # the best epoch that was finished


def test_one_nan_picture_to_validate_with_is_an_error(data):
    images = data.tensors[0].clone()
    images[3, 0] = torch.nan
    spoilt = DataLoader(TensorDataset(images, data.tensors[1]), batch_size=32)
    model = nn.Linear(4, 2)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(ValueError, match="^epoch 1, validation: "):
        fit(model, DataLoader(data, 32), spoilt, LOSS, optimizer, epochs=5, patience=5)


def test_a_training_loss_that_is_no_number_names_its_batch(data):
    images = data.tensors[0].clone()
    images[50] = torch.inf
    spoilt = DataLoader(TensorDataset(images, data.tensors[1]), batch_size=20)
    model = nn.Linear(4, 2)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(ValueError, match="^batch 3: "):
        train_epoch(model, spoilt, LOSS, optimizer)
    with pytest.raises(ValueError, match="^epoch 1, batch 3: "):
        fit(model, spoilt, spoilt, LOSS, optimizer, epochs=2)
    assert model.weight.isfinite().all()  # no step was made with that batch


def test_a_run_that_diverges_says_so(data):
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    loader = DataLoader(data, batch_size=10)
    optimizer = optim.SGD(model.parameters(), lr=1e30)
    with pytest.raises(ValueError, match=r"^epoch \d, "):
        fit(model, loader, loader, LOSS, optimizer, epochs=9)


def test_after_ctrl_c_the_best_epoch_is_kept(monkeypatch):
    model = nn.Linear(1, 1)
    nn.init.zeros_(model.weight)

    def one_epoch(model, *_, **__):
        model.weight.data += 1
        if model.weight == 3:
            raise KeyboardInterrupt
        return 0.0

    monkeypatch.setattr(train, "train_epoch", one_epoch)
    monkeypatch.setattr(train, "evaluate", lambda *_, **__: (model.weight.item(), 0.5))
    with pytest.raises(KeyboardInterrupt):
        fit(model, None, None, None, None, epochs=5)
    assert model.weight == 1


@pytest.mark.parametrize("epochs", [0, -1, 2.5, None, "3"])
def test_epochs_and_patience_are_counts(monkeypatch, epochs):
    with pytest.raises(ValueError):
        fit(None, None, None, None, None, epochs=epochs)
    if epochs is not None:
        with pytest.raises(ValueError):
            fit(None, None, None, None, None, epochs=1, patience=epochs)


def test_epochs_may_be_a_number_of_numpy(data):
    model, loader = nn.Linear(4, 2), DataLoader(data, batch_size=32)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    history = fit(
        model, loader, loader, LOSS, optimizer, epochs=np.int64(2), patience=np.int8(2)
    )
    assert len(history["train_loss"]) == 2


@pytest.mark.filterwarnings("ignore:Using a target size")
def test_targets_that_would_be_broadcast_are_named_by_their_shapes():
    model = nn.Linear(3, 1)
    inputs, targets = torch.randn(8, 3), torch.randn(8)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(
        ValueError, match=r"outputs are \(8, 1\) and the targets \(8,\)"
    ):
        train.train_epoch(model, [(inputs, targets)], nn.MSELoss(), optimizer)
    train.train_epoch(model, [(inputs, targets[:, None])], nn.MSELoss(), optimizer)


# Losses that are no mean over the examples: `evaluate` and `train_epoch` give, whatever the size
# of the batches, what the loss gives for all examples at once.
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


def test_an_empty_loader_is_an_error():
    empty = DataLoader(TensorDataset(torch.empty(0, 4), torch.empty(0).long()))
    model = nn.Linear(4, 2)
    with pytest.raises(ValueError):
        evaluate(model, empty, LOSS)
    with pytest.raises(ValueError):
        train_epoch(model, empty, LOSS, optim.SGD(model.parameters(), lr=1.0))


def test_a_bar_is_drawn_for_a_person_and_for_nobody_else(monkeypatch, capsys):
    assert list(train.progress(range(3))) == [0, 1, 2]
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(train, "_watched", lambda: True)
    assert list(train.progress(range(3))) == [0, 1, 2]
    shown = capsys.readouterr()
    assert "\repochs:   0%" in shown.out and "0/3" in shown.out and shown.err == ""
    assert shown.out.rstrip(" ").endswith("\r")  # wiped when it is full


@pytest.mark.parametrize("allowed", [True, False])
def test_in_a_notebook_whoever_can_be_asked_is_watching(monkeypatch, allowed):
    class Kernel:
        def get_parent(self, channel):
            assert channel == "shell"
            return {"content": {"allow_stdin": allowed}}

    class Shell:
        kernel = Kernel()

    monkeypatch.setattr(train, "get_ipython", Shell, raising=False)
    assert train._watched() is allowed


def test_who_does_not_say_whether_a_person_is_there_is_a_program(monkeypatch):
    class Shell:
        class kernel:
            def get_parent(channel):
                return {"content": {}}

    monkeypatch.setattr(train, "get_ipython", Shell, raising=False)
    assert train._watched() is False
