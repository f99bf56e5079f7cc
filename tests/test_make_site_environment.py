"""What `make site` does first: .venv-site, apart from the learners' .venv."""

from pathlib import Path

import make_site_environment
import pytest
import run_pip
from course import ROOT


@pytest.fixture
def fresh(tmp_path, monkeypatch):
    """A clone without .venv-site, and the commands that the set-up would run in it."""
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    here = Path(make_site_environment.ROOT)
    for name in ("ROOT", "VENV", "PYTHON", "STAMP", "LOG"):
        there = tmp_path / Path(getattr(make_site_environment, name)).relative_to(here)
        monkeypatch.setattr(make_site_environment, name, str(there))
    commands, fails = [], []

    def run(command, hint):
        commands.append(command)
        Path(make_site_environment.PYTHON).parent.mkdir(parents=True, exist_ok=True)
        Path(make_site_environment.PYTHON).touch()
        if "pip" in command and fails:
            raise SystemExit(hint)

    monkeypatch.setattr(run_pip, "run", run)
    for name in ("PYTHON", "LOG"):  # which the set-up sets
        monkeypatch.setattr(run_pip, name, getattr(run_pip, name))
    return tmp_path, commands, fails


def test_installs_once_and_never_the_course(fresh):
    root, commands, _ = fresh
    make_site_environment.main()
    make_site_environment.main()
    assert len(commands) == 2
    assert "-c" in commands[1] and "constraints.txt" in commands[1]
    assert any(part.startswith("myst-nb") for part in commands[1])
    assert not any(part.startswith((".", "torch")) for part in commands[1])
    (root / "constraints.txt").write_text("sphinx==9.0.4\n", encoding="utf-8")
    make_site_environment.main()
    assert len(commands) == 4


def test_what_failed_half_way_is_made_anew(fresh):
    _, commands, fails = fresh
    fails.append(True)
    with pytest.raises(SystemExit, match="packages were not installed"):
        make_site_environment.main()
    fails.clear()
    make_site_environment.main()
    assert len(commands) == 4


def test_a_folder_of_somebody_elses_is_left_alone(fresh):
    root, commands, _ = fresh
    (root / ".venv-site").mkdir()
    (root / ".venv-site" / "mine").touch()
    with pytest.raises(SystemExit, match="not made by the course"):
        make_site_environment.main()
    assert not commands and (root / ".venv-site" / "mine").exists()
