"""`make lab`: JupyterLab is started, says where it is, and is closed again."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import my_copies
import open_lab
import psutil
import pytest
from course import ROOT


def test_as_root_and_only_then_jupyter_may_run_as_root(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    assert "--allow-root" in open_lab.command("work")
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)
    assert "--allow-root" not in open_lab.command("work")


def test_without_a_display_no_browser_is_started(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    assert "--no-browser" in open_lab.command("work")
    monkeypatch.setenv("DISPLAY", ":0")
    assert "--no-browser" not in open_lab.command("work")
    monkeypatch.delenv("DISPLAY")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "--no-browser" not in open_lab.command("work")


def command_of(process):
    try:
        return process.cmdline()
    except psutil.Error:  # it has just ended
        return []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such terminal")
def test_make_lab_says_where_the_course_is_and_closes_it(tmp_path):
    """In a terminal, with a proxy set and the port taken, as a learner would."""
    import pty

    course = tmp_path / "course"  # whoever runs this may have a work/ in theirs
    for name in ("tools", "notebooks"):
        shutil.copytree(ROOT / name, course / name)
    for name in ("Makefile", "README.md"):
        shutil.copy(ROOT / name, course)
    said, address = "", None
    options = {"JUPYTER_RUNTIME_DIR": str(tmp_path), "http_proxy": "http://127.0.0.1:9"}
    foreign = {"MPLBACKEND": "TkAgg", "MAKEFLAGS": "", "PYTHONHOME": "/nowhere"}
    variables = {**os.environ, **options, **foreign}
    variables.pop("DISPLAY", None)
    variables.pop("OMP_NUM_THREADS", None)
    variables.pop("MAKELEVEL", None)  # no make has started the terminal
    with socket.create_server(("127.0.0.1", 0)) as taken:
        (tmp_path / "jupyter_server_config.py").write_text(
            f"c.ServerApp.port = {taken.getsockname()[1]}\nc.ServerApp.open_browser = False"
        )
        variables["JUPYTER_CONFIG_DIR"] = str(tmp_path)
        make = ["make", "-o", "env", "lab", f"VENV={sys.executable}"]
        process, terminal = pty.fork()
        if process == 0:
            os.chdir(course)
            os.execvpe("make", make, variables)
        try:
            while "to close the course" not in said:
                said += os.read(terminal, 4096).decode()
            lines = said.splitlines()
            assert lines[0].startswith("Your own copies of the lessons are in work/")
            assert lines[1].startswith("Starting JupyterLab")
            assert len(lines) < 14 and "Skipped" not in said and "TkAgg" not in said
            found = re.search(r"(?m)^ *(http://127\.0\.0\.1:(\d+)/)(\S+)\r$", said)
            address, port, place = found.groups()
            assert int(port) != taken.getsockname()[1]
            page, token = place.split("?token=")
            assert page == "lab/tree/work/00_start_here.ipynb"

            for target, folder in (("lab", "work"), ("edit", "notebooks")):
                again = subprocess.run(
                    ["make", "-s", "-o", "env", target, make[-1]],
                    cwd=course,
                    env=variables,
                    capture_output=True,
                    text=True,
                )
                assert again.returncode == 0 and again.stderr == ""
                there = found[0].strip().replace("/work/", f"/{folder}/")
                assert f"open already, in another terminal:\n\n    {there}\n" in (
                    again.stdout
                )

            contents = f"{address}api/contents/work?token="
            with urllib.request.urlopen(contents + token) as reply:
                assert b"00_start_here.ipynb" in reply.read()
            with pytest.raises(urllib.error.HTTPError, match="403") as refused:
                urllib.request.urlopen(contents + "guessed")
            refused.value.close()
            servers = [
                child
                for child in psutil.Process(process).children(recursive=True)
                if "jupyterlab" in command_of(child)
            ]
            assert len(servers) == 1
            listening = servers[0].net_connections()
            listening = [
                c.laddr.ip for c in listening if c.status == psutil.CONN_LISTEN
            ]
            assert set(listening) == {"127.0.0.1"}
            inherited = servers[0].environ()  # by every kernel
            assert inherited["OMP_NUM_THREADS"] == "1"
            assert "MPLBACKEND" not in inherited and "PYTHONHOME" not in inherited

            os.write(terminal, b"\x03")  # Ctrl+C
            # Linux: an OSError says that the terminal's other end is closed.
            with contextlib.suppress(OSError):
                while end := os.read(terminal, 4096):
                    said += end.decode()
        finally:
            if address is None or "is closed" not in said:
                os.kill(process, signal.SIGKILL)
            _, status = os.waitpid(process, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert "The course is closed." in said and "***" not in said
        assert not servers[0].is_running()


def test_where_no_copies_can_be_written_the_lessons_themselves_are_opened(
    monkeypatch, capsys
):
    def refused():
        raise PermissionError(13, "Permission denied", "work")

    monkeypatch.setattr(my_copies, "update", refused)
    assert open_lab.copies() == "notebooks"
    said = capsys.readouterr().out
    assert "can't be written" in said and max(map(len, said.splitlines())) <= 80


def test_jupyterlab_that_does_not_start_says_why(tmp_path):
    options = ["--originals", "--ServerApp.port=none", "--no-browser"]
    done = subprocess.run(
        [sys.executable, open_lab.__file__, *options],
        env={**os.environ, "JUPYTER_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "JupyterLab did not start. It says:" in done.stdout
    assert "port" in done.stdout
    (log,) = re.findall(r"All of it is in (.*)\.$", done.stdout.strip())
    assert "port" in Path(log).read_text(encoding="utf-8")


def test_a_server_that_is_deaf_is_ended_all_the_same(monkeypatch):
    monkeypatch.setattr(open_lab, "SECONDS_TO_END", 0.2)
    code = "import signal\nsignal.signal(15, signal.SIG_IGN)\nprint(1, flush=True)\ninput()"
    command = [sys.executable, "-c", code]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as process:
        process.stdout.readline()
        open_lab.end(process)
        assert process.returncode != 0


@pytest.mark.skipif(os.name == "nt", reason="stands in for Windows")
@pytest.mark.parametrize("system, code", [("win32", 7), ("linux", -15)])
def test_on_windows_jupyterlab_has_time_to_end_by_itself(system, code, monkeypatch):
    monkeypatch.setattr(sys, "platform", system)
    command = [
        sys.executable,
        "-c",
        "import time; time.sleep(0.5); raise SystemExit(7)",
    ]
    with subprocess.Popen(command) as process:
        open_lab.end(process)
    assert process.returncode == code
