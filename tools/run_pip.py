"""Run pip, and the other commands that make .venv: settings, what it does, why it failed.

All that a command says goes to LOG. Like make_environment.py, this is read by any Python
that a user has: the standard library alone, and no new syntax.
"""

import ast
import os
import re
import subprocess
import sys
import sysconfig
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(
    VENV, *(["Scripts", "python.exe"] if os.name == "nt" else ["bin", "python"])
)
LOG = os.path.join(ROOT, "build", "setup.log")

# What pip may be told from outside: where packages come from, and how to get there. All else
# that a user or an administrator can set (user, target, constraint, ...) is meant for others.
PIP_KEPT = (
    "index-url extra-index-url no-index find-links trusted-host cert client-cert proxy timeout "
    "default-timeout retries resume-retries cache-dir no-cache-dir keyring-provider use-feature "
    "use-deprecated prefer-binary"
).split()


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
        sys.exit(
            "\n%s\n\n    %s\n\n%s All of it is in %s."
            % (hint, "\n    ".join((errors or lines)[-6:]), because(said), LOG)
        )


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
    if "Windows Long Path" in said:
        return (
            "Windows allows 260 letters for a path: move the course to a folder with a short "
            "one, such as C:\\course. " + again
        )
    if re.search(r"WinError (5|32)\b", said):
        return (
            "A file is in use: close the course where it is open, and what else runs in .venv. "
            + again
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
