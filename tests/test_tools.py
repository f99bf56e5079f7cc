"""The set-up behind the two commands, and the form in which notebooks are stored."""

import base64
import contextlib
import io
import os
import random
import re
import signal
import socket
import subprocess
import sys
import textwrap
import tomllib
import urllib.error
import urllib.request
from importlib.metadata import metadata
from pathlib import Path

import lab
import nbformat
import numpy as np
import prepare
import psutil
import pytest
import strength
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image
from test_notebooks import ROOT, refresh


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
        Path(prepare.PYTHON).parent.mkdir(parents=True, exist_ok=True)
        Path(prepare.PYTHON).touch()
        if commands[-1] == "-m pip" and fails:
            prepare.stop(hint)

    fails = []
    monkeypatch.setattr(prepare, "ROOT", str(root))
    monkeypatch.setattr(prepare, "VENV", str(root / ".venv"))
    monkeypatch.setattr(prepare, "PYTHON", str(root / ".venv" / "bin" / "python"))
    monkeypatch.setattr(prepare, "STAMP", str(root / ".venv" / "stamp"))
    monkeypatch.setattr(prepare, "LOG", str(root / "build" / "setup.log"))
    monkeypatch.setattr(prepare, "run", run)
    return root, commands, fails


ALL = ["-m venv", "-m pip", "-m ipykernel", "-m ipykernel", "-m jupyter"]


def test_installs_once(fresh):
    _, commands, _ = fresh
    prepare.main()
    assert commands == ALL
    prepare.main()
    assert commands == ALL


def test_installs_again_when_the_package_list_changed_and_only_then(fresh):
    root, commands, _ = fresh
    prepare.main()
    del commands[:]
    project = root / "pyproject.toml"
    text = project.read_text(encoding="utf-8")
    project.write_text(text.replace('"-ra"', '"-rA"'), encoding="utf-8")
    prepare.main()
    assert commands == []
    project.write_text(text.replace('"numpy>=2"', '"numpy>=2.1"'), encoding="utf-8")
    prepare.main()
    assert commands == ALL[1:]  # into the environment that is there
    with open(root / "constraints.txt", "a") as file:
        file.write("six==1.17.0\n")
    prepare.main()
    assert commands == ALL[1:] * 2


def test_an_install_that_broke_off_is_made_anew(fresh, capsys):
    _, commands, fails = fresh
    fails.append(True)
    with pytest.raises(SystemExit, match="packages were not installed. pip says:"):
        prepare.main()
    fails.clear()
    del commands[:]
    prepare.main()
    assert commands == ALL
    # Also one that broke off while it renewed a complete environment.
    with open(Path(prepare.ROOT) / "constraints.txt", "a") as file:
        file.write("six==1.17.0\n")
    fails.append(True)
    with pytest.raises(SystemExit):
        prepare.main()
    fails.clear()
    del commands[:]
    prepare.main()
    assert commands == ALL


def test_a_moved_folder_or_a_removed_python_is_made_anew(fresh, monkeypatch):
    root, commands, _ = fresh
    prepare.main()
    del commands[:]
    stamp = Path(prepare.STAMP)
    stamp.write_text(stamp.read_text().replace("a course", "elsewhere"))
    prepare.main()
    assert commands == ALL
    del commands[:]
    os.remove(prepare.PYTHON)
    prepare.main()
    assert commands == ALL


def test_an_old_python_gets_a_sentence(fresh, monkeypatch):
    _, commands, _ = fresh
    monkeypatch.setattr(sys, "version_info", (3, 9, 18, "final", 0))
    monkeypatch.setattr(
        prepare, "starts", lambda name: name in ("python3.13", "python3.11")
    )
    with pytest.raises(SystemExit, match="add PYTHON=python3.13 to the command"):
        prepare.main()
    monkeypatch.setattr(prepare, "starts", lambda name: False)
    with pytest.raises(
        SystemExit, match="needs Python 3.11 or newer; .* Install a newer"
    ):
        prepare.main()
    assert commands == []


def test_a_stub_on_the_path_is_no_python(tmp_path, monkeypatch):
    stub = tmp_path / "python3.20"
    stub.write_text("#!/bin/sh\nexit 127\n")
    stub.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not prepare.starts("python3.20") and not prepare.starts("python3.19")
    assert prepare.starts(sys.executable)


def test_the_setup_parses_on_a_python_that_it_turns_away():
    text = Path(prepare.__file__).read_text(encoding="utf-8")
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
    monkeypatch.setattr(prepare, "PYTHON", sys.executable)
    return tmp_path


def test_settings_for_other_projects_dont_reach_the_set_up(hostile):
    (hostile / "packaging.py").write_text("raise SystemExit('not this one')\n")
    command = [sys.executable, "-m", "pip", "install", "--no-index", "packaging"]
    own = prepare.variables()
    done = subprocess.run(command, env=own, capture_output=True, text=True)
    assert done.returncode == 0 and "already satisfied" in done.stdout, done
    # What does the harm without this: all but PYTHONHOME, with which nothing starts.
    foreign = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    assert subprocess.run(command, env=foreign, capture_output=True).returncode != 0


def test_where_packages_come_from_does_reach_it(hostile):
    own = prepare.variables()
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
    monkeypatch.setattr(prepare, "LOG", str(tmp_path / "build" / "setup.log"))
    code = f"print('many lines'); {script}; raise SystemExit(3)"
    with pytest.raises(SystemExit) as stopped:
        prepare.run([sys.executable, "-c", code], "It was not installed. pip says:")
    said = str(stopped.value)
    assert said.startswith("\nIt was not installed. pip says:\n\n    ")
    assert re.search(r"(ERROR|WARNING): ", said) and sentence in said
    assert str(tmp_path / "build" / "setup.log") in said
    log = (tmp_path / "build" / "setup.log").read_text()
    assert "many lines" in log and "many lines" not in capsys.readouterr().out


def test_hundreds_of_lines_become_few_and_all_of_them_are_kept(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(prepare, "LOG", str(tmp_path / "setup.log"))
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
    prepare.run([sys.executable, "-c", textwrap.dedent(pip)], "never seen")
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
    assert prepare.last_step(f"{line}\n  Preparing metadata: done\n") == step


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
    said = prepare.no_torch(version, build, *rest)
    assert said is None if why is None else why in said


def test_without_torch_nothing_is_begun(fresh, monkeypatch):
    _, commands, _ = fresh
    monkeypatch.setattr(sys, "version_info", (3, 15, 0, "final", 0))
    monkeypatch.setattr(prepare, "starts", lambda name: name == "python3.13")
    with pytest.raises(SystemExit, match="no package for .*add PYTHON=python3.13"):
        prepare.main()
    assert commands == []


def test_what_is_said_of_torch_is_what_its_package_says():
    classifiers = metadata("torch").get_all("Classifier")
    minors = [int(m[1]) for c in classifiers if (m := re.search(r":: 3\.(\d+)$", c))]
    assert max(minors) == prepare.NEWEST[1] and min(minors) <= prepare.OLDEST[1]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"Python 3.{prepare.OLDEST[1]} to 3.{prepare.NEWEST[1]}" in readme


def test_as_root_and_only_then_jupyter_may_run_as_root(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    assert "--allow-root" in lab.command()
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)
    assert "--allow-root" not in lab.command()


def test_without_a_display_no_browser_is_started(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    assert "--no-browser" in lab.command()
    monkeypatch.setenv("DISPLAY", ":0")
    assert "--no-browser" not in lab.command()
    monkeypatch.delenv("DISPLAY")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "--no-browser" not in lab.command()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such terminal")
def test_make_lab_says_where_the_course_is_and_closes_it(tmp_path):
    """In a terminal, with a proxy set and the port taken, as a learner would."""
    import pty

    said, address = "", None
    options = {"JUPYTER_RUNTIME_DIR": str(tmp_path), "http_proxy": "http://127.0.0.1:9"}
    foreign = {"MPLBACKEND": "TkAgg", "MAKEFLAGS": "", "PYTHONHOME": "/nowhere"}
    variables = {**os.environ, **options, **foreign}
    variables.pop("DISPLAY", None)
    variables.pop("OMP_WAIT_POLICY", None)
    variables.pop("MAKELEVEL", None)  # no make has started the terminal
    with socket.create_server(("127.0.0.1", 0)) as taken:
        (tmp_path / "jupyter_server_config.py").write_text(
            f"c.ServerApp.port = {taken.getsockname()[1]}\nc.ServerApp.open_browser = False"
        )
        variables["JUPYTER_CONFIG_DIR"] = str(tmp_path)
        make = ["make", "-o", "env", "lab", f"VENV={sys.executable}"]
        process, terminal = pty.fork()
        if process == 0:
            os.chdir(ROOT)
            os.execvpe("make", make, variables)
        try:
            while "to close the course" not in said:
                said += os.read(terminal, 4096).decode()
            lines = said.splitlines()
            assert lines[0].startswith("Starting JupyterLab")
            assert len(lines) < 12 and "Skipped" not in said and "TkAgg" not in said
            found = re.search(r"(?m)^ *(http://127\.0\.0\.1:(\d+)/)(\S+)\r$", said)
            address, port, place = found.groups()
            assert int(port) != taken.getsockname()[1]
            page, token = place.split("?token=")
            assert page == "lab/tree/notebooks/00_start_here.ipynb"

            again = subprocess.run(
                [sys.executable, lab.__file__],
                env=variables | {"PYTHONHOME": ""},
                capture_output=True,
                text=True,
            )
            assert again.returncode == 0 and again.stderr == ""
            assert f"open already, in another terminal:\n\n    {found[0].strip()}" in (
                again.stdout
            )

            contents = f"{address}api/contents/notebooks?token="
            with urllib.request.urlopen(contents + token) as reply:
                assert b"00_start_here.ipynb" in reply.read()
            with pytest.raises(urllib.error.HTTPError, match="403"):
                urllib.request.urlopen(contents + "guessed")
            servers = [
                child
                for child in psutil.Process(process).children(recursive=True)
                if "jupyterlab" in child.cmdline()
            ]
            assert len(servers) == 1
            listening = servers[0].net_connections()
            listening = [
                c.laddr.ip for c in listening if c.status == psutil.CONN_LISTEN
            ]
            assert set(listening) == {"127.0.0.1"}
            inherited = servers[0].environ()  # by every kernel
            assert inherited["OMP_WAIT_POLICY"] == "passive"
            assert "MPLBACKEND" not in inherited and "PYTHONHOME" not in inherited

            os.write(terminal, b"\x03")  # Ctrl+C
            with contextlib.suppress(
                OSError
            ):  # Linux: the terminal's other end is closed
                while end := os.read(terminal, 4096):
                    said += end.decode()
        finally:
            if address is None or "is closed" not in said:
                os.kill(process, signal.SIGKILL)
            _, status = os.waitpid(process, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert "The course is closed." in said and "***" not in said
        assert not servers[0].is_running()


def test_jupyterlab_that_does_not_start_says_why(tmp_path):
    done = subprocess.run(
        [sys.executable, lab.__file__, "--ServerApp.port=none", "--no-browser"],
        env={**os.environ, "JUPYTER_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "JupyterLab did not start. It says:" in done.stdout
    assert "port" in done.stdout
    (log,) = re.findall(r"All of it is in (.*)\.$", done.stdout.strip())
    assert "port" in Path(log).read_text(encoding="utf-8")


def test_both_kernels_start_this_python():
    from jupyter_client.kernelspec import KernelSpecManager

    specs = KernelSpecManager().get_all_specs()
    assert "python3" in specs, "what every notebook names"
    if (
        Path(sys.prefix) == ROOT / ".venv"
    ):  # in another environment, `make kernel` is asked
        spec = specs["pytorch-course"]["spec"]
        assert spec["display_name"] == "PyTorch course"
        assert spec["env"] == dict(prepare.KERNEL_VARIABLES)
        assert specs["python3"]["spec"]["env"] == spec["env"]
        assert Path(spec["argv"][0]).parent == Path(sys.prefix) / "bin"


def test_normalise_keeps_what_a_reader_sees():
    figure = new_output(
        "display_data",
        {"image/png": "aGk=", "text/plain": "<Figure>"},
        metadata={"needs_background": "light"},
    )
    value = new_output("execute_result", {"text/plain": "1"}, execution_count=40)
    cell = new_code_cell("1", execution_count=40, outputs=[figure, value])
    cell.metadata = {
        "alt": "A one.",
        "tags": ["recipe"],
        "execution": {"iopub": "12:00"},
    }
    notebook = new_notebook(
        cells=[new_markdown_cell("# One"), cell, new_code_cell("2")]
    )
    notebook.metadata = {"kernelspec": {"name": "mine", "display_name": "Mine"}}
    once = refresh.normalise(notebook)
    assert [c.get("execution_count") for c in once.cells] == [None, 1, 2]
    assert once.cells[1].metadata == {"alt": "A one.", "tags": ["recipe"]}
    assert figure.metadata == {"image/png": {"alt": "A one."}}
    assert value.execution_count == 1 and value.data == {"text/plain": "1"}
    assert once.metadata.kernelspec.name == "python3"
    assert once.metadata.language_info == {"name": "python"}
    assert once.metadata.code_sha256 == refresh.fingerprint(once)
    text = nbformat.writes(once)
    assert (
        nbformat.writes(refresh.normalise(nbformat.reads(text, as_version=4))) == text
    )


def test_timings_are_kept_so_that_a_refresh_changes_nothing():
    def notebook(source, text):
        cell = new_code_cell(source, outputs=[new_output("stream", text=text)])
        cell.metadata["tags"] = ["nbval-ignore-output"]
        plain = new_code_cell("2", outputs=[new_output("stream", text=text)])
        return new_notebook(cells=[cell, plain])

    again = notebook("1", "12 ms")
    refresh.keep_excused(notebook("1", "10 ms"), again)
    assert [cell.outputs[0].text for cell in again.cells] == ["10 ms", "12 ms"]
    changed = notebook("1 + 1", "12 ms")
    refresh.keep_excused(notebook("1", "10 ms"), changed)
    assert changed.cells[0].outputs[0].text == "12 ms"


def test_large_figures_are_stored_in_few_colours():
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "PNG")
    png = base64.b64encode(file.getvalue()).decode() + "\n"
    small = refresh.shrink(png)
    assert len(small) < len(png) / 2 and refresh.shrink(small) == small
    with Image.open(io.BytesIO(base64.b64decode(small))) as figure:
        shown = np.asarray(figure.convert("RGB"), float)
    assert np.abs(shown - noise).mean() < 40  # noise is the worst case


def test_one_number_anywhere_in_the_code_changes_its_fingerprint():
    def fingerprint(*sources, text="3"):
        cells = [new_markdown_cell(text), *map(new_code_cell, sources)]
        return refresh.fingerprint(new_notebook(cells=cells))

    assert fingerprint("1", "x = 2") == fingerprint("1", "x = 2", text="4")
    assert fingerprint("1", "x = 2") != fingerprint("1", "x = 3")
    assert fingerprint("1", "x = 2") != fingerprint("1x = 2")


def test_one_number_is_changed_where_it_stands():
    change = strength.change_a_number
    assert change('x = "größer", 3  # 3\n', random.Random(0)) == (
        'x = "größer", 7  # 3\n'
    )
    assert change("print(True, 'no number: 3')", random.Random(0)) is None


def test_each_output_is_changed_but_those_that_are_excused():
    printed = new_output("stream", text="3\n")
    value = new_output("execute_result", {"text/plain": "4"})
    excused = new_code_cell("1", outputs=[new_output("stream", text="10 ms\n")])
    excused.metadata["tags"] = ["nbval-ignore-output"]
    both = new_code_cell("1", outputs=[printed, value])
    notebook = new_notebook(cells=[new_markdown_cell("3"), both, excused])
    assert strength.change_outputs(notebook) == 1
    assert both.outputs[0].text == "3 and more\n"
    assert both.outputs[1].data["text/plain"] == "4 and more"
    assert excused.outputs[0].text == "10 ms\n"


MUTATED = """
def x_f__mutmut_orig(a=1):
    b = a
    return b

def x_f__mutmut_1(a=2):
    b = a
    return b

def x_f__mutmut_2(a=1):
    b = None
    return b

def x_f__mutmut_3(a=1):
    return b
"""


def test_a_mutant_is_told_by_the_line_that_changed(tmp_path, monkeypatch):
    (tmp_path / "mutants").mkdir()
    (tmp_path / "mutants" / "m.py").write_text(MUTATED)
    monkeypatch.setattr(strength, "ROOT", tmp_path)
    told = [strength.changed_lines(f"m.x_f__mutmut_{i}") for i in (1, 2, 3)]
    assert told == ["+ a=2):", "+ b = None", "- b = a"]


def test_what_is_said_of_mutants_is_said_of_functions_that_are_there():
    for mangled, lines in tomllib.loads(strength.REASONS.read_text("utf-8")).items():
        module, _, name = mangled.rpartition(".")
        source = ROOT.joinpath(*module.split(".")).with_suffix(".py").read_text("utf-8")
        assert f"def {name.rpartition('ǁ')[2].removeprefix('x_')}(" in source
        assert all(line[0] in "+-" and reason for line, reason in lines.items())
