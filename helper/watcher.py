"""A program that stands between `launch` and a script, and ends all that the script has started.

It lives on when the notebook's kernel is killed. Python runs this file by its name, with `-I`:
it imports nothing of the course's, nor anything that takes long.
"""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

# The variable by whose value the processes of a block are told from all others.
MARK = "COURSE_LAUNCH"


def watch(parent: int, grace: float, command: list[str]) -> int:
    """Run the command; when it ends, or `parent` does, or at a signal, end all it started.

    Returns:
        What the command returned; minus the signal that ended it.
    """
    asked = []
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, frame: asked.append(number))
    if sys.platform == "linux":
        # PR_SET_CHILD_SUBREAPER: whoever loses its parent becomes a child of this process.
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
    script = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    while os.getppid() == parent and not asked and not _ended(script, 0.1):
        pass
    if script.returncode is None:
        script.terminate()  # torchrun ends its workers in good order
        script.send_signal(signal.SIGCONT)
        if not _ended(script, grace):
            script.kill()
            script.wait()
    kill(lambda: _descendants(os.getpid()), adopted=True)
    if os.getppid() != parent:  # nobody else does it now
        shutil.rmtree(os.environ["TMPDIR"], ignore_errors=True)
    return script.returncode


def _ended(process: subprocess.Popen, seconds: float) -> bool:
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    return process.returncode is not None


def kill(find: Callable[[], list[int]], *, adopted: bool = False) -> None:
    """Kill what `find` finds, until it finds nothing: some may just be starting others."""
    deadline = time.monotonic() + 5
    while (found := find()) and time.monotonic() < deadline:
        for number in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(number, signal.SIGKILL)
        with suppress(ChildProcessError):
            while adopted and os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.02)


def _descendants(ancestor: int) -> list[int]:
    """The processes that this one has started, and those that they have, and so on."""
    parents = _parents()
    found, new = [], [ancestor]
    while new:
        new = [number for number, parent in parents.items() if parent in new]
        found += new
    return found


def _parents() -> dict[int, int]:
    """Who has started each process that runs; one that is dead (Z) doesn't."""
    parents = {}
    if sys.platform == "linux":
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it has just ended
                text = (folder / "stat").read_text(errors="replace")
                # 7 (name) S 1 ...: the name may hold anything.
                state, parent, *_ = text.rpartition(")")[2].split()
                if state != "Z":
                    parents[int(folder.name)] = int(parent)
        return parents
    command = ["ps", "-A", "-o", "pid=,ppid=,state="]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as ps:
        for line in ps.stdout:
            number, parent, state = line.split()[:3]
            if not state.startswith("Z") and int(number) != ps.pid:
                parents[int(number)] = int(parent)
    return parents


def marked(mark: str) -> list[int]:
    """The processes whose environment holds the mark; none where that can't be seen."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"{MARK}={mark}".encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
    return found


if __name__ == "__main__":
    code = watch(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:])
    if code < 0:  # ended by a signal: end the same way
        with suppress(OSError):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)
