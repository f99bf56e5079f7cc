"""Each plot returns its Figure, changes nothing, and refuses what it can't draw."""

import json
import os
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from figure_data import describe
from hypothesis import given, settings
from hypothesis import strategies as st

from helper.graph import show_graph
from helper.plot import (
    show_history,
    show_images,
    show_prediction,
)

matplotlib.use("agg")
FIGURES = Path(__file__).with_name("figures.json")


@pytest.mark.parametrize(
    "images",
    [
        torch.rand(5, 28, 28),
        torch.rand(5, 1, 28, 20),
        torch.rand(5, 3, 28, 28),
        torch.randint(0, 256, (5, 28, 28), dtype=torch.uint8),
        torch.randint(0, 256, (5, 3, 28, 28), dtype=torch.uint8),
        torch.rand(5, 28, 28) > 0.5,
        torch.rand(5, 1, 28, 28, requires_grad=True),
        torch.rand(5, 1, 28, 28) * 9 - 3,
        torch.rand(5, 28, 28).double() - 7,
    ],
)
def test_show_images_draws_every_kind(images):
    before = images.detach().clone()
    figure = show_images(images, titles=range(5), columns=3)
    drawn = [axis.images[0].get_array() for axis in figure.axes if axis.images]
    assert len(drawn) == 5 and len(figure.axes) == 6
    assert drawn[0].shape[:2] == images.shape[-2:]
    assert [axis.get_title() for axis in figure.axes[:5]] == list("01234")
    assert torch.equal(images.detach(), before)
    assert not plt.get_fignums()  # else a notebook would show it twice


def test_titles_of_two_lines_get_their_room():
    images = torch.rand(4, 8, 8)
    one = show_images(images, ["rose"] * 4, columns=2).get_size_inches()
    two = show_images(images, ["rose\ntulip?"] * 4, columns=2).get_size_inches()
    assert two[0] == one[0] and two[1] > one[1]


def test_all_pictures_share_one_scale():
    images = torch.stack([torch.full((4, 4), 0.0), torch.full((4, 4), 0.5)])
    images[0, 0, 0] = 1
    limits = {axis.images[0].get_clim() for axis in show_images(images).axes}
    assert limits == {(0.0, 1.0)}


@pytest.mark.parametrize(
    "images",
    [
        torch.rand(28, 28),
        torch.rand(2, 5, 28, 28),
        torch.rand(0, 28, 28),
        [1, 2],
        torch.rand(2, 3, 4, 4) * 3,
        torch.full((2, 3, 4, 4), torch.nan),
        torch.full((2, 4, 4), torch.nan),
        torch.zeros(2, 4, 4, dtype=torch.complex64),
        np.ones((2, 4, 4)),
    ],
    ids=range(9),
)
def test_show_images_refuses_the_rest(images):
    with pytest.raises(ValueError):
        show_images(images)
    with pytest.raises(ValueError):
        show_images(torch.rand(2, 4, 4), titles="abc")
    assert not plt.get_fignums()


@pytest.mark.parametrize("shape", [(28, 28), (1, 28, 28), (3, 28, 28)])
def test_show_prediction_draws_picture_and_bars(shape):
    probabilities = torch.softmax(torch.arange(10.0), dim=0)
    figure = show_prediction(torch.rand(shape), probabilities)
    picture, bars = figure.axes
    assert picture.images[0].get_array().shape[:2] == (28, 28)
    widths = torch.tensor([bar.get_width() for bar in bars.patches])
    assert torch.allclose(widths, probabilities.double())
    assert bars.get_xlabel() == "probability" and bars.get_xlim() == (0, 1)
    places = [axis.get_position(original=True).width for axis in figure.axes]
    # The picture is small, the bars are to be compared.
    assert 1.5 * places[0] < places[1]


def test_show_prediction_refuses_logits_and_wrong_shapes():
    image = torch.rand(28, 28)
    with pytest.raises(ValueError):
        show_prediction(image, torch.arange(10.0))
    with pytest.raises(ValueError):
        show_prediction(image, torch.ones(10) / 10, classes="abc")
    with pytest.raises(ValueError):
        show_prediction(torch.rand(1, 1, 28, 28), torch.ones(10) / 10)


def test_show_history_marks_the_lowest_validation_loss():
    history = {
        "train_loss": [3, 2, 1],
        "valid_loss": [3, 1, 2],
        "valid_accuracy": [1] * 3,
    }
    (axis,) = show_history(history).axes
    labels = [text.get_text() for text in axis.get_legend().get_texts()]
    assert labels == ["training", "validation", "lowest, epoch 2"]
    assert axis.get_xlabel() == "epoch" and axis.get_ylabel() == "loss"
    styles = {line.get_linestyle() for line in axis.lines}
    assert len(styles) == 3  # told apart without colour
    with pytest.raises(ValueError):
        show_history({"train_loss": [1.0]})
    with pytest.raises(ValueError):
        show_history({})


def described(figure) -> list[str]:
    """All that it shows, and how: a line for each thing."""
    lines = [*describe(figure).split("\n"), f"inches {figure.get_size_inches()}"]
    for axes in figure.axes:
        lines.append(f"axes are shown: {axes.axison}")
        lines += [f"line in {line.get_color()}" for line in axes.lines]
        lines += [f"picture in {image.get_cmap().name}" for image in axes.images]
        for text in axes.texts:
            x, y = text.get_position()
            box, arrow = text.get_bbox_patch(), getattr(text, "arrowprops", None)
            ground = box and [round(part, 4) for part in box.get_facecolor()]
            lines.append(
                f"text at {x:.4g} {y:.4g}, {text.get_ha()} {text.get_va()}, on {ground}, "
                f"arrow {arrow} to {getattr(text, 'xy', None)}"
            )
    return lines


def figures():
    greys = torch.arange(12.0).reshape(3, 2, 2)
    colours = torch.linspace(0, 1, 36).reshape(3, 3, 2, 2)
    history = {"train_loss": [3, 2, 1.0], "valid_loss": [3, 1, 2.0]}
    weight = torch.ones(2, requires_grad=True)
    bias = torch.ones((), requires_grad=True)
    graph = ((weight * bias).sum() + bias).exp()
    probabilities = torch.tensor([0.25, 0.75])
    return {
        "greys": show_images(greys, columns=2),
        "colours": show_images(colours, ["a", "b\nc", "d"]),
        "many": show_images(torch.arange(120.0).reshape(20, 3, 2)),
        "prediction": show_prediction(greys[0], probabilities, ["no", "yes"]),
        "prediction in colour": show_prediction(colours[0], probabilities, [0, 1]),
        "history": show_history(history),
        "graph": show_graph(graph, {"weight": weight, "bias": bias}),
        "graph without names": show_graph(weight.sum()),
        "graph with values": show_graph(graph, {"weight": weight}, values=True),
    }


def test_figures_show_what_they_showed():
    """`make renew` writes the file; look at the figures then."""
    now = {name: described(figure) for name, figure in figures().items()}
    if os.environ.get("COURSE_RENEW"):
        text = json.dumps(now, indent=1, ensure_ascii=False)
        FIGURES.write_text(text + "\n", encoding="utf-8")
    assert now == json.loads(FIGURES.read_text(encoding="utf-8"))


def test_titles_may_be_a_tensor_of_labels():
    figure = show_images(torch.rand(2, 4, 4), torch.tensor([3, 1]))
    assert [axis.get_title() for axis in figure.axes] == ["3", "1"]


def test_show_prediction_takes_what_is_certain_and_no_more():
    image, classes = torch.rand(4, 4), ["a", "b"]
    bars = show_prediction(image, torch.tensor([0.0, 1.0]), classes).axes[1].patches
    assert [bar.get_width() for bar in bars] == [0.0, 1.0]
    with pytest.raises(ValueError):
        show_prediction(image, torch.tensor([0.0, 1.5]), classes)


def test_one_picture_is_a_grid_of_one():
    figure = show_images(torch.rand(1, 3, 4, 4), ["alone"])
    assert [axis.get_title() for axis in figure.axes] == ["alone"]


def test_pictures_may_be_of_half_precision():
    image = torch.rand(4, 4, dtype=torch.bfloat16)
    show_images(image.unsqueeze(0))
    figure = show_prediction(image, torch.tensor([0.5, 0.5]), ["a", "b"])
    assert figure.axes[0].images[0].get_array().shape == (4, 4)


@pytest.mark.parametrize("bad", [torch.nan, torch.inf, -torch.inf])
def test_a_point_that_is_no_number_does_not_blank_the_others(bad):
    images = torch.linspace(0, 1, 32).reshape(2, 4, 4)
    images[0, 0, 1] = bad
    figure = show_images(images)
    assert {axis.images[0].get_clim() for axis in figure.axes} == {(0.0, 1.0)}
    drawn = figure.axes[0].images[0].get_array()
    assert drawn.mask.sum() == 1 and drawn.mask[0, 1]
    assert images[0, 0, 1] == bad or images[0, 0, 1].isnan()  # is still the caller's


@pytest.mark.parametrize("columns", [0, -1, 1.5, None])
def test_columns_are_a_count(columns):
    with pytest.raises(ValueError):
        show_images(torch.rand(2, 4, 4), columns=columns)


def test_titles_are_shown_as_they_are(tmp_path):
    titles = (title for title in ["5 $ or $", "$\\frac$", "a_b^"])
    figure = show_images(torch.rand(3, 4, 4), titles)
    figure.savefig(tmp_path / "a.png")
    assert figure.axes[0].get_title() == "5 $ or $"
    figure = show_images(torch.rand(1, 4, 4), torch.tensor([[1, 2]]))
    assert figure.axes[0].get_title() == "tensor([1, 2])"


def test_colours_may_be_on_or_off(tmp_path):
    (axis,) = show_images(torch.ones(1, 3, 2, 2) > 0).axes
    assert (axis.images[0].get_array() == 1.0).all()


KINDS = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
KINDS += [torch.uint8, torch.int32, torch.int64, torch.bool]


@settings(deadline=None, derandomize=True, database=None, max_examples=25)
@given(
    st.integers(1, 3),
    st.sampled_from([None, 1, 3]),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.sampled_from(KINDS),
    st.integers(1, 4),
)
def test_pictures_of_any_size_and_dtype(number, channels, sides, dtype, columns):
    shape = (number, *sides) if channels is None else (number, channels, *sides)
    images = torch.ones(shape).to(dtype)
    figure = show_images(images, range(number), columns=columns)
    assert sum(bool(axis.images) for axis in figure.axes) == number
    for image in images:
        figure = show_prediction(image, torch.ones(1, dtype=dtype), ["it"])
        assert figure.axes[0].images[0].get_array().shape[:2] == sides
    assert torch.equal(images, torch.ones(shape).to(dtype))


@pytest.mark.parametrize("scale, shift", [(1, -0.5), (3, 0)])
def test_show_prediction_does_not_clip_colours(scale, shift):
    image = torch.linspace(0, 1, 12).reshape(3, 2, 2) * scale + shift
    with pytest.raises(ValueError):
        show_prediction(image, torch.ones(1), ["it"])


def test_two_classes_of_one_name_have_a_bar_each():
    probabilities = torch.tensor([0.25, 0.25, 0.5])
    bars = show_prediction(torch.rand(2, 2), probabilities, iter("aab")).axes[1]
    assert [bar.get_width() for bar in bars.patches] == [0.25, 0.25, 0.5]
    assert len({bar.get_y() for bar in bars.patches}) == 3
    assert [label.get_text() for label in bars.get_yticklabels()] == ["a", "a", "b"]


@pytest.mark.parametrize(
    "image, probabilities, classes",
    [
        (np.ones((2, 2)), torch.ones(1), "a"),
        (torch.ones(2, 2), [1.0], "a"),
        (torch.ones(2, 2), torch.ones(0), ""),
        (torch.ones(2, 2), torch.tensor([torch.nan]), "a"),
        (torch.ones(0, 2), torch.ones(1), "a"),
    ],
    ids=range(5),
)
def test_show_prediction_refuses_the_rest(image, probabilities, classes):
    with pytest.raises(ValueError):
        show_prediction(image, probabilities, classes)
    assert not plt.get_fignums()


def legend_of(train_loss, valid_loss):
    (axis,) = show_history({"train_loss": train_loss, "valid_loss": valid_loss}).axes
    return [text.get_text() for text in axis.get_legend().get_texts()][2:]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_no_epoch_is_the_lowest_that_has_no_number(bad):
    assert legend_of([3, 2, 1], [bad, 2, 1]) == ["lowest, epoch 3"]
    assert legend_of([3, 2, 1], [3, 2, bad]) == ["lowest, epoch 2"]
    assert legend_of([bad, 2, 1], [bad, bad, bad]) == []


def test_a_history_may_hold_arrays_and_tensors():
    assert legend_of(np.array([2.0, 1.0]), np.array([2.0, 1.0])) == ["lowest, epoch 2"]
    losses = [torch.tensor(2.0, requires_grad=True), torch.tensor(3.0)]
    assert legend_of(losses, losses) == ["lowest, epoch 1"]
    with pytest.raises(ValueError):
        show_history({"train_loss": np.array([]), "valid_loss": np.array([])})


def test_losses_below_zero_are_in_the_picture():
    (axis,) = show_history({"train_loss": [-1, -2], "valid_loss": [-1, -3]}).axes
    low, high = axis.get_ylim()
    assert low < -3 and high > -1
