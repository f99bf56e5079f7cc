"""The three lists of packages agree: pyproject.toml, constraints.txt, environment.yml."""

import platform
import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution, distributions
from pathlib import Path

import make_environment
import open_lab
import pytest
import supported_machines
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]
LISTED = PROJECT["dependencies"] + sum(PROJECT["optional-dependencies"].values(), [])


def pinned():
    pins = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, version = re.fullmatch(r"([\w.-]+)==([\w.]+)", line).groups()
            assert canonicalize_name(name) not in pins, f"{name} is there twice"
            pins[canonicalize_name(name)] = Version(version)
    return pins


@pytest.mark.parametrize("listed", LISTED)
def test_each_package_is_pinned_within_its_range(listed):
    requirement = Requirement(listed)
    assert pinned()[canonicalize_name(requirement.name)] in requirement.specifier
    assert "<" not in str(requirement.specifier), "newer versions are welcome"


def test_whatever_comes_along_is_pinned_too():
    """All that is installed for the course, followed from requirement to requirement."""
    pins, seen = pinned(), set()
    queue = [Requirement(text) for text in PROJECT["dependencies"]]
    queue += [Requirement(text) for text in PROJECT["optional-dependencies"]["test"]]
    while queue:
        requirement = queue.pop()
        name = canonicalize_name(requirement.name)
        if name in seen:
            continue
        seen.add(name)
        try:
            needed = distribution(name).requires or []
        except PackageNotFoundError:
            continue  # optional, or for another system
        assert name in pins, f"{name} is not in constraints.txt"
        for extra in {"", *requirement.extras}:
            for text in needed:
                further = Requirement(text)
                if not further.marker or further.marker.evaluate({"extra": extra}):
                    queue.append(further)
    assert {"torch", "tornado", "pillow", "pluggy"} <= seen


LEAST = re.fullmatch(r">=(3\.\d+)", PROJECT["requires-python"])[1]


@pytest.mark.skipif(
    not platform.python_version().startswith(LEAST + "."),
    reason="a newer Python may have packages that the oldest one needs not",
)
def test_each_pin_is_for_the_oldest_python_of_the_course():
    """To its last digit: Debian 12 has 3.11.2, and some packages ask for 3.11.5."""
    pins, refused = pinned(), {}
    for package in distributions():
        asks = package.metadata.get("Requires-Python") or ""
        if canonicalize_name(package.name) in pins and f"{LEAST}.0" not in SpecifierSet(
            asks
        ):
            refused[package.name] = asks
    assert not refused


def test_conda_installs_the_same_list():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert environment["name"] == "pytorch-course"
    python, pip, packages = environment["dependencies"]
    major, minor = supported_machines.NEWEST
    newer = f"{major}.{minor + 1}"
    assert python == f"python{PROJECT['requires-python']},<{newer}" and pip == "pip"
    assert packages == {"pip": ["-c constraints.txt", "-e .[test]"]}


def test_every_way_to_the_kernel_sets_the_same(monkeypatch):
    """One core, where small networks are fastest; figures in the notebook."""
    options = " ".join(
        f"--env {name} {to}" for name, to in make_environment.KERNEL_VARIABLES
    )
    for file in ("Makefile", "README.md"):
        assert options in (ROOT / file).read_text(encoding="utf-8"), file
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert environment["variables"] == {"OMP_NUM_THREADS": 1}
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert open_lab.variables()["OMP_NUM_THREADS"] == "1"


def test_advice_to_install_is_quoted_for_every_shell():
    """zsh takes [test] for a pattern of file names, and refuses."""
    texts = [path for path in ROOT.glob("*.md")] + [ROOT / ".github/workflows/test.yml"]
    texts += [*ROOT.glob("helper/**/*.py"), *ROOT.glob("notebooks/0*.ipynb")]
    for path in texts:
        for before in re.findall(r"(.)\.\[\w+\]", path.read_text(encoding="utf-8")):
            assert before in "\"'", path


def test_every_package_says_why():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for listed in LISTED:
        assert re.search(rf'(?m)^    "{re.escape(listed)}", +# \w.+$', text), listed


def test_notebook_00_asks_for_the_same_versions():
    text = (ROOT / "notebooks" / "00_start_here.ipynb").read_text(encoding="utf-8")
    imported = {"torch": "torch", "torchvision": "torchvision", "numpy": "np"}
    for listed in PROJECT["dependencies"][:4]:
        requirement = Requirement(listed)
        (specifier,) = requirement.specifier
        name = imported.get(requirement.name, requirement.name)
        version = (
            specifier.version if "." in specifier.version else f"{specifier.version}.0"
        )
        assert f'{name}: \\"{version}\\"' in text
