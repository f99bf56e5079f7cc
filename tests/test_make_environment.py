"""What `make env` does, before every other rule: .venv, packages, kernels."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import make_environment
import pytest
import run_pip
import supported_machines
from course import ROOT

# What the user's own Python reads, whatever it is.
MODULES = [
    Path(module.__file__) for module in (make_environment, run_pip, supported_machines)
]


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
            assert "OMP_NUM_THREADS 1 --env MPLBACKEND" in " ".join(command)
        Path(make_environment.PYTHON).parent.mkdir(parents=True, exist_ok=True)
        Path(make_environment.PYTHON).touch()
        if commands[-1] == "-m pip" and fails:
            make_environment.stop(hint)

    fails = []
    here = Path(make_environment.ROOT)
    for name in ("ROOT", "VENV", "PYTHON", "STAMP", "LOG"):
        there = root / Path(getattr(make_environment, name)).relative_to(here)
        monkeypatch.setattr(make_environment, name, str(there))
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


def test_what_somebody_else_keeps_there_is_not_emptied(fresh, tmp_path):
    root, commands, _ = fresh
    (root / ".venv").mkdir()
    with pytest.raises(SystemExit, match="was not made by the course"):
        make_environment.main()
    (root / ".venv").rmdir()
    make_environment.main()
    assert commands == ALL

    shutil.move(root / ".venv", tmp_path / "shared")
    try:
        (root / ".venv").symlink_to(tmp_path / "shared", target_is_directory=True)
    except OSError:
        pytest.skip("no links on this machine")
    make_environment.main()  # as long as there is nothing to do
    (root / "constraints.txt").write_text("changed")
    with pytest.raises(SystemExit, match="was not made by the course"):
        make_environment.main()
    assert commands == ALL and list((tmp_path / "shared").iterdir())


def test_a_drive_is_the_same_in_either_case(fresh, monkeypatch):
    """A terminal of Windows says C:, another one c:."""
    root, commands, _ = fresh
    monkeypatch.setattr(os.path, "normcase", str.lower)
    make_environment.main()
    monkeypatch.setattr(
        make_environment, "ROOT", str(root).replace("a course", "A Course")
    )
    (root.parent / "A Course").symlink_to(root)
    make_environment.main()
    assert commands == ALL


def test_a_folder_that_windows_calls_writable_and_is_not(fresh, monkeypatch):
    _, commands, _ = fresh

    def refused(*_, **__):
        raise PermissionError(13, "Access is denied")

    monkeypatch.setattr(os, "makedirs", refused)
    with pytest.raises(SystemExit, match="Access is denied.*copy the course elsewhere"):
        make_environment.main()
    assert commands == []


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
    there = ["python3.13", "python3.11"]
    monkeypatch.setattr(supported_machines, "starts", there.__contains__)
    with pytest.raises(SystemExit, match="add PYTHON=python3.13 to the command"):
        make_environment.main()
    there.clear()
    wanted = "needs Python 3.11 or newer; .* Install a newer"
    with pytest.raises(SystemExit, match=wanted):
        make_environment.main()
    assert commands == []


def test_without_torch_nothing_is_begun(fresh, monkeypatch):
    _, commands, _ = fresh
    monkeypatch.setattr(sys, "version_info", (3, 15, 0, "final", 0))
    monkeypatch.setattr(supported_machines, "starts", "python3.13".__eq__)
    with pytest.raises(SystemExit, match="no package for .*add PYTHON=python3.13"):
        make_environment.main()
    assert commands == []


def test_the_setup_parses_on_a_python_that_it_turns_away():
    for module in MODULES:
        text = module.read_text(encoding="ascii")  # Python 2 takes no other letters
        # No syntax newer than 3.0; what Python 3.6 and 2.7 say was tried by hand.
        for newer in (r'\bf"', r"\bf'", r"def \w+\(.*: \w+", r"->", r":=", r"\*\["):
            assert not re.search(newer, text), f"{newer} in {module.name}"


def test_it_starts_anywhere_and_needs_no_package(fresh, tmp_path):
    root, _, _ = fresh
    make_environment.main()
    (root / "tools").mkdir()
    for module in MODULES:
        shutil.copy(module, root / "tools")
    for folder, script in (
        (root, Path("tools") / "make_environment.py"),
        (tmp_path, root / "tools" / "make_environment.py"),
    ):
        # -S: a Python that has none of the packages that are installed here.
        command = [sys.executable, "-E", "-S", script]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


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
