"""Start a training script on this machine: by Python, or by torchrun on several processes.

Between the notebook and the script stands a watcher, a program of its own: helper/watcher.py.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import torch.distributed as dist

from helper import watcher
from helper.last_words import hiding, last_words

# How long a script has to end in good order, in seconds, before it is killed.
GRACE = 5.0

_TEXT = {"encoding": "utf-8", "errors": "replace"}  # of all that the processes write

# What torchrun tells a process, and what it takes its own options from. Inherited from
# somewhere, they would make the script wait for processes that nobody has started.
_OF_TORCHRUN = re.compile(
    "(PET|TORCHELASTIC)_|((LOCAL|GROUP|ROLE|NODE)_)?(RANK|WORLD_SIZE)$|MASTER_(ADDR|PORT)$"
    "|ROLE_NAME$|TORCH_DISABLE_SHARE_RDZV_TCP_STORE$"
)


@contextmanager
def launch(
    script: str | Path, *arguments: object, processes: int = 1, max_restarts: int = 0
) -> Iterator[subprocess.Popen]:
    """Run a script; however the block is left, all its processes have ended afterwards.

    So have those that they started, whatever these do with signals, and also when this process is
    killed: on Linux all of them; on macOS all but daemons; on Windows, while this process lives,
    all but those whose parent has ended.

    One process is `python script ...`, more are what `torchrun --standalone --nproc-per-node
    {processes} script ...` starts in a terminal, with one difference. The processes meet at a
    store, a small server; torchrun's own listens on every network that the machine is in,
    whatever host it is told, so here the store is opened on the loopback address, and torchrun
    is sent there.

    Args:
        script: the file; `arguments` are made strings, for its command line.
        processes: how many, 1 or more.
        max_restarts: how often torchrun starts all of them again after one has failed.

    Yields:
        The `subprocess.Popen`, which ends when the script does. Its `stdout` gives the lines
        that the processes print, as text, with a mark in place of what is not UTF-8; at the end
        of the block the script is waited for. The folder for temporary files that the script
        finds (TMPDIR) is its own, and goes with it: results belong into another one.

    Raises:
        FileNotFoundError: there is no such script.
        ValueError: fewer than one process, or restarts of a process that nobody watches.
        RuntimeError: torchrun can't start here, as on Windows. Or the script failed: then the
            message has the end of what it wrote to stderr.
    """
    script = Path(script).resolve()
    if not script.is_file():
        raise FileNotFoundError(f"no script at {script}: check the name and the folder")
    if processes < 1 or max_restarts < 0 or (processes == 1 and max_restarts):
        raise ValueError(
            f"got processes={processes}, max_restarts={max_restarts}: at least one process, "
            "and two for restarts, since it is torchrun that restarts"
        )
    mark = uuid.uuid4().hex
    store = _open_store() if processes > 1 else None
    port = store.port if store else None
    command = _command(script, arguments, port, processes, max_restarts)
    variables = _variables(mark, port)
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        open(f"{folder}/err", "w+", **_TEXT) as errors,
    ):
        variables["TMPDIR"] = folder  # torchrun's own files go with the folder
        with _start(command, variables, errors) as process:
            try:
                yield process
                _take_the_rest(process)
            finally:
                _end(process)
                # If somebody has killed the watcher.
                watcher.kill(lambda: watcher.marked(mark))
                store = None  # closes it
        if process.returncode:
            errors.seek(0)
            said = errors.read()
            raise RuntimeError(
                f"{script.name} ended with code {process.returncode}: "
                f"{last_words(said)}{hiding(said, script)}"
            )


def _command(
    script: Path,
    arguments: tuple[object, ...],
    port: int | None,
    processes: int,
    max_restarts: int,
) -> list[str]:
    """The watcher's command line, with that of Python, or of torchrun at the port, behind it."""
    watched, torchrun = [], []
    if os.name == "posix":
        watched = [sys.executable, "-I", watcher.__file__, str(os.getpid()), str(GRACE)]
    if port is not None:
        # -P: a random.py in this folder is not what torchrun means by random.
        torchrun = ["-P", "-m", "torch.distributed.run"]
        torchrun += ["--master-addr=127.0.0.1", f"--master-port={port}"]
        torchrun += [f"--nproc-per-node={processes}", f"--max-restarts={max_restarts}"]
    return [*watched, sys.executable, *torchrun, str(script), *map(str, arguments)]


def _variables(mark: str, port: int | None) -> dict[str, str]:
    """The environment: without what a torchrun has left in it, with the mark, and the port."""
    variables = {k: v for k, v in os.environ.items() if not _OF_TORCHRUN.match(k)}
    variables |= {watcher.MARK: mark}
    variables |= {"PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}
    # On Windows gloo knows other names than Python: "friendly" ones.
    if sys.platform != "win32":
        variables["GLOO_SOCKET_IFNAME"] = _loopback()
    if port is not None:
        # Without these, torchrun would open a store of its own at the same port.
        variables |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
        variables |= {"TORCHELASTIC_USE_AGENT_STORE": "True"}
    return variables


def _start(
    command: list[str], variables: dict[str, str], errors: TextIO
) -> subprocess.Popen:
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        env=variables,
        start_new_session=True,  # Ctrl-C is for us, and we end it in good order
        **_TEXT,
    )


def _take_the_rest(process: subprocess.Popen) -> None:
    """Wait for the end, and read: a script whose output nobody reads stands still."""
    while True:
        try:
            process.communicate(timeout=1)
            return
        except subprocess.TimeoutExpired:
            # Or the watcher was killed, and something that it watched writes on.
            if process.poll() is not None:
                return


def _end(process: subprocess.Popen) -> None:
    if sys.platform == "win32" and process.poll() is None:
        # terminate() ends one process alone, and there is no watcher; /T: its children, too.
        command = ["taskkill", "/F", "/T", "/PID", str(process.pid)]
        subprocess.run(command, capture_output=True)
    process.terminate()  # the watcher, which ends all others; a kill would orphan them
    if os.name == "posix":
        process.send_signal(signal.SIGCONT)
    try:
        process.wait(GRACE + 10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _loopback() -> str:
    """The name of the loopback interface: lo, lo0 or the like."""
    names = [name for _, name in socket.if_nameindex()]
    return next((name for name in names if name.startswith("lo")), "lo")


def _open_store() -> dist.TCPStore:
    """A store at a free port of 127.0.0.1, open until it is forgotten."""
    listener = socket.create_server(("127.0.0.1", 0))
    port, own = listener.getsockname()[1], {"master_listen_fd": listener.detach()}
    own |= {"is_master": True, "wait_for_workers": False}
    try:
        return dist.TCPStore("127.0.0.1", port, **own)
    except RuntimeError as error:
        if "without libuv" not in str(error):
            raise  # torchrun asks for libuv, whatever USE_LIBUV says: PyTorch's issue 178600
        said = "PyTorch has no libuv here, as on Windows; torchrun can't start: use WSL"
        raise RuntimeError(said) from error
