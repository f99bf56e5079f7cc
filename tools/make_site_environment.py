"""Make .venv-site, once: what builds the course's site and looks at it in a browser.

Its packages are the extras `site` and `browser` of pyproject.toml, at the versions of
constraints.txt. They never come into .venv, and PyTorch never comes into this one.
"""

import hashlib
import os
import shutil
import sys

import run_pip
import supported_machines

ROOT = run_pip.ROOT
EXTRAS = ("site", "browser")
VENV = os.path.join(ROOT, ".venv-site")
PYTHON = os.path.join(VENV, os.path.relpath(run_pip.PYTHON, run_pip.VENV))
LOG = os.path.join(ROOT, "build", "setup-site.log")
STAMP = os.path.join(VENV, "site-installed.txt")


def packages():
    """The requirements of the extras, without the course's own."""
    import tomllib

    with open(os.path.join(ROOT, "pyproject.toml"), "rb") as file:
        optional = tomllib.load(file)["project"]["optional-dependencies"]
    return [requirement for extra in EXTRAS for requirement in optional[extra]]


def wanted():
    """What .venv-site must hold, as one line: a digest of the packages, and where it is."""
    with open(os.path.join(ROOT, "constraints.txt"), "rb") as file:
        digest = hashlib.sha256(repr(packages()).encode() + file.read()).hexdigest()
    # One case, where case means nothing: Windows' terminals differ in C: and c:.
    return "%s in %s" % (digest, os.path.normcase(ROOT))


def installed():
    """What STAMP says, which is written last; None while there is no complete .venv-site."""
    try:
        with open(STAMP, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return None


def main():
    if sys.version_info < supported_machines.OLDEST:
        sys.exit(supported_machines.advice_to_an_old_python())
    want = wanted()
    if installed() == want and os.path.exists(PYTHON):
        return
    if not os.access(ROOT, os.W_OK):
        sys.exit(
            "This folder can't be written to (%s): copy the course elsewhere." % ROOT
        )
    if os.path.islink(VENV) or (os.path.exists(VENV) and not os.path.exists(LOG)):
        sys.exit(
            "%s was not made by the course, which would empty it: move it elsewhere, and "
            "run the same command again." % VENV
        )
    os.makedirs(os.path.dirname(LOG), exist_ok=True)
    open(LOG, "w").close()
    print(
        "Setting up what builds the site, once: 450 MB go to .venv-site in this folder. "
        "Details: %s" % LOG,
        flush=True,
    )
    shutil.rmtree(VENV, ignore_errors=True)
    run_pip.PYTHON, run_pip.LOG = PYTHON, LOG
    run_pip.run(
        [getattr(sys, "_base_executable", sys.executable), "-m", "venv", VENV],
        "Python could not make a virtual environment in .venv-site. On Debian and Ubuntu, "
        "`apt install python3-venv` is what is usually missing. Python says:",
    )
    run_pip.run(
        [PYTHON]
        + "-m pip install --progress-bar off -c constraints.txt".split()
        + packages(),
        "The packages were not installed. pip says:",
    )
    with open(STAMP + ".new", "w", encoding="utf-8") as file:
        file.write(want)
    os.replace(STAMP + ".new", STAMP)
    print("The site's packages are set up.")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\nInterrupted. Run the same command again: it starts over cleanly.")
