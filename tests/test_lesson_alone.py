"""A lesson that was opened alone, as on Colab or Kaggle, gets the course and works."""

import json
import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import course
import nbclient
import nbformat
import pytest
from course import LESSONS, ROOT

sys.path.insert(0, str(ROOT / "tools" / "site"))

import lesson_alone
import pages
import repository

# The first, in `make test`; in `make test-elsewhere`, all.
ALONE = LESSONS if os.environ.get("COURSE_ALONE") else LESSONS[:1]
SETTINGS = (
    "COURSE_REPOSITORY",
    "COURSE_SITE",
    "GITHUB_REPOSITORY",
    "GITHUB_SERVER_URL",
)


@pytest.fixture(autouse=True)
def no_settings(monkeypatch):
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("path", course.PATHS, ids=lambda path: path.stem)
def test_a_page_has_outputs_of_known_kinds_alone(path):
    """Sphinx warns of any other, and the site isn't built."""
    kinds = {
        kind
        for cell in pages.page(path).cells
        for output in cell.get("outputs", [])
        for kind in output.get("data", {})
    }
    assert kinds <= {"text/plain", "text/html", "image/png"}


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_copy_is_the_lesson_and_one_line(path, monkeypatch):
    stored = [cell.source for cell in course.read(path).cells]
    unknown = [cell.source for cell in lesson_alone.copy(path).cells]
    assert unknown[0] == stored[0] and unknown[2:] == stored[1:]
    assert "http" not in unknown[1]
    monkeypatch.setenv("GITHUB_REPOSITORY", "someone/pytorch")
    copy = lesson_alone.copy(path)
    nbformat.validate(copy)
    _, sentence, line, *rest = copy.cells
    assert sentence.source.count(". ") == 0 and line.source.count("\n") == 1
    assert "https://github.com/someone/pytorch " in line.source
    assert len(rest) == len(stored) - 1
    said = "\n".join(c.source for c in rest if c.cell_type == "markdown")
    said = re.sub(r"```.*?```|`[^`\n]*`", "", said, flags=re.S)
    assert not re.search(r"\]\((?!https?://|#)", said)


def test_addresses_are_there_when_the_repository_is_known_and_not_otherwise(
    monkeypatch,
):
    path = LESSONS[2]
    for make in (repository.colab, repository.binder, repository.edit):
        assert make("notebooks/x.ipynb") is None
    assert repository.address() is None and repository.site() is None
    page = "\n".join(cell.source for cell in pages.page(path).cells)
    assert "Colab" not in page and "Binder" not in page and "Edit" not in page
    monkeypatch.setenv("GITHUB_REPOSITORY", "someone/pytorch")
    page = "\n".join(cell.source for cell in pages.page(path).cells)
    assert f"/github/someone/pytorch/blob/gh-pages/notebooks/{path.name}" in page
    assert f"/gh/someone/pytorch/main?urlpath=lab/tree/notebooks/{path.name}" in page
    assert f"github.com/someone/pytorch/edit/main/notebooks/{path.name}" in page
    assert "git clone https://github.com/someone/pytorch " in pages.home()
    assert repository.site() == "https://someone.github.io/pytorch/"
    monkeypatch.setenv("COURSE_REPOSITORY", "ssh://elsewhere/course")
    assert repository.colab("x") is None and "ADDRESS" not in pages.home()


def test_readme_has_the_same_line():
    assert f"import os, sys; {lesson_alone.LINE}" in course.README.read_text("utf-8")


def test_home_lists_every_page():
    for path in course.PATHS:
        assert f"\nnotebooks/{path.stem}\n" in pages.home()


@pytest.mark.skipif(course.git("rev-parse") is None, reason="there is no git here")
@pytest.mark.parametrize("path", ALONE, ids=lambda path: path.stem)
def test_a_kernel_without_the_course_gets_it(path, tmp_path, monkeypatch):
    """In an empty folder, from a folder on this machine instead of GitHub."""
    monkeypatch.delenv("PYTHONPATH", raising=False)
    # A Python with the course's packages, as Colab has them, but without the course.
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "python"], check=True)
    scripts = sysconfig.get_path("scripts", vars={"base": str(tmp_path / "python")})
    python = Path(scripts) / Path(sys.executable).name
    ask = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    own = subprocess.run(ask, check=True, capture_output=True, text=True).stdout.strip()
    # Its own setuptools is older than what the course is built with.
    uninstall = [python, "-m", "pip", "uninstall", "--yes", "--quiet", "setuptools"]
    subprocess.run(uninstall, check=True, capture_output=True)
    Path(own, "packages.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    assert subprocess.run(
        [python, "-c", "import helper"], capture_output=True, cwd=tmp_path
    ).returncode
    specification = {
        "argv": [str(python), *"-m ipykernel -f {connection_file}".split()]
    }
    specification |= {"display_name": "alone", "language": "python"}
    folder = tmp_path / "data" / "kernels" / "alone"
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(json.dumps(specification), "utf-8")

    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "data"))
    monkeypatch.setenv("PATH", scripts + os.pathsep + os.environ["PATH"])
    # "0" is pip's word for "none": no network.
    monkeypatch.setenv("PIP_NO_BUILD_ISOLATION", "0")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("COURSE_REPOSITORY", ROOT.as_uri())
    empty = tmp_path / "an empty folder"
    empty.mkdir()
    notebook = lesson_alone.copy(path)
    notebook.cells.append(
        nbformat.v4.new_code_cell(
            "import subprocess, helper\n"
            "print(helper.__file__)\n"
            "child = 'import helper; print(helper.__file__)'\n"
            "print(subprocess.check_output([sys.executable, '-P', '-c', child], text=True))"
        )
    )
    nbclient.NotebookClient(
        notebook,
        kernel_name="alone",
        timeout=600,
        resources={"metadata": {"path": str(empty)}},
    ).execute()
    said = "".join(output.get("text", "") for output in notebook.cells[-1].outputs)
    assert said.count(str(empty / "pytorch-course" / "helper")) == 2, said
