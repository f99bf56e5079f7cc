"""For every run of pytest in this folder: surroundings of its own, and the course's files only."""

import os
import re
import shutil
import signal
import stat
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "tools"))  # pytest adds it later than this file

import course  # noqa: E402
import notebook_costs  # noqa: E402
import surroundings  # noqa: E402
import tolerance  # noqa: E402

# A module of the user's that PYTHONPATH names would be taken for one of ours.
OUTSIDE = os.environ.get("PYTHONPATH", "").split(os.pathsep)
sys.path[:] = [folder for folder in sys.path if folder not in OUTSIDE]
# Before a test module imports matplotlib or torch, which read them once.
remove_surroundings = surroundings.clean(os.environ)


# Whoever starts the tests in the background (`&`, nohup) lets every process that they start
# ignore Ctrl+C; tests that press it would wait for ever.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_configure(config):
    config.add_cleanup(remove_surroundings)
    costs = notebook_costs.NotebookCosts(config)
    config.pluginmanager.register(costs, "notebook-costs")
    config.pluginmanager.register(tolerance.Tolerance(), "tolerance")
    if not os.access(ROOT, os.W_OK) and config.pluginmanager.hasplugin("cacheprovider"):
        # Else pytest warns, of each file that it could not write, after all tests.
        config.addinivalue_line("filterwarnings", "ignore::pytest.PytestCacheWarning")


def pytest_collection_modifyitems(config, items):
    if hasattr(config, "workerinput"):
        # Notebooks, then large groups, then small ones: two processes end at about the same time.
        items.sort(
            key=lambda item: (
                item.path.suffix != ".ipynb",
                bool(lesson_of(item.nodeid)),
            )
        )
    for item in items:
        if item.path.suffix == ".ipynb":
            # nbval's five seconds are too few on a busy machine.
            item.output_timeout = 60
        if sys.platform == "win32" and "12_scaling_out" in item.nodeid:
            # PyTorch's issue 178600. What reads the notebook, and runs nothing, is left out too.
            reason = (
                "torchrun asks for libuv, which PyTorch's packages for Windows lack"
            )
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """For `pytest -n 2`, as `make test` calls it."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return group_of(nodeid)

    return Scheduling(config, log)


def group_of(nodeid):
    """What one process runs, in order: a notebook's cells and the test that asks what they cost;
    else the tests of a module that are about one lesson, or about none.
    """
    path, _, test = nodeid.partition("::")
    if match := re.match(r"test_costs_what_it_says\[(\w+)\]", test):
        return f"notebooks/{match[1]}.ipynb"
    return f"{path} {lesson_of(nodeid)}".strip()


def lesson_of(nodeid):
    """The number of the lesson that a test is about, or nothing."""
    found = re.search(r"\[(\d\d)", nodeid)
    return found[1] if found else ""


@pytest.fixture(autouse=True, scope="session")
def copies_can_be_written():
    """Tests change copies of the course's files, which would be as read-only as these."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("copymode", "copystat"):
            copy = getattr(shutil, name)

            def copy_and_allow(source, target, *, follow_symlinks=True, copy=copy):
                copy(source, target, follow_symlinks=follow_symlinks)
                if not os.path.islink(target):
                    os.chmod(target, os.stat(target).st_mode | stat.S_IWUSR)

            patch.setattr(shutil, name, copy_and_allow)
        yield


def pytest_report_header(config):
    lines = []
    if not os.access(ROOT, os.W_OK):
        lines.append("This folder can't be written to, so pytest keeps no cache here.")
    for path in course.PATHS:
        if path.exists() and course.is_a_learners(path):
            lines.append(
                f"{path.name} has changes of your own, so it is not run. What is tested is "
                "the notebook as the course has it. (Are you changing the course? Then run "
                "`make refresh` first.)"
            )
    return lines


def pytest_sessionstart(session):
    for path in course.PATHS:
        if path.exists() and course.is_a_learners(path) and not course.committed(path):
            raise pytest.UsageError(
                f"{path.name} has changes of your own, and without git nobody can tell what "
                "it was like before. To test the course, unpack it anew into another folder, "
                "and run `make test` there"
            )


def pytest_ignore_collect(collection_path, config):
    """In notebooks/, nothing but the course's own notebooks, or what was asked for by name."""
    if course.NOTEBOOKS not in collection_path.parents:
        return None
    named = {Path(argument.split("::")[0]).resolve() for argument in config.args}
    if collection_path.resolve() in named:
        return None
    own = collection_path in course.PATHS and not course.is_a_learners(collection_path)
    return None if own else True
