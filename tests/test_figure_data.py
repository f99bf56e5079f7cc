"""Beside each picture stands what it shows, and a figure that shows something else is noticed."""

import json

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from figure_data import MOST, describe
from hypothesis import given
from hypothesis import strategies as st
from tolerance import agree_as_figures, figures_differ_by

matplotlib.use("agg")
VALUES = st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=40)


def shown(draw) -> str:
    """What a figure shows on which `draw` has drawn."""
    figure, axes = plt.subplots()
    try:
        draw(axes)
        return describe(figure)
    finally:
        plt.close(figure)


def draw_much(axes):
    axes.plot([1, 2, 3], [0.5, 0.4, 0.3], "--", label="training")
    axes.plot([1, 2, 3], [0.6, 0.5, 0.45], label="validation")
    axes.scatter([1, 2], [0.4, 0.5])
    axes.bar([1, 2, 3], [0.3, 0.2, 0.1])
    axes.fill_between([1, 2], [0.1, 0.2])
    axes.imshow(np.linspace(0, 1, 16).reshape(4, 4), extent=(1, 3, 0, 1))
    axes.annotate("here", (2, 0.4))
    axes.set(title="accuracy 0.97", xlabel="epoch", ylabel="loss")
    axes.legend()


@pytest.mark.parametrize(
    "change",
    [
        lambda axes: axes.lines[0].set_ydata([0.5, 0.4, 0.35]),
        lambda axes: axes.lines[0].set_linestyle("-"),
        lambda axes: axes.lines[1].set_label("test"),
        lambda axes: axes.lines[1].remove(),
        lambda axes: axes.plot([1, 2], [0.3, 0.4]),
        lambda axes: axes.collections[0].set_offsets([[1, 0.4], [2, 0.6]]),
        lambda axes: axes.collections[1].remove(),
        lambda axes: axes.patches[0].set_height(0.5),
        lambda axes: axes.images[0].set_data(np.linspace(0, 1, 16).reshape(4, 4).T),
        lambda axes: axes.texts[0].set_text("there"),
        lambda axes: axes.set_title("accuracy 0.79"),
        lambda axes: axes.set_xlabel("step"),
        lambda axes: axes.set_yscale("log"),
        lambda axes: axes.set_ylim(0, 3),
        lambda axes: axes.get_legend().get_texts()[0].set_text("validation"),
        lambda axes: axes.get_legend().remove(),
        lambda axes: axes.set_xticks([1, 2, 3], ["a", "b", "c"]),
        lambda axes: axes.figure.suptitle("another"),
    ],
    ids=range(18),
)
def test_what_is_noticed(change):
    stored = shown(draw_much)
    assert figures_differ_by(stored, shown(draw_much), None) == 0
    changed = shown(lambda axes: (draw_much(axes), change(axes)))
    assert not agree_as_figures(stored, changed, {})


def test_what_a_cell_allows():
    stored, moved = (
        shown(
            lambda axes, accuracy=accuracy: (
                axes.plot([0, 1], [0, accuracy]),
                axes.set(title=f"accuracy {accuracy}", ylim=(0, 1)),
            )
        )
        for accuracy in (0.97, 0.92)
    )
    words = {"tolerance": {"absolute": 0.06}}
    assert not agree_as_figures(stored, moved, {"figure": 0.06})
    assert not agree_as_figures(stored, moved, words)
    assert not agree_as_figures(stored, moved, words | {"figure": 0.04})
    assert agree_as_figures(stored, moved, words | {"figure": 0.06})
    assert agree_as_figures(stored, moved, words | {"figure": "time"})


@given(VALUES, st.floats(0, 0.5), st.data())
def test_a_line_moves_by_a_share_of_its_axis(values, share, data):
    place = data.draw(st.integers(0, min(len(values), MOST) - 1))
    lines = shown(lambda axes: axes.plot(values)).split("\n")
    line, frame = json.loads(lines[2]), json.loads(lines[1])
    assert line["line"] == len(values) and len(line["y"]) <= MOST
    assert line["y"][0] == pytest.approx(values[0], rel=1e-3)
    assert line["y"][-1] == pytest.approx(values[-1], rel=1e-3)
    span = frame["y"][1] - frame["y"][0]
    line["y"][place] += share * span
    moved = figures_differ_by(
        "\n".join(lines), "\n".join([*lines[:2], json.dumps(line)]), None
    )
    assert moved == pytest.approx(share, abs=1e-6)


@given(VALUES)
def test_numbers_that_are_none_are_described(values):
    values = [*values, float("nan"), float("inf")]
    stored = shown(lambda axes: axes.plot(values))
    assert agree_as_figures(stored, stored, {})
    other = shown(lambda axes: axes.plot([*values[:-2], 1.0, 1.0]))
    assert not agree_as_figures(stored, other, {})
