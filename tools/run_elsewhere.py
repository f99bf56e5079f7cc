"""Run the whole of `pytest --nbval` as other machines would: `make test-elsewhere`.

A line for each way, and exit code 1 if one of them fails. Name some to run those alone:
`python tools/run_elsewhere.py default "no network"`.
"""

import copy
import itertools
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import psutil
import refresh_outputs
from course import PATHS, ROOT, code_cells, git
from nbclient.exceptions import CellExecutionError

PYTEST = [sys.executable, "-m", "pytest", "--nbval", "-q", "-p", "no:cacheprovider"]
SHARED = [*PYTEST, "-n", "2", "--no-loadscope-reorder"]  # as `make test`
# A notebook's kernel and what it starts take 2 GB at most.
AT_ONCE = 2 if psutil.virtual_memory().available > 6e9 else 1


def run(command: list[str], *, cwd: Path = ROOT, **variables: str) -> str | None:
    """What went wrong, as text; None if nothing did."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    return None if done.returncode == 0 else done.stdout[-6000:] + done.stderr[-2000:]


def without_network() -> str | None:
    """In a network namespace that has no interface but loopback, which kernels need."""
    inside = ["unshare", "--map-root-user", "--net", "sh", "-c"]
    try:
        refused = run([*inside, "ip link set lo up"])
    except FileNotFoundError as error:
        refused = str(error)
    if refused is not None:
        return f"skipped: this machine allows no network namespace ({refused.strip()})"
    return run([*inside, 'ip link set lo up && exec "$@"', "sh", *SHARED])


def from_an_odd_path() -> str | None:
    with tempfile.TemporaryDirectory() as folder:
        moved = Path(folder) / "mein Käsekurs № 1"
        tracked = git("ls-files", "-z")
        if tracked is None:
            return "skipped: only git knows which files are the course's"
        for name in tracked.split("\0")[:-1]:
            if (ROOT / name).is_file():
                (moved / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, moved / name)
        # Ahead of the helper that is installed, in notebooks' kernels too.
        where = [sys.executable, "-c", "import helper; print(helper.__file__)"]
        there = {**os.environ, "PYTHONPATH": str(moved)}
        found = subprocess.check_output(where, cwd=folder, env=there, encoding="utf-8")
        assert found.startswith(str(moved)), found
        return run(SHARED, cwd=moved, PYTHONPATH=str(moved))


def all_wrong(look: Callable[[Path], str | None], paths: list[Path]) -> str | None:
    """What `look` says of the paths with which something is wrong; two at a time."""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        found = zip(paths, threads.map(look, paths), strict=True)
        wrong = [f"{path.name}: {what}" for path, what in found if what is not None]
    return "\n".join(wrong) or None


def alone(path: Path) -> str | None:
    if not code_cells(path):
        return None  # the glossary: pytest would find no test
    return run([*PYTEST, str(path)])


def without_the_course() -> str | None:
    """Each lesson opened in an empty folder, by a kernel that has no `helper`, as on Colab."""
    there = "tests/test_lesson_alone.py::test_a_kernel_without_the_course_gets_it"
    return run([*PYTEST, "-n", "2", there], COURSE_ALONE="all")


def each_cell_twice(path: Path) -> str | None:
    """A learner runs a cell again: that ends in no error, nor do the cells after it."""
    notebook = nbformat.read(path, as_version=4)
    cells = [
        [c, copy.deepcopy(c)] if c.cell_type == "code" else [c] for c in notebook.cells
    ]
    notebook.cells = list(itertools.chain.from_iterable(cells))
    try:
        refresh_outputs.execute(notebook)
    except CellExecutionError as error:
        return str(error)
    return None


WAYS: dict[str, Callable[[], str | None]] = {
    "default": lambda: run(
        SHARED, ATEN_CPU_CAPABILITY="default", MKL_ENABLE_INSTRUCTIONS="SSE4_2"
    ),
    "avx2": lambda: run(
        SHARED,
        ATEN_CPU_CAPABILITY="avx2",
        MKL_ENABLE_INSTRUCTIONS="AVX2",
        ONEDNN_MAX_CPU_ISA="SSE41",
    ),
    "all cores": lambda: run(SHARED, OMP_NUM_THREADS=str(os.cpu_count() or 2)),
    "no network": without_network,
    "odd path": from_an_odd_path,
    "no home": lambda: run(SHARED, HOME=f"{os.devnull}/home"),  # for root, too
    "C locale": lambda: run(SHARED, LC_ALL="C", LANG="C"),
    "no course": without_the_course,
    "alone": lambda: all_wrong(alone, random.Random(0).sample(PATHS, len(PATHS))),
    "twice": lambda: all_wrong(each_cell_twice, PATHS),
}


def main(names: list[str]) -> int:
    failed = 0
    for name in names or WAYS:
        begin = time.perf_counter()
        wrong = WAYS[name]()
        took = f"{time.perf_counter() - begin:.0f} s"
        skipped = wrong is not None and wrong.startswith("skipped: ")
        verdict = "passed" if wrong is None else "skipped" if skipped else "FAILED"
        print(f"{name:12} {verdict} in {took}", flush=True)
        if wrong is not None:
            print(wrong, flush=True)
            failed += not skipped
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
