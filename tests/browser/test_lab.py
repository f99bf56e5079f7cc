"""JupyterLab, started by `make lab` in a copy of the course, used as a learner does."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
import urllib.request

import nbformat
import psutil
import pytest
from course import NOTEBOOKS, PATHS, ROOT

COPIED = [
    "Makefile",
    "README.md",
    "constraints.txt",
    "data",
    "helper",
    "notebooks",
    "pyproject.toml",
]
LEFT = shutil.ignore_patterns("__pycache__", "run", ".ipynb_checkpoints")
SECONDS = 300  # a busy machine


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address that `make lab` prints; its process; the copy that it shows."""
    root = tmp_path_factory.mktemp("lab") / "a course"
    root.mkdir()
    for name in [*COPIED, "tools"]:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(
            ROOT / name,
            root / name,
            **({"ignore": LEFT} if copy != shutil.copy else {}),
        )
    # The packages are there: `make test-browser` has seen to it. They are the original's.
    python = (
        ROOT / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    )
    command = ["make", "--old-file=env", "lab", f"VENV={python}"]
    own = {**os.environ, "JUPYTER_RUNTIME_DIR": str(root.parent / "runtime")}
    own["JUPYTER_CONFIG_DIR"] = own["JUPYTER_DATA_DIR"] = str(root.parent / "settings")
    (root.parent / "temporary").mkdir()
    own["TMPDIR"] = own["TEMP"] = own["TMP"] = str(root.parent / "temporary")
    # No screen, and not a part of the `make test-browser` that this may run in.
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
        own.pop(name, None)
    process = subprocess.Popen(
        command,
        cwd=root,
        env=own,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said = ""
    for line in process.stdout:
        said += line
        if "http" in line:
            break
    assert "http" in said, said + process.stdout.read()
    yield line.strip(), process, root
    everything = descendants(process)
    for child in everything:
        if any(part.endswith("open_lab.py") for part in child.cmdline()):
            child.send_signal(signal.SIGTERM)  # as a terminal that is closed does
    process.wait(60)
    process.stdout.close()
    _, left = psutil.wait_procs(everything, timeout=30)
    assert not left


def descendants(process):
    return psutil.Process(process.pid).children(recursive=True)


def open_lesson(lab, page, name):
    address, _, _ = lab
    start, _, token = address.partition("?")
    path = re.sub("[^/]+[.]ipynb", name, start) + "?reset&" + token
    page.set_default_timeout(SECONDS * 1000)
    before = {kernel.pid for kernel in kernels(lab[1])}
    page.goto(path)
    page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell").first.wait_for()
    # Before it has a kernel, JupyterLab calls it idle, too, and asks which kernel to run it by.
    wait(
        lambda: {kernel.pid for kernel in kernels(lab[1])} - before,
        "no kernel was started",
        SECONDS,
    )
    page.wait_for_timeout(1000)
    page.locator(indicator("idle")).wait_for()


def indicator(status):
    return (
        ".jp-NotebookPanel:not(.lm-mod-hidden) "
        f'.jp-Notebook-ExecutionIndicator[data-status="{status}"]'
    )


def choose(page, menu, item):
    page.get_by_role("menuitem", name=menu, exact=True).click()
    page.locator(".lm-Menu-itemLabel").get_by_text(item, exact=True).click()


def find(page, locator):
    """JupyterLab draws the cells around the window only: scroll until it is there.

    At the end begin again: what is looked for may not have been computed yet.
    """
    panel = page.locator(
        ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-WindowedPanel-outer"
    )
    panel.evaluate("panel => panel.scrollTo(0, 0)")
    for _ in range(600):
        page.wait_for_timeout(100)
        if locator.count() and locator.first.is_visible():
            locator.first.scroll_into_view_if_needed()
            return locator.first
        panel.evaluate(
            """panel => {
                const end = panel.scrollHeight - panel.clientHeight;
                const next = panel.scrollTop + panel.clientHeight / 2;
                panel.scrollTo(0, panel.scrollTop >= end - 2 ? 0 : next);
            }"""
        )
    raise AssertionError(f"not found: {locator}")


def wait(true, what, seconds=60):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def run_all(page):
    choose(page, "Run", "Run All Cells")
    page.wait_for_timeout(1000)
    page.locator(indicator("idle")).wait_for()


def answer(page, source):
    cell = page.locator(".jp-CodeCell").filter(has_text='check("00.1"')
    find(page, cell).locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(source)
    page.keyboard.press("Shift+Enter")
    page.wait_for_timeout(1000)
    page.locator(indicator("idle")).wait_for()
    return find(page, cell).locator(".jp-OutputArea-output").inner_text()


def test_first_lesson_runs_answers_and_leads_on(lab, page):
    open_lesson(lab, page, "00_start_here.ipynb")
    page.get_by_role("heading", name="00 · Start here").first.wait_for()
    assert not page.locator(".jp-Dialog, .jp-Notification-Toast-Content").count()
    run_all(page)
    output = page.locator(".jp-OutputArea-output")
    unsolved = find(page, output.filter(has_text="not tried yet"))
    assert unsolved.is_visible()
    wrong = answer(page, 'answer = 27 * 28\ncheck("00.1", answer)')
    right = answer(page, 'answer = 28 * 28\ncheck("00.1", answer)')
    assert "00.1" in wrong and "00.1" in right and wrong != right
    assert "right." in right and "right." not in wrong
    page.keyboard.press("Control+s")
    saved = lab[2] / "work" / "00_start_here.ipynb"
    wait(
        lambda: "28 * 28" in saved.read_text("utf-8").partition("Solution")[0],
        "not saved",
    )
    cells = [c for c in nbformat.read(saved, 4).cells if c.cell_type == "code"]
    assert all(cell.execution_count for cell in cells)
    errors = [o for cell in cells for o in cell.outputs if o.output_type == "error"]
    assert not errors
    find(page, page.get_by_role("link", name=re.compile("^01 · "))).click()
    page.get_by_role("heading", name=re.compile("^01 · ")).first.wait_for()


def images_for_a_screen_reader(page):
    """The names of the images in Chromium's accessibility tree, in the order of reading."""
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")
    return [
        node.get("name", {}).get("value", "")
        for node in tree["nodes"]
        if node.get("role", {}).get("value") in ("image", "img") and not node["ignored"]
    ]


def test_a_screen_reader_meets_the_words_of_each_figure_that_was_drawn(lab, page):
    """JupyterLab's own image of a figure has no name: the next one says what it shows."""
    open_lesson(lab, page, "02_autograd.ipynb")
    run_all(page)
    cells = nbformat.read(NOTEBOOKS / "02_autograd.ipynb", 4).cells
    words = [cell.metadata["alt"] for cell in cells if "alt" in cell.metadata]
    assert len(words) >= 2
    for said in words:
        seen = find(page, page.get_by_role("img", name=said, exact=True))
        assert seen.bounding_box()["height"] < 2  # and nobody else notices
        names = images_for_a_screen_reader(page)
        place = names.index(said)
        assert names.count(said) == 1
        assert names[place - 1] == "", "JupyterLab says it itself now"
    page.keyboard.press("Control+s")


def kernels(process):
    """The kernels of this JupyterLab."""
    found = []
    for child in descendants(process):
        try:
            if "ipykernel_launcher" in " ".join(child.cmdline()):
                found.append(child)
        except psutil.Error:
            continue  # it has just ended
    return found


@pytest.mark.parametrize("name", ["05_validation.ipynb", "12_scaling_out.ipynb"])
def test_interrupting_leaves_no_process(name, lab, page):
    before = {kernel.pid for kernel in kernels(lab[1])}
    open_lesson(lab, page, name)
    (kernel,) = [kernel for kernel in kernels(lab[1]) if kernel.pid not in before]
    choose(page, "Run", "Run All Cells")
    page.locator(indicator("busy")).wait_for()
    launches = name.startswith("12")
    if launches:
        wait(lambda: len(kernel.children(recursive=True)) >= 3, "no processes", SECONDS)
    else:
        page.wait_for_timeout(4000)
    choose(page, "Kernel", "Interrupt Kernel")
    page.locator(indicator("idle")).wait_for()
    wait(lambda: not kernel.children(recursive=True), "processes that were left")
    assert kernel.is_running()
    find(page, page.get_by_text("KeyboardInterrupt"))


def was_run(path):
    """Of each code cell with something in it, whether it has a number."""
    cells = nbformat.read(path, 4).cells
    return [c.execution_count for c in cells if c.cell_type == "code" and c.source]


def memory_of_servers(process):
    """In megabytes, what JupyterLab holds besides its kernels."""
    own = {kernel.pid for kernel in kernels(process)}
    sizes = [
        child.memory_info().rss
        for child in descendants(process)
        if child.pid not in own
    ]
    return sum(sizes) / 1e6


def shut_down_kernels(lab):
    start, _, query = lab[0].partition("?")
    kernels_of = start.partition("/lab/")[0] + "/api/kernels"
    with urllib.request.urlopen(f"{kernels_of}?{query}") as reply:
        numbers = [kernel["id"] for kernel in json.load(reply)]
    for number in numbers:
        request = urllib.request.Request(
            f"{kernels_of}/{number}?{query}", method="DELETE"
        )
        urllib.request.urlopen(request).close()


def test_a_day_with_all_lessons_leaves_nothing(lab, page):
    shut_down_kernels(lab)  # of the tests above
    temporary = lab[2].parent / "temporary"
    memory, files = [], []
    for path in PATHS:
        open_lesson(lab, page, path.name)
        run_all(page)
        saved = lab[2] / "work" / path.name

        def all_was_run(saved=saved):
            page.keyboard.press("Control+s")
            page.wait_for_timeout(2000)
            return all(was_run(saved))

        wait(all_was_run, f"{path.name}: not run, or not saved", SECONDS)
        page.wait_for_timeout(1000)
        choose(page, "Kernel", "Shut Down Kernel")
        wait(lambda: not kernels(lab[1]), f"{path.name}: its kernel lives on")
        cells = nbformat.read(saved, 4).cells
        outputs = [o for cell in cells for o in cell.get("outputs", [])]
        assert not [o for o in outputs if o.output_type == "error"], path.name
        memory.append(memory_of_servers(lab[1]))
        files.append(sorted(file.name for file in temporary.iterdir()))
    print("megabytes:", [round(size) for size in memory], "files:", files[-1])
    assert files[-1] == files[0]
    assert memory[-1] < 1.25 * memory[0], memory
