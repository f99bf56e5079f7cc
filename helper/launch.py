"""Start a training script on this machine: by Python, or by torchrun on several processes."""

import os
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch.distributed as dist


@contextmanager
def launch(
    script: str | Path, *arguments: object, processes: int = 1, max_restarts: int = 0
) -> Iterator[subprocess.Popen]:
    """Run a script; however the block is left, all its processes have ended afterwards.

    One process is `python script ...`, more are what `torchrun --standalone --nproc-per-node
    {processes} script ...` starts in a terminal, with one difference. The processes meet at a
    store, a small server; torchrun's own listens on every network that the machine is in,
    whatever host it is told, so here the store is opened on the loopback address, and torchrun
    is sent there.

    Args:
        script: the file, and `arguments`, which are made strings, for its command line.
        processes: how many, 1 or more.
        max_restarts: how often torchrun starts all of them again after one has failed.

    Yields:
        The `subprocess.Popen`. Its `stdout` gives the lines that the processes print, as text;
        at the end of the block the script is waited for.

    Raises:
        FileNotFoundError: there is no such script.
        ValueError: fewer than one process, or restarts of a process that nobody watches.
        RuntimeError: the script failed; the message has the end of what it wrote to stderr.
    """
    script = Path(script).resolve()
    if not script.is_file():
        raise FileNotFoundError(f"no script at {script}: check the name and the folder")
    if processes < 1 or (processes == 1 and max_restarts):
        raise ValueError(
            f"got processes={processes}, max_restarts={max_restarts}: at least one process, "
            "and two for restarts, since it is torchrun that restarts"
        )
    command = [sys.executable, str(script), *map(str, arguments)]
    variables = {**os.environ, "GLOO_SOCKET_IFNAME": _loopback()}
    variables |= {"PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}
    store = _open_store() if processes > 1 else None
    if store is not None:
        command[1:1] = ["-m", "torch.distributed.run"]
        command[3:3] = [
            f"--nproc-per-node={processes}",
            f"--max-restarts={max_restarts}",
        ]
        command[3:3] = ["--master-addr=127.0.0.1", f"--master-port={store.port}"]
        # Without these, torchrun would open a store of its own at the same port.
        variables |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(store.port)}
        variables |= {"TORCHELASTIC_USE_AGENT_STORE": "True"}
    with tempfile.TemporaryDirectory() as folder, open(f"{folder}/err", "w+") as errors:
        variables["TMPDIR"] = folder  # torchrun's own files go with the folder
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            encoding="utf-8",
            env=variables,
            start_new_session=True,  # Ctrl-C is for us, and we end it in good order
        ) as process:
            try:
                yield process
                process.communicate()
            finally:
                process.terminate()  # torchrun ends its workers; a kill would orphan them
                process.wait()
                store = None  # closes it
        if process.returncode:
            errors.seek(0)
            raise RuntimeError(
                f"{script.name} ended with code {process.returncode}: "
                f"{_last_words(errors.read())}"
            )


def _loopback() -> str:
    """The name of the loopback interface: lo, lo0 or the like."""
    return next(name for _, name in socket.if_nameindex() if name.startswith("lo"))


def _open_store() -> dist.TCPStore:
    """A store at a free port of 127.0.0.1, open until it is forgotten."""
    listener = socket.create_server(("127.0.0.1", 0))
    return dist.TCPStore(
        "127.0.0.1",
        listener.getsockname()[1],
        is_master=True,
        wait_for_workers=False,
        master_listen_fd=listener.detach(),
    )


def _last_words(errors: str) -> str:
    """What the script wrote to stderr, without torchrun's and PyTorch's own log."""
    own, *_ = re.split(r'Traceback .*\n  File "<frozen runpy>"', errors)
    log = re.compile(r"\[?[WEI]\d{4} |\*\*\*|Setting OMP_NUM_THREADS")
    lines = [line for line in own.splitlines() if line and not log.match(line)]
    return "\n".join(lines[-20:])
