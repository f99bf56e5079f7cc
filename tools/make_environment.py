"""Make .venv, once: the packages of pyproject.toml at the versions of constraints.txt.

Runs on whatever `python3` is, so it uses the standard library alone and no syntax newer
than the Pythons that it has to turn away.
"""

import ast
import hashlib
import io
import os
import re
import subprocess
import sys
import sysconfig
import time

import supported_machines

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(
    VENV, *(["Scripts", "python.exe"] if os.name == "nt" else ["bin", "python"])
)
STAMP = os.path.join(VENV, "course-installed.txt")
LOG = os.path.join(ROOT, "build", "setup.log")
STEPS = 2  # a higher number makes everybody's .venv pass through `install` again

# What pip may be told from outside: where packages come from, and how to get there. All else
# that a user or an administrator can set (user, target, constraint, ...) is meant for others.
PIP_KEPT = (
    "index-url extra-index-url no-index find-links trusted-host cert client-cert proxy timeout "
    "default-timeout retries resume-retries cache-dir no-cache-dir keyring-provider use-feature "
    "use-deprecated prefer-binary"
).split()

# Threads that wait for others shall not keep the processor busy, and figures belong into the
# notebook, whatever is set for other programs.
KERNEL_VARIABLES = [
    ("OMP_WAIT_POLICY", "passive"),
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
    return "%s in %s" % (digest, ROOT)


def installed():
    try:
        with io.open(STAMP, encoding="utf-8") as file:  # open, for a Python 2 as well
            return file.read()
    except OSError:
        return None


def variables():
    """The environment of every command here: settings for other Pythons don't reach it."""
    own = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(("PYTHON", "PIP_"))
    }
    for name, value in pip_settings():
        own["PIP_" + name.upper().replace("-", "_")] = value
    own["PIP_CONFIG_FILE"] = os.devnull  # read already, by pip_settings
    own["PIP_DISABLE_PIP_VERSION_CHECK"] = own["PIP_NO_INPUT"] = "1"
    own["PYTHONUNBUFFERED"] = own["PYTHONUTF8"] = "1"
    return own


def pip_settings():
    """What is set of PIP_KEPT in pip's files and in the environment, which wins."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if name == "PIP_CONFIG_FILE" or not name.upper().startswith(("PYTHON", "PIP_"))
    }
    clean["PIP_QUIET"] = "0"
    found = {}
    try:
        with open(os.devnull, "w") as null:
            said = subprocess.check_output(
                [PYTHON, "-m", "pip", "config", "list"], env=clean, stderr=null
            ).decode("utf-8", "replace")
    except (OSError, subprocess.CalledProcessError):
        said = ""  # there is no .venv yet
    for section in ("global", "install"):
        for line in said.splitlines():
            key, _, value = line.strip().partition("=")
            if key.startswith(section + "."):
                found[key.partition(".")[2]] = ast.literal_eval(value)
    for name, value in os.environ.items():
        if name.upper().startswith("PIP_"):
            found[name[4:].lower().replace("_", "-")] = value
    return [(name, str(found[name])) for name in PIP_KEPT if name in found]


def run(command, hint):
    """Run it; all that it says goes to LOG, and to the screen what it is doing."""
    folder = os.path.dirname(LOG)
    if not os.path.isdir(folder):
        os.makedirs(folder)
    with open(LOG, "ab") as log:
        log.write(("\n> %s\n" % " ".join(command)).encode("utf-8"))
        log.flush()
        begin = log.tell()
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=variables(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            follow(process, begin)
        except KeyboardInterrupt:
            process.wait()  # it was interrupted by the same key
            raise
    if process.returncode != 0:
        said = read_log(begin)
        lines = [line.rstrip() for line in said.splitlines() if line.strip()]
        errors = [
            line for line in lines if re.match(r" *(\w*error|fatal)\b", line, re.I)
        ]
        stop(
            "%s\n\n    %s\n\n%s All of it is in %s."
            % (hint, "\n    ".join((errors or lines)[-6:]), because(said), LOG)
        )


def read_log(begin):
    with open(LOG, "rb") as log:
        log.seek(begin)
        return log.read().decode("utf-8", "replace")


def because(said):
    """What a command's own words mean, where that is certain."""
    again = "Then run the same command again: what was downloaded is kept."
    if re.search(r"No space left|Errno 28|not enough space", said):
        return (
            "The disk is full: the course needs 6 GB on Linux, 2 GB elsewhere. " + again
        )
    if re.search(r"Retrying \(|ConnectionError|ProxyError|SSLError|timed out", said):
        return (
            "pip could not reach its server: look at the network or the proxy. " + again
        )
    if re.search(r"No matching distribution found", said):
        return (
            "The server that pip asks has no such package for this Python (%s, %s)."
            % (sys.version.split()[0], sysconfig.get_platform())
        )
    return "Run the same command again when this is mended: it starts over cleanly."


def follow(process, begin):
    """Show a command's steps until it has ended: one line that changes, or few lines."""
    start = shown = time.time()
    last = None
    while process.poll() is None:
        time.sleep(0.2)
        now, step = time.time(), last_step(read_log(begin))
        text = "  %d:%02d  %s" % (divmod(int(now - start), 60) + (step,))
        if sys.stdout.isatty():
            sys.stdout.write("\r" + text[:78].ljust(78))
        elif step != last and " MB" in step or now - shown > 30:
            sys.stdout.write(text + "\n")
            shown = now
        sys.stdout.flush()
        last = step
    if sys.stdout.isatty() and last is not None:
        sys.stdout.write("\r" + " " * 78 + "\r")


def last_step(said):
    steps = re.findall(
        r"(?m)^ *(Collecting|Processing|Downloading|Using cached|Installing collected) "
        r"(\S+)(?:.* \((\d[\d.]* [MG]B)\))?",
        said,
    )
    if not steps:
        return "beginning"
    doing, what, size = steps[-1]
    if doing == "Installing collected":
        return "writing all packages to .venv"
    doing = "downloading" if doing == "Downloading" else "looking at"
    what = re.split(r"-\d|[][<>=!~;(]", re.split(r"[\\/]", what)[-1])[0]
    return "%s %s%s" % (doing, what, ", " + size if size else "")


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

    # Only a complete environment that was made in this folder is updated in place; what an
    # install left half-way, or what was moved here, is made anew.
    same_place = have is not None and have.split(" ", 1)[1] == want.split(" ", 1)[1]
    if have is not None:
        os.remove(STAMP)
    if os.path.exists(LOG):
        os.remove(LOG)
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
