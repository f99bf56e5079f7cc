"""launch(): what it refuses, and that nothing of it is left, however it ends.

That one process and two give the same network, and that a killed one resumes, notebook 09
asserts itself.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest
import torch
from test_recipes import RECIPES

import helper.launch as launching
from helper.launch import launch
from helper.models import Network, load_checkpoint

ROOT = Path(__file__).resolve().parents[1]
TRAIN = ROOT / "notebooks" / "09_train.py"


@pytest.fixture(autouse=True)
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


def write(folder, source):
    path = folder / "script.py"
    path.write_text(source, encoding="utf-8")
    return path


def test_one_process_is_python_itself(tmp_path):
    script = write(
        tmp_path,
        "import os, sys; print(sys.argv[1:], 'RANK' in os.environ, 'é')",
    )
    with launch(script, 1, tmp_path) as process:
        assert process.stdout.read() == f"{['1', str(tmp_path)]} False é\n"


def test_a_block_that_reads_nothing_waits_all_the_same(tmp_path, monkeypatch):
    script = write(tmp_path, "print('x' * 10**6); open('done', 'w').close()")
    monkeypatch.chdir(tmp_path)
    with launch(script):
        pass
    assert (tmp_path / "done").exists()


def test_what_it_refuses(tmp_path):
    with pytest.raises(FileNotFoundError, match="no script at .*nothing.py: check"):
        with launch(tmp_path / "nothing.py"):
            pass
    for options in ({"processes": 0}, {"max_restarts": 1}):
        with pytest.raises(ValueError, match="at least one process"):
            with launch(TRAIN, **options):
                pass


def test_a_script_that_fails_is_quoted(tmp_path):
    script = write(tmp_path, "raise ValueError('an odd number')")
    with pytest.raises(RuntimeError, match="(?s)script.py ended with code 1: .*an odd"):
        with launch(script):
            pass


COUNT = """
import os, sys, torch, torch.distributed as dist
dist.init_process_group()
count = torch.ones(1)
dist.all_reduce(count)
print(f"{os.getpid()} {count.item():.0f}\\n", end="", flush=True)
while True:
    dist.all_reduce(count)
"""


def test_interrupted_with_ports_on_loopback_only(tmp_path):
    script = write(tmp_path, COUNT)
    with pytest.raises(KeyboardInterrupt):
        with launch(script, processes=2) as process:
            lines = [process.stdout.readline().split() for _ in range(2)]
            family = psutil.Process(process.pid).children(recursive=True)
            assert {int(pid) for pid, _ in lines} <= {child.pid for child in family}
            assert {count for _, count in lines} == {"2"}
            listening = {
                connection.laddr.ip
                for each in [psutil.Process(), psutil.Process(process.pid), *family]
                for connection in each.net_connections()
                if connection.status == "LISTEN"
            }
            assert listening <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}
            raise KeyboardInterrupt
    assert not any(child.is_running() for child in family)


THREADS = """
import glob, os
names = [open(path).read().strip() for path in glob.glob("/proc/self/task/*/comm")]
print(f"rank {os.environ['RANK']}: {sorted(name for name in names if 'gloo' in name)}\\n", end="")
"""


@pytest.mark.parametrize("name", ["09_train.py", "recipe"])
def test_two_processes_end_with_their_group(name, tmp_path):
    """A thread of the group that is late would find Python gone and abort; see notebook 09."""
    if name == "09_train.py":
        source, end = TRAIN.read_text(encoding="utf-8"), "epoch 1: loss"
        options = ["--epochs", 1, "--folder", tmp_path]
    else:
        (source,) = [s for about, s in RECIPES.items() if "any number of proc" in about]
        options, end = [], "trained by 2"
    script = write(tmp_path, source + THREADS)
    with launch(script, *options, processes=2) as process:
        printed = process.stdout.read()
    assert end in printed
    assert "rank 0: []\n" in printed and "rank 1: []\n" in printed


def test_an_uneven_batch_is_a_sentence(tmp_path):
    with pytest.raises(RuntimeError, match="2 processes can't share --batch-size"):
        with launch(TRAIN, "--batch-size", 63, "--folder", tmp_path, processes=2):
            pass


def test_half_a_checkpoint_is_not_trained_on(tmp_path):
    torch.save(Network(4, [], 2).state_dict(), tmp_path / "checkpoint.pt")
    half = (tmp_path / "checkpoint.pt").read_bytes()[:300]
    (tmp_path / "checkpoint.pt").write_bytes(half)
    with pytest.raises(RuntimeError, match="is cut off"):
        with launch(TRAIN, "--folder", tmp_path):
            pass
    assert (tmp_path / "checkpoint.pt").read_bytes() == half


@pytest.mark.skipif(
    not (shutil.which("unshare") and shutil.which("ip"))
    or subprocess.run(["unshare", "-rn", "true"], capture_output=True).returncode,
    reason="torchrun --standalone listens on all networks: only where it can have none",
)
def test_the_command_that_the_notebook_names(tmp_path):
    torchrun = f"'{sys.executable}' -m torch.distributed.run"
    command = re.search(
        r"torchrun\s--standalone\s--nproc-per-node 2", TRAIN.read_text()
    )
    command = " ".join(command[0].split()).replace("torchrun", torchrun)
    command += f" '{TRAIN}' --epochs 1 --folder '{tmp_path}'"
    subprocess.run(
        ["unshare", "-rn", "sh", "-c", f"ip link set lo up && {command}"],
        check=True,
        capture_output=True,
        timeout=120,
        env={**os.environ, "TMPDIR": str(tmp_path)},  # torchrun leaves a folder there
    )
    assert load_checkpoint(tmp_path / "checkpoint.pt")[1]["epoch"] == 1


def test_the_last_words_are_the_scripts_own():
    log = "W1124 01:02:03 torch/x.py] late\n[E1124 x] bad\n*****\nSetting OMP_NUM_THREADS\n"
    own = "\n".join(f"line {i}" for i in range(25))
    root = 'Traceback (most recent call last):\n  File "<frozen runpy>", line 1\n'
    said = launching._last_words(f"{log}\n{own}\n{log}{root}torchrun's own\n")
    assert said == "\n".join(f"line {i}" for i in range(5, 25))


def test_the_store_is_at_a_port_of_its_own():
    store = launching._open_store()
    assert store.port > 1023
