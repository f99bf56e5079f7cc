"""Numbers of an output compare within what their cell allows, all else letter for letter."""

import matplotlib
import matplotlib.pyplot as plt
import nbformat
import pytest
import tolerance
from course import ROOT
from figure_data import MIME, describe
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_notebook, new_output
from tolerance import agree

EPOCH = "epoch  3: loss 0.168, accuracy 0.972\n"


@pytest.mark.parametrize(
    "stored, new, within, agrees",
    [
        (EPOCH, EPOCH, {"absolute": 0.001}, True),
        (EPOCH, EPOCH.replace("0.168", "0.170"), {"absolute": 0.002}, True),
        (EPOCH, EPOCH.replace("0.168", "0.171"), {"absolute": 0.002}, False),
        (EPOCH, EPOCH.replace("0.972", "0.969"), {"absolute": 0.002}, False),
        (EPOCH, EPOCH.replace("3:", "4:"), {"absolute": 2}, False),
        (EPOCH, EPOCH.replace("3:", "4:"), {"whole": 1}, True),
        (EPOCH, EPOCH.replace("0.972", "0.97"), {"absolute": 1}, False),
        (EPOCH, EPOCH.replace("0.972", "nan"), {"absolute": 1}, False),
        (EPOCH, EPOCH.replace("loss", "Loss"), {"absolute": 1}, False),
        (EPOCH, EPOCH + EPOCH, {"absolute": 1}, False),
        (EPOCH, EPOCH.replace(", accuracy 0.972", ""), {"absolute": 1}, False),
        ("100.0", "104.0", {"relative": 0.05}, True),
        ("100.0", "106.0", {"relative": 0.05}, False),
        ("100.0", "-100.0", {"relative": 0.05}, False),
        (" 9.8 ms, 3 times", "12.1 ms, 3 times", "time", True),
        (" 9.8 ms, 3 times", " 9.8 ms, 4 times", "time", False),
        (" 9.8 ms, 3 times", "-9.8 ms, 3 times", "time", False),
        (" 9.8 ms, 3 times", " 9.8 s, 3 times", "time", False),
        ("tensor([1.5, 2.5])", "tensor([1.6, 2.4])", {"absolute": 0.1}, True),
        ("conv2d 0.5", "conv3d 0.5", {"absolute": 1, "whole": 1}, False),
        ("1.5e-07", "2.5e-07", {"absolute": 1e-6}, True),
    ],
)
def test_what_agrees(stored, new, within, agrees):
    assert agree(stored, new, within) == agrees


@given(
    st.floats(-1e6, 1e6),
    st.floats(0.01, 100),
    st.floats(0, 2),
    st.booleans(),
    st.text("ab: ,\n", min_size=1),
)
def test_a_number_within_agrees_and_one_beyond_does_not(number, allowed, by, up, word):
    moved = number + (by if up else -by) * allowed
    stored, new = f"{word} {number:.6f},{word}", f"{word} {moved:.6f},{word}"
    difference = abs(round(number, 6) - round(moved, 6))
    if abs(difference - allowed) > 1e-5:
        assert agree(stored, new, {"absolute": allowed}) == (difference < allowed)
    assert not agree(stored, new + "1.5", {"absolute": 1e9})


@pytest.mark.parametrize(
    "wrong", ["times", {}, {"absolut": 1}, {"absolute": 0}, {"relative": -1}, 0.1]
)
def test_a_misspelt_tolerance_is_an_error(wrong):
    with pytest.raises(ValueError, match="a cell's tolerance is"):
        tolerance.expect_tolerance({"tolerance": wrong})


@pytest.mark.parametrize("wrong", ["times", 0.0, 2, -0.1, {"absolute": 1}])
def test_a_figures_share_is_one(wrong):
    with pytest.raises(ValueError, match='a cell\'s "figure" is'):
        tolerance.expect_tolerance({"figure": wrong})


def test_refresh_keeps_what_agrees():
    stored = [new_output("stream", text="0.50\n"), new_output("stream", text="0.50\n")]
    new = [new_output("stream", text="0.51\n"), new_output("stream", text="0.70\n")]
    kept = tolerance.keep_stored(stored, new, {"tolerance": {"absolute": 0.1}})
    assert [output.text for output in kept] == ["0.50\n", "0.70\n"]
    assert new[0].text == "0.51\n"


PLOT = """\
import matplotlib.pyplot as plt
plt.plot([0, 100], [0, 100], label="loss")
plt.show()
"""


def test_nbval_compares_so(tmp_path_factory, run_pytest):
    """A bare `pytest --nbval`, on cells that are off by 0.1, and figures by 4 of 110."""
    folder = ROOT / "build" / tmp_path_factory.mktemp("tolerance").name
    folder.mkdir(parents=True)
    cells = [new_code_cell("print(0.5)", execution_count=i + 1) for i in range(3)]
    for cell in cells:
        cell.outputs = [new_output("stream", text="0.6\n")]
    cells[0].metadata.tolerance = {"absolute": 0.1}
    cells[1].metadata.tolerance = {"absolute": 0.05}
    with plt.rc_context(matplotlib.rcParamsDefault):
        figure, axes = plt.subplots()
        axes.plot([0, 100], [0, 96], label="loss")
        axes.set_ylim(-5, 105)
    plt.close(figure)
    shown = {
        "image/png": "",
        "text/plain": "<Figure size 640x480 with 1 Axes>",
        MIME: describe(figure),
    }
    for i, share in enumerate([0.05, 0.02], 4):
        cell = new_code_cell(PLOT, execution_count=i, metadata={"figure": share})
        cell.outputs = [new_output("display_data", shown)]
        cells.append(cell)
    notebook = new_notebook(cells=cells)
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    try:
        nbformat.write(notebook, folder / "a.ipynb")
        _, said = run_pytest("--nbval", "-rA", str(folder), cwd=ROOT)
    finally:
        (folder / "a.ipynb").unlink()
        folder.rmdir()
    verdicts = [f"{word} build" in said for word in ("PASSED", "FAILED")]
    assert verdicts == [True, True] and "3 failed, 2 passed" in said, said
