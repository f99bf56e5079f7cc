"""Which machines the course runs on: what is said to those that there is no torch for.

Read by every Python that `make env` may meet: the standard library alone, and no syntax
newer than the Pythons that are turned away here.
"""

import os
import platform
import subprocess
import sys
import sysconfig

OLDEST = (3, 11)
NEWEST = (3, 14)  # the last Python that torch has a package for


def advice_to_an_old_python():
    """What somebody is told whose Python is older than OLDEST."""
    found = other_python()
    return "The course needs Python %d.%d or newer; %s is %s. %s" % (
        OLDEST[0],
        OLDEST[1],
        sys.executable,
        sys.version.split()[0],
        "You have a newer one: add PYTHON=%s to the command." % found
        if found
        else "Install a newer one, then add PYTHON=/path/to/python3 to the command.",
    )


def advice_without_torch():
    """What somebody is told for whose Python there is no torch; None if there is one."""
    why = no_torch(
        sys.version_info,
        # python.org's Python for macOS is for both processors, and says "universal2" on both.
        sysconfig.get_platform().replace("universal2", platform.machine()),
        64 if sys.maxsize > 2**32 else 32,
        platform.libc_ver(),
        platform.mac_ver()[0],
        platform.python_implementation() == "CPython",
        bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    )
    if not why:
        return None
    found = other_python() if sys.version_info[:2] > NEWEST else None
    return (
        "PyTorch has no package for %s: %s Nothing was installed.%s README.md lists what "
        "the course runs on."
        % (
            sys.executable,
            why,
            " You have %s: add PYTHON=%s to the command." % (found, found)
            if found
            else "",
        )
    )


def no_torch(version, build, bits, libc, mac, cpython=True, threaded=False):
    """Why there is no torch for this Python here, as a sentence; None if there is one.

    build: `sysconfig.get_platform()`; libc: `platform.libc_ver()`; mac: macOS's version. The
    packages of torch 2.14: CPython 3.10 to 3.14; Linux with glibc 2.28, on x86-64 and aarch64;
    macOS 14 on Apple's processors; Windows on x86-64.
    """
    system, _, processor = build.rpartition("-")
    if not cpython:
        return "this Python is not CPython, the usual one."
    if version[:2] > NEWEST:
        return "this Python, %d.%d, is too new: take 3.%d to 3.%d." % (
            version[:2] + (OLDEST[1], NEWEST[1])
        )
    if threaded and version[:2] < (3, 14):
        return "this Python has no GIL: take the usual one, or 3.14."
    if bits != 64 or build == "win32":
        return "this Python has 32 bits: install one of 64 bits."
    if system.startswith("macosx"):
        if processor == "x86_64":
            return (
                "this Python is for Intel's processors. On a Mac with Apple's own (M1 or "
                "newer), install a Python for those. On an Intel Mac the course can't run."
            )
        if mac and int(mac.split(".")[0]) < 14:
            return "macOS 14 or newer is needed, and this is %s." % mac
        return None
    if system == "linux" and processor in ("x86_64", "aarch64"):
        if libc[0] != "glibc":
            return (
                "this Linux has another C library than glibc (Alpine does, with musl)."
            )
        if tuple(int(part) for part in libc[1].split(".")[:2]) < (2, 28):
            return "glibc 2.28 or newer is needed, and this Linux has %s." % libc[1]
        return None
    if build == "win-amd64":
        return None
    return "there is none for %s." % build


def other_python():
    """The name of a Python on the PATH that suits the course, or None."""
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        if starts("python3.%d" % minor):
            return "python3.%d" % minor
    return None


def starts(name):
    """A name on the PATH may be a stub of a version manager, which starts nothing."""
    if sys.platform == "win32":
        name += ".exe"  # Windows takes the .13 of python3.13 for the name's end
    try:
        with open(os.devnull, "w") as null:
            return subprocess.call([name, "-c", ""], stdout=null, stderr=null) == 0
    except OSError:
        return False
