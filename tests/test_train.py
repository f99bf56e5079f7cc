"""The loop of notebook 05: counted right, best weights kept, and what is drawn meanwhile."""

import numpy as np
import pytest
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

from helper import progress, train
from helper.train import evaluate, fit, train_epoch

LOSS = nn.CrossEntropyLoss()


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


def test_a_scheduler_steps_with_each_batch(data):
    model = nn.Linear(4, 2)
    loader = DataLoader(data, batch_size=32)  # 3 batches
    optimizer = optim.SGD(model.parameters(), lr=8.0)
    scheduler = optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5)
    train_epoch(model, loader, LOSS, optimizer, scheduler=scheduler)
    assert scheduler.get_last_lr() == [1.0]
    fit(model, loader, loader, LOSS, optimizer, epochs=2, scheduler=scheduler)
    assert scheduler.get_last_lr() == [1 / 64]


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
    assert "its best may be worse than the best of the call before" in " ".join(
        fit.__doc__.split()
    )


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


def test_an_optimizer_of_another_model_is_an_error(data):
    model, other, loader = nn.Linear(4, 2), nn.Linear(4, 2), DataLoader(data, 32)
    optimizer = optim.SGD(other.parameters(), lr=0.1)
    with pytest.raises(
        ValueError, match=r"no parameter of this model: .*model\.parameters\(\)"
    ):
        train_epoch(model, loader, LOSS, optimizer)
    with pytest.raises(ValueError, match="no parameter of this model"):
        fit(model, loader, loader, LOSS, optimizer, epochs=1)
    both = optim.SGD([model.bias, *other.parameters()], lr=0.1)
    train_epoch(model, loader, LOSS, both)  # a part of it is enough


def test_an_empty_loader_is_an_error():
    empty = DataLoader(TensorDataset(torch.empty(0, 4), torch.empty(0).long()))
    model = nn.Linear(4, 2)
    with pytest.raises(ValueError):
        evaluate(model, empty, LOSS)
    with pytest.raises(ValueError):
        train_epoch(model, empty, LOSS, optim.SGD(model.parameters(), lr=1.0))


def test_a_bar_is_drawn_for_a_person_and_for_nobody_else(monkeypatch, capsys):
    assert list(progress.progress(range(3))) == [0, 1, 2]
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(progress, "_watched", lambda: True)
    assert list(progress.progress(range(3))) == [0, 1, 2]
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

    monkeypatch.setattr(progress, "get_ipython", Shell, raising=False)
    assert progress._watched() is allowed


def test_who_does_not_say_whether_a_person_is_there_is_a_program(monkeypatch):
    class Shell:
        class kernel:
            def get_parent(channel):
                return {"content": {}}

    monkeypatch.setattr(progress, "get_ipython", Shell, raising=False)
    assert progress._watched() is False
