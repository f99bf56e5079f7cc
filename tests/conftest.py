"""What tests of several modules begin with."""

import os
import subprocess
import sys
import tempfile

import psutil
import pytest
import torch
from hypothesis import HealthCheck, settings
from torch.utils.data import TensorDataset

from helper.checkpoints import save_checkpoint
from helper.networks import Network

# A busy machine is no failure.
settings.register_profile(
    "course", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("course")


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


QUICK = """
import sys, pytest
sys.modules["rfc3987_syntax"] = None  # takes a second, to check addresses that nobody has
sys.exit(pytest.main())
"""


@pytest.fixture
def run_pytest():
    """Runs pytest in a process of its own; gives its exit code, and what it printed."""

    def run(*arguments, cwd, before=(), costs=False, **variables):
        # Importing these takes its time, and torch, which the costs need.
        without = ["hypothesispytest", "benchmark", "xdist"]
        without += [] if costs else ["notebook-costs"]
        command = [*before, sys.executable, "-c", QUICK, "-q", *arguments]
        command += [word for name in without for word in ("-p", f"no:{name}")]
        done = subprocess.run(
            command,
            cwd=cwd,
            env={**os.environ, "NO_COLOR": "1", **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        return done.returncode, done.stdout

    return run


@pytest.fixture
def list_threads():
    """Code that prints which threads of a process group are left, with the rank."""
    return """
import glob, os
names = [open(path).read().strip() for path in glob.glob("/proc/self/task/*/comm")]
left = sorted(name for name in names if "gloo" in name)
print(f"rank {os.environ['RANK']}: {left}\\n", end="", flush=True)
"""
