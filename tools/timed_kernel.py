"""A kernel for somebody else's code, which runs no longer than it may.

What it prints goes nowhere, and `input()` fails at once. The answers come with
the kernel's reply to each request, which the code that runs has no word in.
"""

import contextlib
import os
import queue
import signal
import subprocess
import time
from pathlib import Path

import psutil
from jupyter_client import KernelManager

SECONDS_TO_START = 120  # and to import torch, on a busy machine
MEMORY = 4e9  # bytes: a lesson takes 1 GB, an endless print as much in a few seconds
SECONDS_TO_YIELD = 5  # to end after an interrupt, which code can catch


class Stopped(Exception):
    """The kernel is gone, or has to be ended: nothing more can be run in it."""


class TimedKernel:
    def __init__(self, folder: Path, cell_seconds: float, seconds: float) -> None:
        """Starts in `folder`. A cell takes `cell_seconds` at most, and all of them `seconds`."""
        self.cell_seconds, self.seconds = cell_seconds, seconds
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(
            cwd=str(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.process = self.manager.provisioner.pid
        self.client = self.manager.client()
        self.client.start_channels(iopub=False, stdin=False, hb=False, control=False)
        self.end_of_all = time.monotonic() + seconds

    def prepare(self, code: str) -> None:
        """Run this first, without the limits."""
        reply = self._reply(self.client.execute(code, silent=True), SECONDS_TO_START)
        if reply is None or reply["status"] != "ok":
            raise Stopped(f"the kernel did not start: {reply and reply['evalue']}")
        self.end_of_all = time.monotonic() + self.seconds

    def run(self, code: str, expression: str = "") -> tuple[str, str]:
        """What error it ended with, or nothing; and what the expression is after it, as text.

        Raises:
            Stopped: the kernel died, did not yield, or has no time left.
        """
        request = self.client.execute(
            code,
            silent=not code,
            allow_stdin=False,
            stop_on_error=False,
            user_expressions={"it": expression} if expression else {},
        )
        left = self.end_of_all - time.monotonic()
        reply = self._reply(request, min(left, self.cell_seconds))
        stopped = reply is None
        if stopped:
            self.manager.interrupt_kernel()
            reply = self._reply(request, SECONDS_TO_YIELD)
        if time.monotonic() > self.end_of_all:
            raise Stopped(f"the notebook took over {self.seconds:g} s")
        if reply is None:
            raise Stopped(
                f"took over {self.cell_seconds:g} s, and could not be stopped"
            )
        error = reply.get("ename", "") if reply["status"] == "error" else ""
        if stopped:
            error = f"stopped after {self.cell_seconds:g} s"
        it = reply.get("user_expressions", {}).get("it", {})
        return error, it.get("data", {}).get("text/plain", "")

    def _reply(self, request: str, seconds: float) -> dict | None:
        """The answer to a request; None if there is none in that time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                reply = self.client.get_shell_msg(timeout=0.5)
            except queue.Empty:
                if not self.manager.is_alive():
                    raise Stopped("the kernel died") from None
                if self._memory() > MEMORY:
                    raise Stopped(f"took over {MEMORY / 1e9:g} GB of memory") from None
                continue
            if reply["parent_header"].get("msg_id") == request:
                return reply["content"]
        return None

    def _memory(self) -> int:
        try:
            return psutil.Process(self.process).memory_info().rss
        except psutil.Error:  # it has just ended
            return 0

    def end(self) -> None:
        """And all processes that it has started and that are still of its group."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process, signal.SIGKILL)
