"""launch(): what it starts, what it refuses, and what is said of a script that fails.

That one process and two give the same network, and that a killed one resumes, notebook 12
asserts itself.
"""

import os
import re
import runpy
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import torch

import helper.launch as launching
from helper.checkpoints import load_checkpoint
from helper.last_words import hiding, last_words
from helper.launch import launch
from helper.networks import Network

ROOT = Path(__file__).resolve().parents[1]
TRAIN = ROOT / "notebooks" / "scripts" / "12_train.py"

pytestmark = pytest.mark.usefixtures("nothing_left")
TORCHRUN = pytest.mark.skipif(
    sys.platform == "win32", reason="torchrun asks for libuv, which PyTorch lacks there"
)


def test_one_process_is_python_itself(write, tmp_path):
    script = write(
        "import os, sys; print(sys.argv[1:], 'RANK' in os.environ, 'é')",
    )
    with launch(script, 1, tmp_path) as process:
        assert process.stdout.read() == f"{['1', str(tmp_path)]} False é\n"


@TORCHRUN
def test_the_smallest_script_of_12_trains_with_two(tmp_path):
    with launch(TRAIN.with_name("12_small.py"), tmp_path / "small.pt", processes=2):
        pass
    weights = torch.load(tmp_path / "small.pt")
    logits = weights["weight"].T + weights["bias"]  # of the rows of torch.eye(3)
    assert logits.argmax(dim=1).tolist() == [0, 1, 2]


def test_a_block_that_reads_nothing_waits_all_the_same(write, tmp_path, monkeypatch):
    script = write("print('x' * 10**6); open('done', 'w').close()")
    monkeypatch.chdir(tmp_path)
    with launch(script):
        pass
    assert (tmp_path / "done").exists()


def test_what_it_refuses(tmp_path):
    with pytest.raises(FileNotFoundError):
        with launch(tmp_path / "nothing.py"):
            pass
    for options in (
        {"processes": 0},
        {"max_restarts": 1},
        {"processes": 2, "max_restarts": -1},
    ):
        with pytest.raises(ValueError):
            with launch(TRAIN, **options):
                pass


def test_a_script_that_fails_is_quoted(write):
    script = write("raise ValueError('an odd number')")
    with pytest.raises(RuntimeError, match="(?s)script.py ended with code 1: .*an odd"):
        with launch(script):
            pass


NOT_UTF_8 = "import os; os.write(1, b'a\\xff\\n'); os.write(2, b'b\\xfe')"


def test_what_is_not_utf_8_is_no_reason_to_fail(write):
    with launch(write(NOT_UTF_8)) as process:
        assert process.stdout.read() == "a\ufffd\n"


@pytest.mark.parametrize("processes", [1, pytest.param(2, marks=TORCHRUN)])
def test_what_is_not_utf_8_is_quoted(write, processes):
    script = write(f"{NOT_UTF_8}; os._exit(1)")
    with pytest.raises(RuntimeError, match="ended with code 1: .*b\ufffd"):
        with launch(script, processes=processes):
            pass  # nobody reads it


@TORCHRUN
@pytest.mark.parametrize(
    "source, code", [("raise SystemExit(3)", 3), ("os.kill(os.getpid(), 9)", -9)]
)
def test_a_failure_without_a_word_is_called_that(write, source, code):
    script = write(f"import os; {source}")
    with pytest.raises(
        RuntimeError, match=f"^script.py ended with code {code}: it wro"
    ):
        with launch(script):
            pass
    with pytest.raises(
        RuntimeError, match="(?s)^script.py ended with code 1: .*exitcode"
    ):
        with launch(script, processes=2):
            pass


@pytest.mark.parametrize(
    "name, processes",
    [
        pytest.param("random", 2, marks=TORCHRUN),
        ("queue", 1),
        ("typing", 1),
        ("torch", 1),
    ],
)
def test_a_file_with_the_name_of_a_module_is_named(
    write, tmp_path, name, processes, monkeypatch
):
    monkeypatch.chdir(tmp_path)  # torchrun looks here, the script beside itself
    path = tmp_path / f"{name}.py"
    path.write_text("answer = 42\n", encoding="utf-8")
    with launch(write("print('well')"), processes=processes) as process:
        # Two processes write where they like: word and end of line are two writes.
        assert process.stdout.read().replace("\n", "") == "well" * processes
    script = write("import torch, queue; torch.ones, queue.Queue")
    with pytest.raises(RuntimeError) as caught:
        with launch(script, processes=processes):
            pass
    assert str(caught.value).endswith(
        f"\n{path} hides the module {name}: rename the file"
    )


def test_each_file_that_hides_a_module_is_named(tmp_path):
    for name in ("queue", "random", "mine"):
        (tmp_path / f"{name}.py").touch()
    said = hiding(f"'queue' and {tmp_path / 'random.py'}", tmp_path / "script.py")
    assert said == "".join(
        f"\n{tmp_path / name}.py hides the module {name}: rename the file"
        for name in ("queue", "random")
    )


def test_a_file_that_hides_nothing_is_not_blamed(write, tmp_path):
    (tmp_path / "random.py").touch()
    with pytest.raises(RuntimeError, match="ZeroDivisionError: division by zero$"):
        with launch(write("1 / 0")):
            pass
    script = tmp_path / "queue.py"  # itself in every traceback
    script.write_text("1 / 0", encoding="utf-8")
    with pytest.raises(RuntimeError, match="ZeroDivisionError: division by zero$"):
        with launch(script):
            pass


@TORCHRUN
def test_what_another_torchrun_left_behind_is_not_inherited(write, monkeypatch):
    foreign = ["RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "GROUP_RANK"]
    foreign += ["ROLE_RANK", "GROUP_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"]
    foreign += ["TORCHELASTIC_RUN_ID", "TORCHELASTIC_USE_AGENT_STORE", "PET_NNODES"]
    for name in foreign:
        monkeypatch.setenv(name, "2")
    monkeypatch.setenv("MASTERS", "kept")
    script = write("import os; print(sorted(os.environ))")
    with launch(script) as process:
        names = process.stdout.read()
    assert "'MASTERS'" in names
    assert not [name for name in foreign if f"'{name}'" in names]
    script = write(
        "import os; print(os.environ['RANK'] + os.environ['WORLD_SIZE'] + '\\n', end='')",
    )
    with launch(script, processes=2) as process:
        assert sorted(process.stdout.read().split()) == ["02", "12"]


def test_what_it_leaves_in_its_temporary_folder_goes(write):
    source = "import tempfile; print(tempfile.mkdtemp())"
    with launch(write(source)) as process:
        folder = Path(process.stdout.read().strip())
        assert folder.parent.parent == Path(tempfile.gettempdir())
    assert not folder.exists()
    assert "results belong into another one" in launching.launch.__doc__


def can_be_alone():
    """torchrun --standalone listens on all networks: it is run where it can have none."""
    if not (shutil.which("unshare") and shutil.which("ip")):
        return False
    return not subprocess.run(
        ["unshare", "-rn", "true"], capture_output=True
    ).returncode


@TORCHRUN
def test_the_command_that_the_notebook_names(write, list_threads, tmp_path):
    """A thread of the group that is late would find Python gone and abort."""
    source = TRAIN.read_text(encoding="utf-8")
    script = write(source + list_threads)
    options = ["--epochs", "1", "--folder", tmp_path]
    if can_be_alone():
        command = re.search(r"torchrun\s(--standalone)\s(--nproc-per-node) (2)", source)
        torchrun = [sys.executable, "-m", "torch.distributed.run", *command.groups()]
        up = ["unshare", "-rn", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
        printed = subprocess.run(
            [*up, *torchrun, script, *options],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            # torchrun leaves a folder in TMPDIR
            env={**os.environ, "TMPDIR": str(tmp_path)},
        ).stdout
    else:
        with launch(script, *options, processes=2) as process:
            printed = process.stdout.read()
    assert "epoch  1: loss" in printed
    assert "rank 0: []\n" in printed and "rank 1: []\n" in printed
    assert load_checkpoint(tmp_path / "checkpoint.pt")[1]["epoch"] == 1


def run_train(monkeypatch, world_size, *options):
    """The script of notebook 12 here, as one of so many processes that haven't met."""
    main = runpy.run_path(str(TRAIN))["main"]
    monkeypatch.setitem(main.__globals__, "join", lambda device: (0, world_size))
    monkeypatch.setattr(sys, "argv", [str(TRAIN), *map(str, options)])
    main()


def test_an_uneven_batch_is_a_sentence(tmp_path, monkeypatch, capsys):
    with pytest.raises(SystemExit):
        run_train(monkeypatch, 2, "--batch-size", 63, "--folder", tmp_path)
    assert "2 processes can't share --batch-size" in capsys.readouterr().err


def test_half_a_checkpoint_is_not_trained_on(tmp_path, monkeypatch):
    torch.save(Network(4, [], 2).state_dict(), tmp_path / "checkpoint.pt")
    half = (tmp_path / "checkpoint.pt").read_bytes()[:300]
    (tmp_path / "checkpoint.pt").write_bytes(half)
    with pytest.raises(ValueError, match="is cut off"):
        run_train(monkeypatch, 1, "--folder", tmp_path)
    assert (tmp_path / "checkpoint.pt").read_bytes() == half


@pytest.mark.parametrize("names, found", [(["eth0", "lo0"], "lo0"), (["en0"], "lo")])
def test_processes_meet_on_the_loopback_interface(names, found, monkeypatch):
    monkeypatch.setattr(launching.socket, "if_nameindex", lambda: enumerate(names))
    assert launching._loopback() == found


def test_the_last_words_are_the_scripts_own():
    log = "W1124 01:02:03 torch/x.py] late\n[E1124 x] bad\n*****\nSetting OMP_NUM_THREADS\n"
    own = "\n".join(f"line {i}" for i in range(25))
    root = 'Traceback (most recent call last):\n  File "<frozen runpy>", line 1\n'
    said = last_words(f"{log}\n{own}\n{log}{root}torchrun's own\n")
    assert said == "\n".join(f"line {i}" for i in range(5, 25))
    # It did not come to the script.
    said = last_words(f"{root}torchrun's own\n")
    assert said == f"{root}torchrun's own"
    assert last_words("\n \n") == "it wrote nothing to stderr"


def test_the_store_is_at_a_port_of_its_own():
    store = launching._open_store()
    assert store.port > 1023


def test_gloo_is_told_the_loopback_by_a_name_that_it_knows(monkeypatch):
    """On Windows it looks for "Loopback Pseudo-Interface 1", and Python says "loopback_0"."""
    monkeypatch.setattr(sys, "platform", "linux")
    assert launching._variables("mark", None)["GLOO_SOCKET_IFNAME"].startswith("lo")
    monkeypatch.delenv("GLOO_SOCKET_IFNAME", raising=False)
    monkeypatch.setattr(sys, "platform", "win32")
    assert "GLOO_SOCKET_IFNAME" not in launching._variables("mark", None)


def test_without_libuv_it_says_where_it_runs(write, monkeypatch):
    said = "use_libuv was requested but PyTorch was built without libuv support"

    class Store:
        def __init__(self, *arguments, master_listen_fd, **options):
            os.close(master_listen_fd)
            raise RuntimeError(said)

    monkeypatch.setattr(launching.dist, "TCPStore", Store)
    with pytest.raises(RuntimeError, match="WSL"):
        with launch(write("print(1)"), processes=2):
            pass
    said = "the address is in use"
    with pytest.raises(RuntimeError, match="in use"):
        with launch(write("print(1)"), processes=2):
            pass
