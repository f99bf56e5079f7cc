"""All figures have one style, and everybody can read it: helper/course.mplstyle."""

import ast
import base64
import io

import matplotlib
import matplotlib.pyplot as plt
import pytest
import torch
from course import LESSONS, code_cells, tags
from matplotlib.colors import to_rgb
from PIL import Image

from helper.graph import show_graph
from helper.plot import show_history, show_images, show_prediction

matplotlib.use("agg")
every_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
with plt.style.context("helper.course"):
    STYLE = plt.rcParams.copy()
SHAPES = [(6.4, 2.2), (3.2, 3.2)]  # besides the style's own


def contrast(one, other):
    """Of two colours, between 1 and 21: the Web Content Accessibility Guidelines 2.1."""

    def luminance(colour):
        light = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
            for c in to_rgb(colour)
        ]
        return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), light, strict=True))

    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_what_it_is_said_to_be():
    assert contrast("black", "white") == pytest.approx(21)
    assert contrast("white", "#767676") == pytest.approx(4.54, abs=0.01)


def test_each_line_of_the_style_can_be_seen_and_told_from_the_others():
    cycle = STYLE["axes.prop_cycle"].by_key()
    ground = STYLE["axes.facecolor"]
    assert STYLE["figure.facecolor"] == STYLE["savefig.facecolor"] == ground
    assert min(contrast(colour, ground) for colour in cycle["color"]) >= 3
    assert len(set(map(str, cycle["linestyle"]))) == len(cycle["color"]) >= 5


def test_a_matplotlibrc_of_ones_own_changes_no_figure():
    own = {"text.usetex": True, "font.family": "serif", "savefig.dpi": 300}
    own |= {"figure.dpi": 72, "figure.facecolor": "black", "lines.linewidth": 5}
    with plt.rc_context(own), plt.style.context("helper.course"):
        assert {name: plt.rcParams[name] for name in own} == {n: STYLE[n] for n in own}
        assert not plt.rcParams["text.usetex"]


def figures():
    weight = torch.ones(2, requires_grad=True)
    image = torch.rand(3, 4, 4)
    return [
        show_images(image.expand(20, -1, -1, -1), range(20)),
        show_prediction(image, torch.tensor([0.25, 0.75]), ["no", "yes"]),
        show_history({"train_loss": [3, 2, 1.0], "valid_loss": [3, 1, 2.0]}),
        show_graph(weight.sum(), {"weight": weight}),
    ]


def test_helper_draws_in_the_course_s_style_whatever_is_set():
    with plt.style.context("dark_background"):
        before = plt.rcParams.copy()
        drawn = figures()
        assert plt.rcParams == before
    for figure in drawn:
        assert figure.dpi == STYLE["figure.dpi"] >= 160
        assert figure.get_facecolor() == (1, 1, 1, 1)
        assert figure.get_size_inches()[0] <= STYLE["figure.figsize"][0]
        for axis in figure.axes:
            for line in axis.lines:
                assert contrast(line.get_color(), axis.get_facecolor()) >= 3
            for text in [*axis.texts, axis.title, axis.xaxis.label]:
                assert contrast(text.get_color(), axis.get_facecolor()) >= 4.5


@every_lesson
def test_a_notebook_leaves_the_looks_to_the_style(path):
    own = [cell.source for cell in code_cells(path) if "recipe" not in tags(cell)]
    if any("plt." in source for source in own):
        assert 'plt.style.use("helper.course")' in own[0].splitlines()
    for source in own:
        for node in ast.walk(ast.parse(source)):
            if not isinstance(node, ast.keyword):
                continue
            assert node.arg not in ("dpi", "fontsize", "linewidth", "lw"), source
            if node.arg == "figsize":
                assert ast.literal_eval(node.value) in SHAPES, source
            if node.arg == "color" and isinstance(node.value, ast.Constant):
                assert contrast(node.value.value, "white") >= 3, source
            constants = [n for n in ast.walk(node.value) if isinstance(n, ast.Constant)]
            assert not any(str(n.value).startswith("#") for n in constants), source


@every_lesson
def test_a_figure_fits_into_the_column(path):
    for cell in code_cells(path):
        for output in cell.outputs:
            if png := output.get("data", {}).get("image/png"):
                with Image.open(io.BytesIO(base64.b64decode(png))) as figure:
                    assert 300 < figure.width < 1100, cell.source
