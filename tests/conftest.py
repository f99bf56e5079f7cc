"""What tests of several modules begin with."""

import tempfile

import psutil
import pytest
import torch
from torch.utils.data import TensorDataset

from helper.checkpoints import save_checkpoint
from helper.networks import Network


@pytest.fixture
def saved(tmp_path):
    """The path of a checkpoint, alone in its folder, and the model in it."""
    torch.manual_seed(0)
    model = Network(12, [5, 4], 3, dropout=0.2)
    path = tmp_path / "model.pt"
    save_checkpoint(path, model, epoch=3, history={"train_loss": [1.0, 0.5]})
    return path, model


@pytest.fixture
def data():
    """70 examples of 4 numbers; the sign of the first is the class."""
    torch.manual_seed(0)
    images = torch.randn(70, 4)
    labels = (images[:, 0] > 0).long()
    return TensorDataset(images, labels)


@pytest.fixture
def nothing_left(tmp_path, monkeypatch):
    """No process, port or temporary file more than before."""

    def all_of_ours():
        return psutil.Process().children(recursive=True)

    def ports():
        return {c for c in psutil.Process().net_connections() if c.status == "LISTEN"}

    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    before = set(all_of_ours()), ports()
    yield
    assert set(all_of_ours()) <= before[0]
    assert ports() <= before[1]
    assert list(temporary.iterdir()) == []


@pytest.fixture
def write(tmp_path):
    """Writes a script, and gives its path."""

    def write(source):
        path = tmp_path / "script.py"
        path.write_text(source, encoding="utf-8")
        return path

    return write
