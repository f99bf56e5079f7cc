"""Make .venv, once: the packages of pyproject.toml at the versions of constraints.txt.

Runs on whatever `python3` is, so it uses the standard library alone and no syntax newer
than the Pythons that it has to turn away.
"""

import hashlib
import io
import os
import subprocess
import sys

import supported_machines
from run_pip import LOG, PYTHON, ROOT, VENV, run

STAMP = os.path.join(VENV, "course-installed.txt")
STEPS = 3  # a higher number makes everybody's .venv pass through `install` again

# Small networks are fastest on one core, and figures belong into the notebook, whatever is set
# for other programs.
KERNEL_VARIABLES = [
    ("OMP_NUM_THREADS", "1"),
    ("MPLBACKEND", "module://matplotlib_inline.backend_inline"),
]
KERNELS = [("python3", "Python 3 (ipykernel)"), ("pytorch-course", "PyTorch course")]


def say(sentence):
    print(sentence)
    sys.stdout.flush()


def stop(sentence):
    sys.exit("\n%s" % sentence)


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
    packages += str(STEPS)
    digest = hashlib.sha256(packages.encode() + versions).hexdigest()
    # One case, where case means nothing: Windows' terminals differ in C: and c:.
    return "%s in %s" % (digest, os.path.normcase(ROOT))


def installed():
    try:
        with io.open(STAMP, encoding="utf-8") as file:  # open, for a Python 2 as well
            return file.read()
    except EnvironmentError:  # an OSError; in Python 2, where it isn't, an IOError
        return None


def main():
    if sys.version_info < supported_machines.OLDEST:
        if installed() and os.path.exists(PYTHON):  # made earlier, by a newer Python
            sys.exit(subprocess.call([PYTHON, os.path.abspath(__file__)]))
        stop(supported_machines.advice_to_an_old_python())
    want, have = wanted(), installed()
    if have == want and os.path.exists(PYTHON):
        return

    advice = supported_machines.advice_without_torch()
    if advice:
        stop(advice)
    if not os.access(ROOT, os.W_OK):
        stop(
            "This folder can't be written to (%s): copy the course to one that can."
            % ROOT
        )

    foreign = have is None and os.path.exists(VENV) and not os.path.exists(LOG)
    if foreign or os.path.islink(VENV):
        stop(
            "%s was not made by the course, which would empty it: move it elsewhere, or "
            "remove it if nobody needs it. Then run the same command again." % VENV
        )

    # Only a complete environment that was made in this folder is updated in place; what an
    # install left half-way, or what was moved here, is made anew.
    same_place = have is not None and have.split(" ", 1)[1] == want.split(" ", 1)[1]
    if have is not None:
        os.remove(STAMP)
    try:
        os.makedirs(os.path.dirname(LOG), exist_ok=True)
        open(LOG, "w").close()
    except OSError as error:  # os.access says yes to every folder of Windows
        stop("%s can't be written to (%s): copy the course elsewhere." % (LOG, error))
    if same_place and os.path.exists(PYTHON):
        say("The list of packages has changed: bringing .venv up to date.")
    else:
        say(
            "Setting the course up, once: Python's packages go to .venv in this folder (%s, "
            "some minutes). Details: %s"
            % ("6 GB" if sys.platform == "linux" else "about 2 GB", LOG)
        )
        run(
            [getattr(sys, "_base_executable", sys.executable)]
            + ["-m", "venv", "--clear", VENV],
            "Python could not make a virtual environment in .venv. On Debian and Ubuntu, "
            "`apt install python3-venv` is what is usually missing. Python says:",
        )
    run(
        [PYTHON]
        + "-m pip install --progress-bar off -c constraints.txt -e .[test]".split(),
        "The packages were not installed. pip says:",
    )
    for name, title in KERNELS:
        command = "-m ipykernel install --sys-prefix --name".split() + [name]
        for variable in KERNEL_VARIABLES:
            command += ["--env"] + list(variable)
        run(
            [PYTHON] + command + ["--display-name", title],
            "The course's kernel was not installed. It says:",
        )
    # JupyterLab's question about news would be the first thing that a newcomer sees.
    run(
        [PYTHON]
        + "-m jupyter labextension disable --level=sys_prefix".split()
        + ["@jupyterlab/apputils-extension:announcements"],
        "JupyterLab was not set up. It says:",
    )
    with open(STAMP + ".new", "w", encoding="utf-8") as file:
        file.write(want)
    os.replace(STAMP + ".new", STAMP)
    say("The course is set up.")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        stop("Interrupted. Run the same command again: it starts over cleanly.")
