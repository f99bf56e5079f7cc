"""How the set-up runs pip: with which settings, what it shows, what it says of a failure."""

import os
import re
import subprocess
import sys
import textwrap

import pytest
import run_pip


@pytest.fixture
def hostile(tmp_path, monkeypatch):
    """Settings for other Pythons and other projects, in the environment and in pip's file."""
    target, constraint = tmp_path / "target", tmp_path / "constraint.txt"
    constraint.write_text("packaging==1.0\n")
    settings = f"""
        [global]
        index-url = http://127.0.0.1:9/simple
        proxy = http://127.0.0.1:9
        require-virtualenv = true
        quiet = 3
        [install]
        user = true
        prefix = {target}
        find-links =
            {tmp_path / "one"}
            {tmp_path / "two"}
        """
    (tmp_path / "pip.conf").write_text(textwrap.dedent(settings))
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    for name, value in {
        "PIP_USER": "1",
        "PIP_TARGET": str(target),
        "PIP_CONSTRAINT": str(constraint),
        "PIP_REQUIRE_VIRTUALENV": "1",
        "PIP_NO_SUCH_OPTION": "1",
        "PIP_EXTRA_INDEX_URL": "http://127.0.0.1:9/extra",
        "PYTHONHOME": str(tmp_path / "nowhere"),
        "PYTHONPATH": str(tmp_path),
        "PYTHONOPTIMIZE": "2",
        "https_proxy": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(run_pip, "PYTHON", sys.executable)
    return tmp_path


def test_settings_for_other_projects_dont_reach_the_set_up(hostile):
    (hostile / "packaging.py").write_text("raise SystemExit('not this one')\n")
    command = [sys.executable, "-m", "pip", "install", "--no-index", "packaging"]
    own = run_pip.variables()
    done = subprocess.run(command, env=own, capture_output=True, text=True)
    assert done.returncode == 0 and "already satisfied" in done.stdout, done
    # What does the harm without this: all but PYTHONHOME, with which nothing starts.
    foreign = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    assert subprocess.run(command, env=foreign, capture_output=True).returncode != 0


def test_where_packages_come_from_does_reach_it(hostile):
    own = run_pip.variables()
    assert own["PIP_INDEX_URL"] == "http://127.0.0.1:9/simple"
    assert own["PIP_EXTRA_INDEX_URL"] == "http://127.0.0.1:9/extra"
    assert own["PIP_PROXY"] == own["https_proxy"] == "http://127.0.0.1:9"
    assert own["PIP_FIND_LINKS"].split() == [str(hostile / n) for n in ("one", "two")]
    assert own["PATH"] == os.environ["PATH"]
    left = {name for name in own if name.startswith("PYTHON")}
    assert left == {"PYTHONUNBUFFERED", "PYTHONUTF8"}  # its own


@pytest.mark.parametrize(
    "script, sentence",
    [
        ("print('ERROR: No space left on device')", "The disk is full"),
        ("print('WARNING: Retrying (Retry(total=4')", "could not reach its server"),
        (
            "print('ERROR: No matching distribution found for torch>=2.14')",
            "no such package for this Python",
        ),
        ("print('ERROR: no\\nHINT: ... Windows Long Path support')", "260 letters"),
        ("print('ERROR: [WinError 32] The process ...')", "A file is in use"),
        ("print('ERROR: something new')", "Run the same command again when"),
    ],
)
def test_a_failure_tells_what_was_said_and_guesses_nothing(
    script, sentence, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(run_pip, "LOG", str(tmp_path / "build" / "setup.log"))
    code = f"print('many lines'); {script}; raise SystemExit(3)"
    with pytest.raises(SystemExit) as stopped:
        run_pip.run([sys.executable, "-c", code], "It was not installed. pip says:")
    said = str(stopped.value)
    assert said.startswith("\nIt was not installed. pip says:\n\n    ")
    assert re.search(r"(ERROR|WARNING): ", said) and sentence in said
    assert str(tmp_path / "build" / "setup.log") in said
    log = (tmp_path / "build" / "setup.log").read_text()
    assert "many lines" in log and "many lines" not in capsys.readouterr().out


def test_hundreds_of_lines_become_few_and_all_of_them_are_kept(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(run_pip, "LOG", str(tmp_path / "setup.log"))
    read_log, seen = run_pip.read_log, tmp_path / "seen"

    def read_and_tell(begin):
        said = read_log(begin)
        if "torch" in said:
            seen.touch()
        return said

    monkeypatch.setattr(run_pip, "read_log", read_and_tell)
    pip = f"""
        import os, time
        print("Obtaining file:///course")
        for i in range(200):
            print(f"Collecting package-{{i}}")
            print(f"  Downloading package_{{i}}-1.0-py3-none-any.whl (10 kB)")
        print("  Downloading torch-2.14.1-cp311-cp311-manylinux_2_28_x86_64.whl (530.2 MB)")
        while not os.path.exists({str(seen)!r}):
            time.sleep(0.01)
        print("Installing collected packages: torch, package-0")
        """
    run_pip.run([sys.executable, "-c", textwrap.dedent(pip)], "never seen")
    shown = capsys.readouterr().out
    assert "downloading torch, 530.2 MB" in shown and shown.count("\n") < 5
    assert (tmp_path / "setup.log").read_text().count("\n") > 400


@pytest.mark.parametrize(
    "line, step",
    [
        ("Collecting jupyter-core!=5.0 (from x)", "looking at jupyter-core"),
        ("  Downloading a_b-1.0-py3-none-any.whl (10 kB)", "downloading a_b"),
        ("  Using cached torch-2.14.1-x.whl (2.5 GB)", "looking at torch, 2.5 GB"),
        ("Processing /a/numpy-2.4.6-cp311.whl (from x)", "looking at numpy"),
        ("Installing collected packages: a, b", "writing all packages to .venv"),
        ("Obtaining file:///course", "beginning"),
    ],
)
def test_a_step_of_pip_in_a_few_words(line, step):
    assert run_pip.last_step(f"{line}\n  Preparing metadata: done\n") == step
