"""Start JupyterLab with the first notebook open: on this machine only, token kept."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIRST = "notebooks/00_start_here.ipynb"


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
    if sys.platform == "linux" and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        options.append("--no-browser")
    return [sys.executable, "-m", "jupyterlab", *options, *sys.argv[1:]]


if __name__ == "__main__":
    os.chdir(ROOT)
    if os.name == "nt":  # execv there returns to the prompt at once
        import subprocess

        try:
            sys.exit(subprocess.call(command()))
        except KeyboardInterrupt:
            sys.exit(0)
    os.execv(sys.executable, command())
