"""Make .venv, once: the packages of pyproject.toml at the versions of constraints.txt.

Runs on whatever `python3` is, so it uses the standard library alone and no syntax newer
than the Pythons that it has to turn away.
"""

import hashlib
import io
import os
import subprocess
import sys

OLDEST = (3, 11)
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(
    VENV, *(["Scripts", "python.exe"] if os.name == "nt" else ["bin", "python"])
)
STAMP = os.path.join(VENV, "course-installed.txt")


def stop(sentence):
    sys.exit("\n%s" % sentence)


def stop_for_old_python():
    newer = ["python3.%d" % minor for minor in range(20, OLDEST[1] - 1, -1)]
    found = [name for name in newer if starts(name)]
    stop(
        "The course needs Python %d.%d or newer; %s is %s. %s"
        % (
            OLDEST[0],
            OLDEST[1],
            sys.executable,
            sys.version.split()[0],
            "You have a newer one: add PYTHON=%s to the command." % found[0]
            if found
            else "Install a newer one, then add PYTHON=/path/to/python3 to the command.",
        )
    )


def starts(name):
    """A name on the PATH may be a stub of a version manager, which starts nothing."""
    try:
        with open(os.devnull, "w") as null:
            return subprocess.call([name, "-c", ""], stdout=null, stderr=null) == 0
    except OSError:
        return False


def wanted():
    """What .venv must hold, as one line: a digest of the package lists, and where it is."""
    import tomllib

    with open(os.path.join(ROOT, "pyproject.toml"), "rb") as file:
        listed = tomllib.load(file)
    with open(os.path.join(ROOT, "constraints.txt"), "rb") as file:
        versions = file.read()
    packages = repr(
        [listed["build-system"], listed["project"], listed["tool"]["setuptools"]]
    )
    digest = hashlib.sha256(packages.encode() + versions).hexdigest()
    return "%s in %s" % (digest, ROOT)


def installed():
    try:
        with io.open(STAMP, encoding="utf-8") as file:  # open, for a Python 2 as well
            return file.read()
    except OSError:
        return None


def run(command, hint):
    # A setting for another environment must not leak into this one.
    variables = {
        k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")
    }
    if subprocess.call(command, cwd=ROOT, env=variables) != 0:
        stop(hint)


def main():
    if sys.version_info < OLDEST:
        if installed() and os.path.exists(PYTHON):  # made earlier, by a newer Python
            sys.exit(subprocess.call([PYTHON, os.path.abspath(__file__)]))
        stop_for_old_python()
    want, have = wanted(), installed()
    if have == want and os.path.exists(PYTHON):
        return

    # Only a complete environment that was made in this folder is updated in place; what an
    # install left half-way, or what was moved here, is made anew.
    same_place = have is not None and have.split(" ", 1)[1] == want.split(" ", 1)[1]
    if have is not None:
        os.remove(STAMP)
    if not (same_place and os.path.exists(PYTHON)):
        print("Making .venv for the course (about 6 GB on Linux, a few minutes, once)")
        sys.stdout.flush()
        run(
            [getattr(sys, "_base_executable", sys.executable)]
            + ["-m", "venv", "--clear", VENV],
            "Python could not make a virtual environment in .venv: see the lines above. On "
            "Debian and Ubuntu, `apt install python3-venv` is what is usually missing. Then "
            "run the same command again.",
        )
    run(
        [PYTHON] + "-m pip install -c constraints.txt -e .[test]".split(),
        "The packages were not installed: see pip's last lines above. Usually the network or "
        "the disk is to blame (6 GB must be free on Linux). Run the same command again: it "
        "starts over cleanly, and what was downloaded already is kept.",
    )
    run(
        [PYTHON]
        + "-m ipykernel install --sys-prefix --name pytorch-course".split()
        + ["--display-name", "PyTorch course"],
        "The course's kernel was not installed: see the lines above, then run the same "
        "command again.",
    )
    # JupyterLab's question about news would be the first thing that a newcomer sees.
    run(
        [PYTHON]
        + "-m jupyter labextension disable --level=sys_prefix".split()
        + ["@jupyterlab/apputils-extension:announcements"],
        "JupyterLab was not set up: see the lines above, then run the same command again.",
    )
    with open(STAMP + ".new", "w", encoding="utf-8") as file:
        file.write(want)
    os.replace(STAMP + ".new", STAMP)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        stop("Interrupted. Run the same command again: it starts over cleanly.")
