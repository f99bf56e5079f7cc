"""However launch ends: no process, port or temporary file of it is left."""

import os
import shutil
import subprocess
import sys
import time

import psutil
import pytest

import helper.launch as launching
from helper import watcher
from helper.launch import launch

pytestmark = pytest.mark.usefixtures("nothing_left")


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


def is_alive(process):
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def assert_gone(processes, seconds=5):
    """What was killed may need a moment, on a machine that is busy."""
    deadline = time.monotonic() + seconds
    while alive := list(filter(is_alive, processes)):
        assert time.monotonic() < deadline, alive
        time.sleep(0.01)


TORCHRUN = pytest.mark.skipif(
    sys.platform == "win32", reason="torchrun asks for libuv, which PyTorch lacks there"
)
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="daemons are found on Linux")


@LINUX
def test_nothing_outlives_a_script_that_ends(write):
    begin = time.monotonic()
    with launch(write(DEAF)) as process:
        started = family(process)
        assert process.stdout.read() == ""  # the children hold it open, too
    assert_gone(started)
    assert time.monotonic() - begin < 300  # not the 600 that they sleep


@LINUX
def test_nothing_outlives_a_script_that_fails(write):
    with pytest.raises(RuntimeError, match="(?s)ended with code 1: .*ZeroDivision"):
        with launch(write(DEAF + "1 / 0")) as process:
            started = family(process)
    assert_gone(started)


@LINUX
def test_nothing_outlives_a_block_that_is_interrupted(write, brief):
    with pytest.raises(KeyboardInterrupt):
        with launch(write(STAYS)) as process:
            started = family(process)
            raise KeyboardInterrupt
    assert_gone(started)


@LINUX
@pytest.mark.parametrize("what", ["the script", "the watcher"])
def test_nothing_outlives_a_block_of_which_somebody_stopped(write, brief, what):
    with pytest.raises(KeyboardInterrupt):
        with launch(write(STAYS)) as process:
            started = family(process)
            started[2 if what == "the script" else 1].suspend()
            raise KeyboardInterrupt
    assert_gone(started)


@LINUX
def test_nothing_outlives_a_watcher_that_is_killed(write):
    """But for the daemon, whose environment is empty: nobody knows any more whose it was."""
    with pytest.raises(RuntimeError, match="ended with code -9: it wrote nothing"):
        with launch(write(STAYS)) as process:
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


@TORCHRUN
def test_nothing_outlives_workers_that_are_deaf(write, brief):
    with pytest.raises(KeyboardInterrupt):
        with launch(write(WORKERS), processes=2) as process:
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
def test_nothing_outlives_a_kernel_that_is_killed(write):
    kernel = [sys.executable, "-c", KERNEL, str(write(STAYS)), "1"]
    with subprocess.Popen(kernel, stdout=subprocess.PIPE, text=True) as process:
        started = family(process)
        process.kill()
    assert_gone(started, 120)


@pytest.mark.skipif(os.name != "posix", reason="Windows has no watcher")
def test_no_worker_outlives_a_kernel_that_is_killed(write):
    kernel = [sys.executable, "-c", KERNEL, str(write(WORKERS)), "2"]
    with subprocess.Popen(kernel, stdout=subprocess.PIPE, text=True) as process:
        numbers = "".join(process.stdout.readline() for _ in range(2)).split()
        started = [psutil.Process(int(number)) for number in numbers]
        started += psutil.Process(process.pid).children(recursive=True)
        process.kill()
    assert len(started) >= 8  # two workers with a child each, torchrun, the watcher
    assert_gone(started, 120)


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


def test_a_script_that_ends_in_good_order_is_given_the_time(write, monkeypatch):
    monkeypatch.setattr(launching, "GRACE", 60)
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
        with launch(write(source)) as process:
            assert process.stdout.readline() == "ready\n"
            try:
                raise KeyboardInterrupt
            finally:
                process.terminate()
                assert process.stdout.read() == "saved\n"


COUNT = """
import os, sys, torch, torch.distributed as dist
dist.init_process_group()
count = torch.ones(1)
dist.all_reduce(count)
print(f"{os.getpid()} {count.item():.0f}\\n", end="", flush=True)
while True:
    dist.all_reduce(count)
"""


@TORCHRUN
def test_interrupted_with_ports_on_loopback_only(write):
    script = write(COUNT)
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


@pytest.mark.skipif(os.name != "posix", reason="stands in for Windows")
def test_windows_is_asked_to_end_a_script_with_its_children(write, monkeypatch):
    asked = []
    run = subprocess.run

    def taskkill(command, **options):
        if command[0] == "taskkill":
            assert psutil.pid_exists(int(command[-1]))
            asked.append(command[:-1])
        else:
            return run(command, **options)

    monkeypatch.setattr(subprocess, "run", taskkill)
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(ValueError, match="left early"):
        with launch(write("import time; print(1, flush=True); time.sleep(600)")) as p:
            p.stdout.readline()
            raise ValueError("left early")
    assert asked == [["taskkill", "/F", "/T", "/PID"]]
    with launch(write("print(1)")):
        pass
    assert len(asked) == 1  # its number may be another process's by now
