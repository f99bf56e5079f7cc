"""Where there is a torch, and what is said where there is none."""

import re
import sys
from importlib.metadata import metadata

import pytest
import supported_machines
from course import ROOT

HERE = (64, ("glibc", "2.35"), "")


@pytest.mark.parametrize(
    "version, build, rest, why",
    [
        ((3, 11, 7), "linux-x86_64", HERE, None),
        ((3, 14, 0), "linux-aarch64", HERE, None),
        ((3, 13, 1), "macosx-14.0-arm64", (64, ("", ""), "15.2"), None),
        ((3, 12, 0), "win-amd64", (64, ("", ""), ""), None),
        ((3, 15, 0), "linux-x86_64", HERE, "3.15, is too new: take 3.11 to 3.14"),
        ((3, 12, 0), "macosx-10.9-x86_64", (64, ("", ""), "13.0"), "Intel"),
        ((3, 12, 0), "macosx-11.0-arm64", (64, ("", ""), "13.6"), "macOS 14"),
        ((3, 12, 0), "win32", (32, ("", ""), ""), "32 bits"),
        ((3, 12, 0), "win-arm64", (64, ("", ""), ""), "none for win-arm64"),
        ((3, 12, 0), "linux-x86_64", (32, ("glibc", "2.35"), ""), "32 bits"),
        ((3, 12, 0), "linux-x86_64", (64, ("", ""), ""), "musl"),
        ((3, 12, 0), "linux-x86_64", (64, ("glibc", "2.17"), ""), "2.28 or newer"),
        ((3, 12, 0), "linux-riscv64", HERE, "none for linux-riscv64"),
        ((3, 11, 0), "linux-x86_64", (*HERE, False), "not CPython"),
        ((3, 13, 0), "linux-x86_64", (*HERE, True, True), "no GIL"),
        ((3, 14, 0), "linux-x86_64", (*HERE, True, True), None),
    ],
)
def test_where_there_is_no_torch_a_sentence_says_so(version, build, rest, why):
    said = supported_machines.no_torch(version, build, *rest)
    assert said is None if why is None else why in said


@pytest.mark.parametrize("machine, why", [("x86_64", "Intel"), ("arm64", None)])
def test_pythons_for_both_processors_of_macs_run_on_one(machine, why, monkeypatch):
    build = "macosx-10.13-universal2"
    monkeypatch.setattr(supported_machines.sysconfig, "get_platform", lambda: build)
    monkeypatch.setattr(supported_machines.platform, "machine", lambda: machine)
    monkeypatch.setattr(supported_machines.platform, "mac_ver", lambda: ("15.2",))
    said = supported_machines.advice_without_torch()
    assert said is None if why is None else why in said


def test_windows_needs_the_end_of_a_name_that_has_a_point(monkeypatch):
    asked = []
    call = lambda command, **options: asked.append(command[0]) or 0  # noqa: E731
    monkeypatch.setattr(supported_machines.subprocess, "call", call)
    monkeypatch.setattr(sys, "platform", "win32")
    assert supported_machines.other_python() == "python3.14"
    assert asked == ["python3.14.exe"]


def test_a_stub_on_the_path_is_no_python(tmp_path, monkeypatch):
    stub = tmp_path / "python3.20"
    stub.write_text("#!/bin/sh\nexit 127\n")
    stub.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not supported_machines.starts("python3.20")
    assert not supported_machines.starts("python3.19")
    assert supported_machines.starts(sys.executable)


def test_what_is_said_of_torch_is_what_its_package_says():
    classifiers = metadata("torch").get_all("Classifier")
    minors = [int(m[1]) for c in classifiers if (m := re.search(r":: 3\.(\d+)$", c))]
    oldest, newest = supported_machines.OLDEST[1], supported_machines.NEWEST[1]
    assert max(minors) == newest and min(minors) <= oldest
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"Python 3.{oldest} to 3.{newest}" in readme
