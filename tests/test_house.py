"""What CONTRIBUTING.md says of the house is so: its tree, its commands, its forms."""

import pkgutil
import re

import course
import list_links
import pytest
import yaml
from course import ROOT

import helper.checkpoints
import helper.expect
import helper.plot

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
TREE = re.search(r"```\n(.*?)```", CONTRIBUTING, re.S)[1].splitlines()


def test_each_line_of_the_tree_is_true_and_nothing_is_left_out():
    named = {name.rstrip("/") for line in TREE for name in line[:19].split(", ")}
    named = {name.strip().rstrip("/") for name in named}
    for name in named:
        assert (ROOT / name).exists(), name
    tracked = course.git("ls-files", "-z")
    if tracked is not None:
        top = {name.split("/")[0] for name in tracked.split("\0")[:-1]}
        hidden = {".gitattributes", ".gitignore", ".pre-commit-config.yaml", "LICENSE"}
        assert top - hidden <= named
    assert len(TREE) <= 30  # fits on a screen


@pytest.mark.parametrize(
    "package", [helper, helper.checkpoints, helper.expect, helper.plot]
)
def test_the_map_of_a_package_names_each_module(package):
    named = re.findall(r"(?m)^(\w+) {2,}\S", package.__doc__)
    modules = [module.name for module in pkgutil.iter_modules(package.__path__)]
    assert sorted(named) == modules


def test_a_module_of_helper_is_read_in_one_sitting():
    for path in sorted((ROOT / "helper").rglob("*.py")):
        assert len(path.read_text(encoding="utf-8").splitlines()) < 200, path.name


def test_each_command_is_there():
    rules = re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"))
    named = re.findall(r"`make ([a-z-]+)`", CONTRIBUTING)
    assert set(named) <= set(rules) and set(rules) - {
        "env",
        "kernel",
        "site-env",
    } <= set(named)


def test_a_teacher_reads_of_commands_and_hours_that_are_so():
    text = (ROOT / "TEACHING.md").read_text("utf-8")
    rules = re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"))
    assert set(re.findall(r"\bmake ([a-z-]+)", text)) - {"env"} <= set(rules)
    for script in re.findall(r"tools/\w+\.py", text):
        assert (ROOT / script).exists()
    hours = dict(re.findall(r"(?m)^\| (\d\d) \| ([\w ]+?) \|", text))
    said = {}
    for path in course.LESSONS:
        line = re.search(r"([\w ]+) to work through", "\n".join(course.markdown(path)))
        said[path.stem[:2]] = line[1].strip().lower()
    assert hours == said


def test_workflow_runs_the_readme_command():
    workflow = yaml.safe_load(
        (ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8")
    )
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    assert any("make test" in step.get("run", "") for step in steps)
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "path", sorted((ROOT / ".github" / "ISSUE_TEMPLATE").iterdir())
)
def test_a_form_asks_for_something(path):
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert {"name", "description", "labels", "body"} == set(form)
    ids = [field["id"] for field in form["body"]]
    assert len(ids) == len(set(ids)) >= 3
    assert any(field.get("validations") for field in form["body"])


def test_a_hook_downloads_nothing():
    hooks = yaml.safe_load(
        (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    )
    assert [repo["repo"] for repo in hooks["repos"]] == ["local"]


def test_links_that_leave_the_course_are_found():
    links = list_links.links()
    assert "https://github.com/pytorch/pytorch/issues/135712" in links
    assert all(re.fullmatch(r"https?://[\w.-]+\.\w+(/\S*)?", link) for link in links)


def test_windows_and_macos_can_hold_each_file():
    tracked = course.git("ls-files", "-z")
    if tracked is None:
        pytest.skip("only git knows which files are the course's")
    names = tracked.split("\0")[:-1]
    assert len({name.lower() for name in names}) == len(names), "differ in case alone"
    device = r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)"
    for name in names:
        assert len(name) < 100, f"{name}: Windows counts 260, with the folder"
        for part in name.split("/"):
            assert not re.match(device, part), name
            assert not re.search(r'[<>:"|?*\\]|[. ]$', part), name


def test_a_comment_stands_above_a_line_that_is_too_long_with_it():
    """Behind it, the formatter breaks the code: `if (`, the condition, and `):  # why`."""
    broken = re.compile(r"^\s*[)\]}].*  # (?!fmt: skip).*", re.M)
    folders = ("helper", "tools", "tests", "notebooks/scripts", "data/build")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    texts = {path: path.read_text("utf-8") for path in paths}
    for path in course.PATHS:
        texts[path] = "\n\n".join(cell.source for cell in course.code_cells(path))
    found = [
        f"{path.name}: {line}"
        for path, text in texts.items()
        for line in broken.findall(text)
    ]
    assert len(texts) > 100 and not found
