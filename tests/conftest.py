"""A line for each notebook that nbval has run, with its time; the times are kept."""

import os
import shutil
import tempfile
from collections import Counter

import pytest

SECONDS = pytest.StashKey[
    Counter
]()  # notebook's file name to seconds, kernel start included


def pytest_configure(config):
    if not os.access(os.path.expanduser("~"), os.W_OK):
        # Jupyter, IPython and matplotlib keep files at home; here they can't.
        folder = tempfile.mkdtemp()
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
        for name in ("JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "MPLCONFIGDIR"):
            os.environ.setdefault(name, folder)
    config.stash[SECONDS] = Counter()
    config.pluginmanager.register(NotebookTimes(config))


class NotebookTimes:
    def __init__(self, config):
        self.config = config
        self.seconds = config.stash[SECONDS]
        self.last = {}

    def pytest_collection_finish(self, session):
        for item in session.items:
            if item.path.suffix == ".ipynb":
                self.last[item.path.name] = item.nodeid

    def pytest_runtest_logreport(self, report):
        if report.location[0].endswith(".ipynb"):
            self.seconds[report.location[0].rsplit("/", 1)[-1]] += report.duration

    def pytest_runtest_logfinish(self, nodeid, location):
        for name, last in self.last.items():
            if last == nodeid:
                reporter = self.config.pluginmanager.get_plugin("terminalreporter")
                reporter.ensure_newline()
                reporter.write_line(f"{name}: {self.seconds[name]:.1f} s")
