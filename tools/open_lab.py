"""Start JupyterLab with the first lesson open: on this machine only, token kept.

It opens the learner's own copies of the lessons, which are made and brought up to date before.
With --originals it opens notebooks/ itself, for those who change the course.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import urllib.request
from pathlib import Path

import my_copies
from foreground import give_back_terminal, take_terminal
from jupyter_core.paths import jupyter_runtime_dir

ROOT = Path(__file__).resolve().parents[1]
FIRST = "00_start_here.ipynb"
SECONDS = 120  # a slow disk, the first time
SECONDS_TO_END = 15


def command(folder: str) -> list[str]:
    """The command line that starts JupyterLab on this machine, with the first lesson open."""
    options = [
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.root_dir={ROOT}",
        f"--LabApp.default_url=/lab/tree/{folder}/{FIRST}",
        # Nothing is looked up on the network before the first lesson.
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--allow-root")
    if not has_display():
        options.append("--no-browser")
    arguments = [a for a in sys.argv[1:] if a != "--originals"]
    return [sys.executable, "-m", "jupyterlab", *options, *arguments]


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


def copies() -> str:
    """Bring work/ up to date, say what is new there, and return the folder to open."""
    try:
        for sentence in my_copies.update():
            say(sentence)
        return my_copies.WORK.name
    except OSError as error:
        say(
            f"Your copies of the lessons can't be written to work/ ({error}). The lessons "
            "themselves are opened instead."
        )
        return "notebooks"


def say(sentence: str) -> None:
    print(textwrap.fill(sentence, 80, break_long_words=False), flush=True)


def address(folder: str) -> str | None:
    """Where this course is open already; None if it isn't."""
    for path in Path(jupyter_runtime_dir()).glob("jpserver-*.json"):
        try:
            server = json.loads(path.read_text(encoding="utf-8"))
            if Path(server["root_dir"]).resolve() == ROOT and answers(server["url"]):
                token = f"?token={server['token']}" if server["token"] else ""
                return f"{server['url']}lab/tree/{folder}/{FIRST}{token}"
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


def stop(signal_number, frame):
    raise KeyboardInterrupt


def end(process: subprocess.Popen) -> None:
    """In good order; but Ctrl+C while JupyterLab still starts can leave it deaf to that."""
    if sys.platform != "win32":
        process.terminate()  # there it would kill at once, and Ctrl+C has reached JupyterLab
    try:
        process.wait(SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def main() -> int:
    folder = "notebooks" if "--originals" in sys.argv else my_copies.WORK.name
    where = address(folder)
    if where is not None:
        print(f"The course is open already, in another terminal:\n\n    {where}\n")
        return 0
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), stop)
    group = os.getpgrp() if hasattr(os, "getpgrp") else 0
    try:
        take_terminal()
        return run(copies() if "--originals" not in sys.argv else folder)
    except KeyboardInterrupt:
        print("\nThe course is closed. `make lab` opens it again.", flush=True)
        return 0
    finally:
        give_back_terminal(group)


def run(folder: str) -> int:
    """Start JupyterLab, say where it is, and wait until it has ended."""
    print("Starting JupyterLab; this takes some seconds ...", flush=True)
    log = open_log()
    begin = log.seek(0, os.SEEK_END)
    process = subprocess.Popen(
        command(folder),
        cwd=ROOT,
        env=variables(),
        stdin=subprocess.DEVNULL,  # else it asks, after Ctrl+C, whether that was meant
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    where = None
    try:
        deadline = time.monotonic() + SECONDS
        while where is None and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.2)
            where = address(folder)
        if where is not None:
            if "--no-browser" in command(folder):
                print("The course is open. Open this address in your browser:")
            else:
                print(
                    "The course is open in your browser. If it isn't, open this address:"
                )
            print(f"\n    {where}\n")
            say(
                "Leave this terminal open while you work. Save your notebooks, then press "
                "Ctrl+C here to close the course. What JupyterLab says goes to "
                f"{log.name}"
            )
            while process.poll() is None:  # wait() would be deaf to Ctrl+C on Windows
                time.sleep(0.2)
    finally:
        end(process)
    log.seek(begin)
    last = "\n    ".join(log.read().strip().splitlines()[-6:])
    what = "has ended" if where is not None else "did not start"
    print(f"JupyterLab {what}. It says:\n\n    {last}\n\nAll of it is in {log.name}.")
    return 1


if __name__ == "__main__":
    sys.exit(main())
