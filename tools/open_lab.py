"""Start JupyterLab with the first notebook open: on this machine only, token kept."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from jupyter_core.paths import jupyter_runtime_dir

ROOT = Path(__file__).resolve().parents[1]
FIRST = "notebooks/00_start_here.ipynb"
SECONDS = 120  # a slow disk, the first time
SECONDS_TO_END = 15


def command() -> list[str]:
    """The command line that starts JupyterLab on this machine."""
    options = [
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.root_dir={ROOT}",
        f"--LabApp.default_url=/lab/tree/{FIRST}",
        # Nothing is looked up on the network before the first lesson.
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--allow-root")
    if not has_display():
        options.append("--no-browser")
    return [sys.executable, "-m", "jupyterlab", *options, *sys.argv[1:]]


def has_display() -> bool:
    """Is there a screen, to open a browser on?"""
    return sys.platform != "linux" or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


def variables() -> dict[str, str]:
    """The environment that JupyterLab hands on to the kernels of all notebooks."""
    # Small networks are fastest on one core, and notebooks with more threads than the
    # machine has cores nearly stop one another.
    own = {"OMP_NUM_THREADS": "1", **os.environ}
    own.pop("MPLBACKEND", None)  # figures belong into the notebook
    return own


def address() -> str | None:
    """Where this course is open already; None if it isn't."""
    for path in Path(jupyter_runtime_dir()).glob("jpserver-*.json"):
        try:
            server = json.loads(path.read_text(encoding="utf-8"))
            if Path(server["root_dir"]).resolve() == ROOT and answers(server["url"]):
                token = f"?token={server['token']}" if server["token"] else ""
                return f"{server['url']}lab/tree/{FIRST}{token}"
        except (OSError, ValueError, KeyError):
            continue  # being written, or left behind
    return None


def answers(url: str) -> bool:
    """Does a server listen there? It is on this machine: no proxy is asked."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(f"{url}api", timeout=30) as reply:
            return "version" in json.load(reply)
    except (OSError, ValueError):
        return False


def open_log():
    """build/lab.log, to add to; a temporary file where the folder can't be written to."""
    try:
        (ROOT / "build").mkdir(exist_ok=True)
        return open(ROOT / "build" / "lab.log", "a+", encoding="utf-8")
    except OSError:
        folder = tempfile.mkdtemp(prefix="pytorch-course-")
        return open(os.path.join(folder, "lab.log"), "a+", encoding="utf-8")


def take_terminal() -> None:
    """Let Ctrl+C reach JupyterLab and this program, but not `make`, which would call it an error.

    Where there is no terminal, or this program is not in its foreground, nothing is changed.
    """
    try:
        if os.tcgetpgrp(0) == os.getpgrp() != os.getpid():
            signal.signal(signal.SIGTTOU, signal.SIG_IGN)
            # The shell waits for `make` alone.
            signal.signal(signal.SIGTSTP, signal.SIG_IGN)
            os.setpgid(0, 0)
            os.tcsetpgrp(0, os.getpgrp())
    except (AttributeError, OSError):
        pass


def give_back_terminal(group: int) -> None:
    try:
        os.tcsetpgrp(0, group)
    except (AttributeError, OSError):
        pass


def stop(signal_number, frame):
    raise KeyboardInterrupt


def end(process: subprocess.Popen) -> None:
    """In good order; but Ctrl+C while JupyterLab still starts can leave it deaf to that."""
    process.terminate()
    try:
        process.wait(SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def main() -> int:
    where = address()
    if where is not None:
        print(f"The course is open already, in another terminal:\n\n    {where}\n")
        return 0
    print("Starting JupyterLab; this takes some seconds ...", flush=True)
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), stop)
    group = os.getpgrp() if hasattr(os, "getpgrp") else 0
    take_terminal()
    log = open_log()
    begin = log.seek(0, os.SEEK_END)
    process = subprocess.Popen(
        command(),
        cwd=ROOT,
        env=variables(),
        stdin=subprocess.DEVNULL,  # else it asks, after Ctrl+C, whether that was meant
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        deadline = time.monotonic() + SECONDS
        while where is None and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.2)
            where = address()
        if where is not None:
            if "--no-browser" in command():
                print("The course is open. Open this address in your browser:")
            else:
                print(
                    "The course is open in your browser. If it isn't, open this address:"
                )
            print(f"\n    {where}\n")
            print(
                "Leave this terminal open while you work. Save your notebooks, then press"
            )
            print(
                f"Ctrl+C here to close the course. What JupyterLab says goes to {log.name}"
            )
            sys.stdout.flush()
            process.wait()
    except KeyboardInterrupt:
        end(process)
        print("\nThe course is closed. `make lab` opens it again.", flush=True)
        return 0
    finally:
        end(process)
        give_back_terminal(group)
    log.seek(begin)
    last = "\n    ".join(log.read().strip().splitlines()[-6:])
    what = "has ended" if where is not None else "did not start"
    print(f"JupyterLab {what}. It says:\n\n    {last}\n\nAll of it is in {log.name}.")
    return 1


if __name__ == "__main__":
    sys.exit(main())
