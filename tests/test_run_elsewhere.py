"""`make test-elsewhere`: what it prints, and what it ends with."""

import re
from pathlib import Path

import run_elsewhere


def test_a_line_for_each_way_and_a_code_for_all(monkeypatch, capsys):
    ways = {"a": lambda: None, "b": lambda: "broke", "c": lambda: "skipped: no such"}
    monkeypatch.setattr(run_elsewhere, "WAYS", ways)
    assert run_elsewhere.main(["a", "c"]) == 0
    assert run_elsewhere.main([]) == 1
    lines = re.sub(r"\d+ s", "0 s", capsys.readouterr().out).splitlines()
    passed, skipped = f"{'a':12} passed in 0 s", f"{'c':12} skipped in 0 s"
    assert lines[:3] == [passed, skipped, "skipped: no such"]
    assert lines[3:5] == [passed, f"{'b':12} FAILED in 0 s"]
    assert lines[5:] == ["broke", skipped, "skipped: no such"]


def of_two(path):
    return f"no {path}" if path.name in "bc" else None


def test_each_that_is_wrong_is_named():
    paths = [Path(name) for name in "abc"]
    assert run_elsewhere.all_wrong(of_two, paths) == "b: no b\nc: no c"
    assert run_elsewhere.all_wrong(of_two, paths[:1]) is None
