"""What a notebook costs: a line for each that nbval has run, and its processor time.

Time on the clock says little on a machine that does other work. Processor time does, once it
is compared with a fixed piece of work, done on the same machine at the same time.
"""

import statistics
import time
from collections import Counter

import pytest

# What `work` takes on the processor for which the notebooks' cost lines were written.
WORK_SECONDS = 0.05
# How often it is done again while a notebook runs: other programs come and go.
EVERY_SECONDS = 1.5


class NotebookCosts:
    """A plugin of pytest; each dictionary goes from a notebook's file name to seconds."""

    def __init__(self, config):
        self.config = config
        self.clock = Counter()  # kernel start included
        self.processor = {}  # the kernel's and its children's, on WORK_SECONDS' processor
        self.units, self.worked_at = [], 0.0

    @pytest.hookimpl(tryfirst=True)  # while the kernel is there
    def pytest_runtest_teardown(self, item, nextitem):
        if item.path.suffix != ".ipynb" or item.parent.kernel is None:
            return
        last = nextitem is None or nextitem.path != item.path
        if last or time.monotonic() - self.worked_at > EVERY_SECONDS:
            self.units.append(work())
            self.worked_at = time.monotonic()
        if last:
            if not item.parent.timed_out:
                seconds = processor_seconds(item.parent.kernel.kc)
                seconds *= WORK_SECONDS / statistics.mean(self.units)
                self.processor[item.path.name] = seconds
                item.user_properties.append(("ran all of", item.path.name))
            self.units.clear()

    def pytest_runtest_logreport(self, report):
        if report.location[0].endswith(".ipynb"):
            name = report.location[0].rsplit("/", 1)[-1]
            self.clock[name] += report.duration
            reporter = self.config.pluginmanager.get_plugin("terminalreporter")
            if reporter and ("ran all of", name) in report.user_properties:
                reporter.ensure_newline()
                reporter.write_line(f"{name}: {self.clock[name]:.1f} s")


def processor_seconds(client):
    """Ask a kernel for all the processor time that it and its children have taken."""
    times = "sum(__import__('os').times()[:4])"
    asked = client.execute("", silent=True, user_expressions={"times": times})
    while True:
        reply = client.get_shell_msg(timeout=600)
        if reply["parent_header"].get("msg_id") == asked:
            times = reply["content"]["user_expressions"]["times"]
            return float(times["data"]["text/plain"])


def work():
    """Processor seconds of training a small network for ten steps."""
    import torch
    from torch import nn

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten())
            model.extend([nn.Linear(8 * 26 * 26, 64), nn.ReLU(), nn.Linear(64, 10)])
            images, labels = torch.rand(64, 1, 28, 28), torch.arange(64) % 10
            for step in range(11):
                if step == 1:  # what was cold is warm
                    start = time.thread_time()
                model.zero_grad()
                nn.functional.cross_entropy(model(images), labels).backward()
            return time.thread_time() - start
    finally:
        torch.set_num_threads(threads)


def on_two_cores(seconds):
    """The least and the most that a cost line may say of so many processor seconds.

    Two cores take half as long at best, and a kernel's start is waiting as well as work. Other
    programs, on caches that are shared, make the same work up to twice as dear, or, while they
    hold up the piece of work more than the notebook, half as dear.
    """
    return 0.3 * seconds, 2.4 * seconds + 4
