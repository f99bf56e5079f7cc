"""launch(): what it refuses, and that nothing of it is left, however it ends.

That one process and two give the same network, and that a killed one resumes, notebook 12
asserts itself.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest
import torch
from course import recipes

import helper.launch as launching
from helper import watcher
from helper.checkpoints import load_checkpoint
from helper.last_words import last_words
from helper.launch import launch
from helper.networks import Network

ROOT = Path(__file__).resolve().parents[1]
TRAIN = ROOT / "notebooks" / "scripts" / "12_train.py"


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


def test_a_script_that_fails_is_quoted(tmp_path):
    script = write(tmp_path, "raise ValueError('an odd number')")
    with pytest.raises(RuntimeError, match="(?s)script.py ended with code 1: .*an odd"):
        with launch(script):
            pass


@pytest.mark.parametrize("processes", [1, 2])
def test_what_is_not_utf_8_is_no_reason_to_fail(tmp_path, processes):
    source = "import os; os.write(1, b'a\\xff\\n'); os.write(2, b'b\\xfe'); {}"
    with launch(write(tmp_path, source.format("")), processes=processes) as process:
        assert process.stdout.read() == "a\ufffd\n" * processes
    with pytest.raises(RuntimeError, match="ended with code 1: .*b\ufffd"):
        with launch(write(tmp_path, source.format("os._exit(1)")), processes=processes):
            pass  # nobody reads it


@pytest.mark.parametrize(
    "source, code", [("raise SystemExit(3)", 3), ("os.kill(os.getpid(), 9)", -9)]
)
def test_a_failure_without_a_word_is_called_that(tmp_path, source, code):
    script = write(tmp_path, f"import os; {source}")
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
    "name, processes", [("random", 2), ("queue", 1), ("typing", 1), ("torch", 1)]
)
def test_a_file_with_the_name_of_a_module_is_named(
    tmp_path, name, processes, monkeypatch
):
    monkeypatch.chdir(tmp_path)  # torchrun looks here, the script beside itself
    hiding = tmp_path / f"{name}.py"
    hiding.write_text("answer = 42\n", encoding="utf-8")
    with launch(write(tmp_path, "print('well')"), processes=processes) as process:
        # Two processes write where they like: word and end of line are two writes.
        assert process.stdout.read().replace("\n", "") == "well" * processes
    script = write(tmp_path, "import torch, queue; torch.ones, queue.Queue")
    with pytest.raises(RuntimeError) as caught:
        with launch(script, processes=processes):
            pass
    assert str(caught.value).endswith(
        f"\n{hiding} hides the module {name}: rename the file"
    )


def test_a_file_that_hides_nothing_is_not_blamed(tmp_path):
    (tmp_path / "random.py").touch()
    with pytest.raises(RuntimeError, match="ZeroDivisionError: division by zero$"):
        with launch(write(tmp_path, "1 / 0")):
            pass
    script = tmp_path / "queue.py"  # itself in every traceback
    script.write_text("1 / 0", encoding="utf-8")
    with pytest.raises(RuntimeError, match="ZeroDivisionError: division by zero$"):
        with launch(script):
            pass


def test_what_another_torchrun_left_behind_is_not_inherited(tmp_path, monkeypatch):
    foreign = ["RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "GROUP_RANK"]
    foreign += ["ROLE_RANK", "GROUP_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"]
    foreign += ["TORCHELASTIC_RUN_ID", "TORCHELASTIC_USE_AGENT_STORE", "PET_NNODES"]
    for name in foreign:
        monkeypatch.setenv(name, "2")
    monkeypatch.setenv("MASTERS", "kept")
    script = write(tmp_path, "import os; print(sorted(os.environ))")
    with launch(script) as process:
        names = process.stdout.read()
    assert "'MASTERS'" in names
    assert not [name for name in foreign if f"'{name}'" in names]
    script = write(
        tmp_path,
        "import os; print(os.environ['RANK'] + os.environ['WORLD_SIZE'] + '\\n', end='')",
    )
    with launch(script, processes=2) as process:
        assert sorted(process.stdout.read().split()) == ["02", "12"]


# A script that is deaf to every signal that can be ignored, and so are those that it starts: a
# child, one in a session of its own, one that is stopped, and a daemon whose parent has ended
# and whose environment is empty.
DEAF = """
import os, signal, subprocess, sys, time
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
children = [
    subprocess.Popen(["sleep", "600"], start_new_session=session)
    for session in (False, True, False)
]
children[2].send_signal(signal.SIGSTOP)
read, write = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.write(write, str(os.getpid()).encode())
        os.execvpe("sleep", ["sleep", "600"], {"PATH": os.environ["PATH"]})
    os._exit(0)
os.wait()
numbers = [int(os.read(read, 20)), os.getppid(), os.getpid()]
print(*numbers, *(child.pid for child in children), flush=True)
"""
STAYS = DEAF + "time.sleep(600)\n"


@pytest.fixture
def brief(monkeypatch):
    monkeypatch.setattr(launching, "GRACE", 0.3)


def family(process):
    """Of those that the script names; a process that has its number later isn't one of them."""
    found = [psutil.Process(int(n)) for n in process.stdout.readline().split()]
    assert len(found) == 6 and all(each.is_running() for each in found)
    return found


def assert_gone(processes, seconds=0.0):
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    assert [each for each in alive if each.status() != psutil.STATUS_ZOMBIE] == []


LINUX = pytest.mark.skipif(sys.platform != "linux", reason="daemons are found on Linux")


@LINUX
def test_nothing_outlives_a_script_that_ends(tmp_path):
    begin = time.monotonic()
    with launch(write(tmp_path, DEAF)) as process:
        started = family(process)
        assert process.stdout.read() == ""  # the children hold it open, too
    assert_gone(started)
    assert time.monotonic() - begin < 30


@LINUX
def test_nothing_outlives_a_script_that_fails(tmp_path):
    with pytest.raises(RuntimeError, match="(?s)ended with code 1: .*ZeroDivision"):
        with launch(write(tmp_path, DEAF + "1 / 0")) as process:
            started = family(process)
    assert_gone(started)


@LINUX
def test_nothing_outlives_a_block_that_is_interrupted(tmp_path, brief):
    with pytest.raises(KeyboardInterrupt):
        with launch(write(tmp_path, STAYS)) as process:
            started = family(process)
            raise KeyboardInterrupt
    assert_gone(started)


@LINUX
@pytest.mark.parametrize("what", ["the script", "the watcher"])
def test_nothing_outlives_a_block_of_which_somebody_stopped(tmp_path, brief, what):
    with pytest.raises(KeyboardInterrupt):
        with launch(write(tmp_path, STAYS)) as process:
            started = family(process)
            started[2 if what == "the script" else 1].suspend()
            raise KeyboardInterrupt
    assert_gone(started)


@LINUX
def test_nothing_outlives_a_watcher_that_is_killed(tmp_path):
    """But for the daemon, whose environment is empty: nobody knows any more whose it was."""
    with pytest.raises(RuntimeError, match="ended with code -9: it wrote nothing"):
        with launch(write(tmp_path, STAYS)) as process:
            daemon, *started = family(process)
            process.kill()
    daemon.kill()
    assert_gone(started)


WORKERS = """
import os, signal, subprocess, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen(["sleep", "600"], start_new_session=True)
print(f"{os.getpid()} {child.pid}\\n", end="", flush=True)
time.sleep(600)
"""


def test_nothing_outlives_workers_that_are_deaf(tmp_path, brief):
    with pytest.raises(KeyboardInterrupt):
        with launch(write(tmp_path, WORKERS), processes=2) as process:
            numbers = "".join(process.stdout.readline() for _ in range(2)).split()
            started = [psutil.Process(int(number)) for number in numbers]
            raise KeyboardInterrupt
    assert len(started) == 4
    assert_gone(started)


KERNEL = """
import sys, helper.launch
helper.launch.GRACE = 0.3
with helper.launch.launch(sys.argv[1], processes=int(sys.argv[2])) as process:
    for line in process.stdout:
        print(line, end="", flush=True)
"""


@LINUX
def test_nothing_outlives_a_kernel_that_is_killed(tmp_path):
    kernel = [sys.executable, "-c", KERNEL, str(write(tmp_path, STAYS)), "1"]
    with subprocess.Popen(kernel, stdout=subprocess.PIPE, text=True) as process:
        started = family(process)
        process.kill()
    assert_gone(started, 20)


@pytest.mark.skipif(os.name != "posix", reason="Windows has no watcher")
def test_no_worker_outlives_a_kernel_that_is_killed(tmp_path):
    kernel = [sys.executable, "-c", KERNEL, str(write(tmp_path, WORKERS)), "2"]
    with subprocess.Popen(kernel, stdout=subprocess.PIPE, text=True) as process:
        numbers = "".join(process.stdout.readline() for _ in range(2)).split()
        started = [psutil.Process(int(number)) for number in numbers]
        started += psutil.Process(process.pid).children(recursive=True)
        process.kill()
    assert len(started) >= 8  # two workers with a child each, torchrun, the watcher
    assert_gone(started, 30)


@pytest.mark.skipif(not shutil.which("ps"), reason="asks ps, as on macOS")
@pytest.mark.parametrize("system", [sys.platform, "darwin"])
def test_a_tree_of_processes_is_seen_whole(monkeypatch, system):
    tree = [sys.executable, "-c"]
    tree += [
        "import subprocess as s; p = s.Popen(['sleep', '600']); print(p.pid, flush=1); p.wait()"
    ]
    with subprocess.Popen(tree, stdout=subprocess.PIPE, text=True) as process:
        grandchild = int(process.stdout.readline())
        monkeypatch.setattr(watcher.sys, "platform", system)
        try:
            assert watcher._descendants(process.pid) == [grandchild]
            assert set(watcher._descendants(os.getpid())) >= {process.pid, grandchild}
        finally:
            watcher.kill(lambda: watcher._descendants(process.pid))
    assert watcher._descendants(process.pid) == []


def test_a_script_that_ends_in_good_order_is_given_the_time(tmp_path):
    source = """
import signal, sys, time
def end(*_):
    print("saved", flush=True)
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
time.sleep(600)
"""
    with pytest.raises(KeyboardInterrupt):
        with launch(write(tmp_path, source)) as process:
            assert process.stdout.readline() == "ready\n"
            try:
                raise KeyboardInterrupt
            finally:
                process.terminate()
                assert process.stdout.read() == "saved\n"


def test_what_it_leaves_in_its_temporary_folder_goes(tmp_path):
    source = "import tempfile; print(tempfile.mkdtemp())"
    with launch(write(tmp_path, source)) as process:
        folder = Path(process.stdout.read().strip())
        assert folder.parent.parent == Path(tempfile.gettempdir())
    assert not folder.exists()
    assert "results belong into another one" in launching.launch.__doc__


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


@pytest.mark.parametrize("name", ["12_train.py", "recipe"])
def test_two_processes_end_with_their_group(name, tmp_path):
    """A thread of the group that is late would find Python gone and abort; see notebook 12."""
    if name == "12_train.py":
        source, end = TRAIN.read_text(encoding="utf-8"), "epoch  1: loss"
        options = ["--epochs", 1, "--folder", tmp_path]
    else:
        (source,) = [
            s for about, s in recipes().items() if "any number of proc" in about
        ]
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
    said = last_words(f"{log}\n{own}\n{log}{root}torchrun's own\n")
    assert said == "\n".join(f"line {i}" for i in range(5, 25))
    # It did not come to the script.
    said = last_words(f"{root}torchrun's own\n")
    assert said == f"{root}torchrun's own"
    assert last_words("\n \n") == "it wrote nothing to stderr"


def test_the_store_is_at_a_port_of_its_own():
    store = launching._open_store()
    assert store.port > 1023
