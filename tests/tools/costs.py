"""What a notebook costs: a line for each that nbval has run, and its processor time.

Time on the clock says little on a machine that does other work. Processor time does, once it
is compared with a fixed piece of work on the same machine.
"""

import statistics
import time
from collections import Counter

import pytest

# What `work` takes on the processor for which the notebooks' cost lines were written.
WORK_SECONDS = 0.15


class NotebookCosts:
    """A plugin of pytest; each dictionary goes from a notebook's file name to seconds."""

    def __init__(self, config):
        self.config = config
        self.clock = Counter()  # kernel start included
        self.processor = {}  # the kernel's and its children's, on WORK_SECONDS' processor

    @pytest.hookimpl(tryfirst=True)  # while the kernel is there
    def pytest_runtest_teardown(self, item, nextitem):
        if item.path.suffix != ".ipynb" or item.parent.kernel is None:
            return
        last = nextitem is None or nextitem.path != item.path
        if last and not item.parent.timed_out:
            seconds = processor_seconds(item.parent.kernel.kc)
            self.processor[item.path.name] = seconds * WORK_SECONDS / work(2)

    def pytest_runtest_logreport(self, report):
        if report.location[0].endswith(".ipynb"):
            name = report.location[0].rsplit("/", 1)[-1]
            self.clock[name] += report.duration
            if report.when == "teardown" and name in self.processor:
                reporter = self.config.pluginmanager.get_plugin("terminalreporter")
                reporter.ensure_newline()
                reporter.write_line(f"{name}: {self.clock[name]:.1f} s")


def processor_seconds(client):
    """Ask a kernel for all the processor time that it and its children have taken."""
    times = "sum(__import__('os').times()[:4])"
    asked = client.execute("", silent=True, user_expressions={"times": times})
    while True:
        reply = client.get_shell_msg(timeout=60)
        if reply["parent_header"].get("msg_id") == asked:
            times = reply["content"]["user_expressions"]["times"]
            return float(times["data"]["text/plain"])


def work(times=5):
    """Processor seconds of training a small network for thirty steps, as a median."""
    import torch
    from torch import nn

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten())
            model.extend([nn.Linear(8 * 26 * 26, 64), nn.ReLU(), nn.Linear(64, 10)])
            images, labels = torch.rand(64, 1, 28, 28), torch.arange(64) % 10
            seconds = []
            for _ in range(times):
                start = time.thread_time()
                for _ in range(30):
                    model.zero_grad()
                    nn.functional.cross_entropy(model(images), labels).backward()
                seconds.append(time.thread_time() - start)
    finally:
        torch.set_num_threads(threads)
    return statistics.median(seconds)


def on_two_cores(seconds):
    """The least and the most that a cost line may say of so many processor seconds.

    Two cores take half as long at best, and a kernel's start is waiting as well as work. Other
    programs, on caches that are shared, make the same work a half dearer.
    """
    return 0.45 * seconds, 1.6 * seconds + 4
