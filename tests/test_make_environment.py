"""What `make env` does, before every other rule: .venv, packages, kernels."""

import os
import re
import subprocess
import sys
import textwrap
from importlib.metadata import metadata
from pathlib import Path

import make_environment
import pytest
from course import ROOT


@pytest.fixture
def fresh(tmp_path, monkeypatch):
    """A clone without .venv, and the commands that the set-up would run in it."""
    root = tmp_path / "a course"
    root.mkdir()
    for name in ("pyproject.toml", "constraints.txt"):
        (root / name).write_bytes((ROOT / name).read_bytes())
    commands = []

    def run(command, hint):
        commands.append(" ".join(command[1:3]))
        if "ipykernel" in command:
            assert "OMP_WAIT_POLICY passive --env MPLBACKEND" in " ".join(command)
        Path(make_environment.PYTHON).parent.mkdir(parents=True, exist_ok=True)
        Path(make_environment.PYTHON).touch()
        if commands[-1] == "-m pip" and fails:
            make_environment.stop(hint)

    fails = []
    monkeypatch.setattr(make_environment, "ROOT", str(root))
    monkeypatch.setattr(make_environment, "VENV", str(root / ".venv"))
    monkeypatch.setattr(
        make_environment, "PYTHON", str(root / ".venv" / "bin" / "python")
    )
    monkeypatch.setattr(make_environment, "STAMP", str(root / ".venv" / "stamp"))
    monkeypatch.setattr(make_environment, "LOG", str(root / "build" / "setup.log"))
    monkeypatch.setattr(make_environment, "run", run)
    return root, commands, fails


ALL = ["-m venv", "-m pip", "-m ipykernel", "-m ipykernel", "-m jupyter"]


def test_installs_once(fresh):
    _, commands, _ = fresh
    make_environment.main()
    assert commands == ALL
    make_environment.main()
    assert commands == ALL


def test_installs_again_when_the_package_list_changed_and_only_then(fresh):
    root, commands, _ = fresh
    make_environment.main()
    del commands[:]
    project = root / "pyproject.toml"
    text = project.read_text(encoding="utf-8")
    project.write_text(text.replace('"-ra"', '"-rA"'), encoding="utf-8")
    make_environment.main()
    assert commands == []
    project.write_text(text.replace('"numpy>=2"', '"numpy>=2.1"'), encoding="utf-8")
    make_environment.main()
    assert commands == ALL[1:]  # into the environment that is there
    with open(root / "constraints.txt", "a") as file:
        file.write("six==1.17.0\n")
    make_environment.main()
    assert commands == ALL[1:] * 2


def test_an_install_that_broke_off_is_made_anew(fresh, capsys):
    _, commands, fails = fresh
    fails.append(True)
    with pytest.raises(SystemExit, match="packages were not installed. pip says:"):
        make_environment.main()
    fails.clear()
    del commands[:]
    make_environment.main()
    assert commands == ALL
    # Also one that broke off while it renewed a complete environment.
    with open(Path(make_environment.ROOT) / "constraints.txt", "a") as file:
        file.write("six==1.17.0\n")
    fails.append(True)
    with pytest.raises(SystemExit):
        make_environment.main()
    fails.clear()
    del commands[:]
    make_environment.main()
    assert commands == ALL


def test_a_moved_folder_or_a_removed_python_is_made_anew(fresh, monkeypatch):
    root, commands, _ = fresh
    make_environment.main()
    del commands[:]
    stamp = Path(make_environment.STAMP)
    stamp.write_text(stamp.read_text().replace("a course", "elsewhere"))
    make_environment.main()
    assert commands == ALL
    del commands[:]
    os.remove(make_environment.PYTHON)
    make_environment.main()
    assert commands == ALL


def test_an_old_python_gets_a_sentence(fresh, monkeypatch):
    _, commands, _ = fresh
    monkeypatch.setattr(sys, "version_info", (3, 9, 18, "final", 0))
    monkeypatch.setattr(
        make_environment, "starts", lambda name: name in ("python3.13", "python3.11")
    )
    with pytest.raises(SystemExit, match="add PYTHON=python3.13 to the command"):
        make_environment.main()
    monkeypatch.setattr(make_environment, "starts", lambda name: False)
    with pytest.raises(
        SystemExit, match="needs Python 3.11 or newer; .* Install a newer"
    ):
        make_environment.main()
    assert commands == []


def test_a_stub_on_the_path_is_no_python(tmp_path, monkeypatch):
    stub = tmp_path / "python3.20"
    stub.write_text("#!/bin/sh\nexit 127\n")
    stub.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not make_environment.starts("python3.20") and not make_environment.starts(
        "python3.19"
    )
    assert make_environment.starts(sys.executable)


def test_the_setup_parses_on_a_python_that_it_turns_away():
    text = Path(make_environment.__file__).read_text(encoding="utf-8")
    # No syntax newer than 3.0; what Python 3.6 and 2.7 say was tried by hand.
    for newer in (r'\bf"', r"\bf'", r"def \w+\(.*: \w+", r"->", r":=", r"\*\["):
        assert not re.search(newer, text), newer


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
    monkeypatch.setattr(make_environment, "PYTHON", sys.executable)
    return tmp_path


def test_settings_for_other_projects_dont_reach_the_set_up(hostile):
    (hostile / "packaging.py").write_text("raise SystemExit('not this one')\n")
    command = [sys.executable, "-m", "pip", "install", "--no-index", "packaging"]
    own = make_environment.variables()
    done = subprocess.run(command, env=own, capture_output=True, text=True)
    assert done.returncode == 0 and "already satisfied" in done.stdout, done
    # What does the harm without this: all but PYTHONHOME, with which nothing starts.
    foreign = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    assert subprocess.run(command, env=foreign, capture_output=True).returncode != 0


def test_where_packages_come_from_does_reach_it(hostile):
    own = make_environment.variables()
    assert own["PIP_INDEX_URL"] == "http://127.0.0.1:9/simple"
    assert own["PIP_EXTRA_INDEX_URL"] == "http://127.0.0.1:9/extra"
    assert own["PIP_PROXY"] == own["https_proxy"] == "http://127.0.0.1:9"
    assert own["PIP_FIND_LINKS"].split() == [str(hostile / n) for n in ("one", "two")]
    assert own["PATH"] == os.environ["PATH"]
    assert not any(name.startswith("PYTHON") for name in set(own) & set(os.environ))


@pytest.mark.parametrize(
    "script, sentence",
    [
        ("print('ERROR: No space left on device')", "The disk is full"),
        ("print('WARNING: Retrying (Retry(total=4')", "could not reach its server"),
        (
            "print('ERROR: No matching distribution found for torch>=2.14')",
            "no such package for this Python",
        ),
        ("print('ERROR: something new')", "Run the same command again when"),
    ],
)
def test_a_failure_tells_what_was_said_and_guesses_nothing(
    script, sentence, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(make_environment, "LOG", str(tmp_path / "build" / "setup.log"))
    code = f"print('many lines'); {script}; raise SystemExit(3)"
    with pytest.raises(SystemExit) as stopped:
        make_environment.run(
            [sys.executable, "-c", code], "It was not installed. pip says:"
        )
    said = str(stopped.value)
    assert said.startswith("\nIt was not installed. pip says:\n\n    ")
    assert re.search(r"(ERROR|WARNING): ", said) and sentence in said
    assert str(tmp_path / "build" / "setup.log") in said
    log = (tmp_path / "build" / "setup.log").read_text()
    assert "many lines" in log and "many lines" not in capsys.readouterr().out


def test_hundreds_of_lines_become_few_and_all_of_them_are_kept(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(make_environment, "LOG", str(tmp_path / "setup.log"))
    pip = """
        import time
        print("Obtaining file:///course")
        for i in range(200):
            print(f"Collecting package-{i}")
            print(f"  Downloading package_{i}-1.0-py3-none-any.whl (10 kB)")
        print("  Downloading torch-2.14.1-cp311-cp311-manylinux_2_28_x86_64.whl (530.2 MB)")
        time.sleep(0.5)
        print("Installing collected packages: torch, package-0")
        """
    make_environment.run([sys.executable, "-c", textwrap.dedent(pip)], "never seen")
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
    assert make_environment.last_step(f"{line}\n  Preparing metadata: done\n") == step


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
    said = make_environment.no_torch(version, build, *rest)
    assert said is None if why is None else why in said


def test_without_torch_nothing_is_begun(fresh, monkeypatch):
    _, commands, _ = fresh
    monkeypatch.setattr(sys, "version_info", (3, 15, 0, "final", 0))
    monkeypatch.setattr(make_environment, "starts", lambda name: name == "python3.13")
    with pytest.raises(SystemExit, match="no package for .*add PYTHON=python3.13"):
        make_environment.main()
    assert commands == []


def test_what_is_said_of_torch_is_what_its_package_says():
    classifiers = metadata("torch").get_all("Classifier")
    minors = [int(m[1]) for c in classifiers if (m := re.search(r":: 3\.(\d+)$", c))]
    assert (
        max(minors) == make_environment.NEWEST[1]
        and min(minors) <= make_environment.OLDEST[1]
    )
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert (
        f"Python 3.{make_environment.OLDEST[1]} to 3.{make_environment.NEWEST[1]}"
        in readme
    )


def test_both_kernels_start_this_python():
    from jupyter_client.kernelspec import KernelSpecManager

    specs = KernelSpecManager().get_all_specs()
    assert "python3" in specs, "what every notebook names"
    # In another environment, `make kernel` is asked.
    if Path(sys.prefix) == ROOT / ".venv":
        spec = specs["pytorch-course"]["spec"]
        assert spec["display_name"] == "PyTorch course"
        assert spec["env"] == dict(make_environment.KERNEL_VARIABLES)
        assert specs["python3"]["spec"]["env"] == spec["env"]
        assert Path(spec["argv"][0]).parent == Path(sys.prefix) / "bin"
