"""The drawings of ideas: those that are stored are those that are drawn, and can be read."""

import functools
import itertools
import re
import xml.etree.ElementTree as ElementTree
from typing import NamedTuple

import course
import draw_pictures
import matplotlib
import pytest
from pictures.canvas import WIDTH
from PIL import ImageColor, ImageFont

FONTS = f"{matplotlib.get_data_path()}/fonts/ttf/DejaVuSans"  # wider than most
NAMES = sorted(path.stem for path in draw_pictures.FOLDER.glob("*.svg"))


class Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def holds(self, x, y):
        return self.left <= x <= self.right and self.top <= y <= self.bottom

    def meets(self, other):
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom

    def middle(self):
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


@functools.cache
def drawn():
    return draw_pictures.drawings()


@functools.cache
def elements(name):
    """The shapes of a stored drawing, in order, as (kind, attributes, words)."""
    tree = ElementTree.parse(draw_pictures.FOLDER / f"{name}.svg")
    return [(e.tag.split("}")[1], e.attrib, e.text or "") for e in tree.getroot()]


def box_of(kind, has, words):
    """Where an element is; None where it has no area."""
    if kind == "text":
        font = FONTS + ("Mono" if "font-family" in has else "")
        font += "-Bold.ttf" if "font-weight" in has else ".ttf"
        size, x, y = (float(has[key]) for key in ("font-size", "x", "y"))
        width = ImageFont.truetype(font, 100).getlength(words) * size / 100
        left = x - width * {"start": 0, "middle": 0.5, "end": 1}[has["text-anchor"]]
        return Box(left, y - 0.75 * size, left + width, y + 0.2 * size)
    if kind == "rect":
        x, y, width, height = (float(has[k]) for k in ("x", "y", "width", "height"))
        return Box(x, y, x + width, y + height)
    if kind == "circle":
        x, y, r = (float(has[key]) for key in ("cx", "cy", "r"))
        return Box(x - r, y - r, x + r, y + r)
    return None


def contrast(one, other):
    """The contrast of two colours, from 1 to 21, as WCAG 2 defines it."""

    def luminance(colour):
        parts = [part / 255 for part in ImageColor.getrgb(colour)]
        parts = [
            p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts
        ]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def grounds(name):
    """Each element with its box and what lies under a place when it is drawn."""
    below = []
    for kind, has, words in elements(name):
        box = box_of(kind, has, words)

        def ground(x, y, below=tuple(below)):
            return [fill for other, fill in below if other.holds(x, y)][-1]

        yield kind, has, words, box, ground
        if kind in ("rect", "circle") and has["fill"] != "none":
            below.append((box, has["fill"]))


def places_on(has, step=2):
    """Places on a line, a few pixels from one another."""
    corners = [tuple(map(float, place.split(","))) for place in has["points"].split()]
    for (a, b), (c, d) in itertools.pairwise(corners):
        count = int(max(abs(a - c), abs(b - d)) / step) + 1
        for i in range(count + 1):
            yield a + (c - a) * i / count, b + (d - b) * i / count


def test_each_drawing_is_stored_and_nothing_else():
    assert sorted(drawn()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_what_is_stored_is_what_is_drawn(name):
    stored = (draw_pictures.FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    assert stored == drawn()[name].svg(), "make pictures draws it anew"


def test_each_drawing_is_shown_with_its_own_description_as_alternative_text():
    """So that the numbers of an alternative text are those that were computed."""
    texts = [course.README.read_text(encoding="utf-8")]
    texts += [text for path in course.PATHS for text in course.markdown(path)]
    shown = re.findall(r"!\[(.*?)\]\(\S*pictures/([a-z_]+)\.svg\)", "\n".join(texts))
    for said, name in shown:
        assert said == elements(name)[1][2], f"{name}: see its <desc>"
    assert {name for _, name in shown} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_drawing_is_small_described_and_complete_in_itself(name):
    path = draw_pictures.FOLDER / f"{name}.svg"
    text = path.read_text(encoding="utf-8")
    assert len(text) < 30_000
    said = {kind: words for kind, _, words in elements(name)[:2]}
    assert 5 < len(said["title"]) < 70 and 100 < len(said["desc"]) < 700
    root = ElementTree.parse(path).getroot().attrib
    assert root["viewBox"] == f"0 0 {root['width']} {root['height']}"
    assert root["width"] == str(WIDTH) and 160 <= int(root["height"]) <= 400
    assert not re.search(r"<script|<image|<foreign|href|url\(|@import", text)


@pytest.mark.parametrize("name", NAMES)
def test_texts_are_large_and_inside_and_apart(name):
    height = int(
        ElementTree.parse(draw_pictures.FOLDER / f"{name}.svg")
        .getroot()
        .attrib["height"]
    )
    texts = {}
    for kind, has, words in elements(name):
        if kind == "text":
            assert float(has["font-size"]) >= 14, words
            box = texts[f"{words} at {has['x']}, {has['y']}"] = box_of(kind, has, words)
            assert 10 <= box.left and box.right <= WIDTH - 10, (words, box)
            assert 6 <= box.top and box.bottom <= height - 6, (words, box)
    for one, other in itertools.combinations(texts, 2):
        assert not texts[one].meets(texts[other]), (one, other)


@pytest.mark.parametrize("name", NAMES)
def test_no_line_runs_through_a_text_or_out_of_the_card(name):
    lines, texts = [], []
    for kind, has, words, box, _ in grounds(name):
        if kind == "polyline":
            lines.append(list(places_on(has)))
        elif kind == "text":
            texts.append((words, box))
        if kind in ("rect", "circle") and has["fill"] != "none":
            # It hides what is under it.
            lines = [[p for p in line if not box.holds(*p)] for line in lines]
            over = [words for words, text in texts if text.meets(box)]
            assert not over, f"hidden: {over}"
    for place in itertools.chain(*lines):
        assert 8 <= place[0] <= WIDTH - 8
        assert not [words for words, box in texts if box.holds(*place)]


@pytest.mark.parametrize("name", NAMES)
def test_colours_stand_out_from_their_ground(name):
    for kind, has, words, box, ground in grounds(name):
        if kind == "text":
            x, y = box.middle()
            for place in ((box.left, y), (x, y), (box.right, y)):
                assert contrast(has["fill"], ground(*place)) >= 4.5, words
        elif kind == "polyline":
            for place in places_on(has, step=20):
                assert contrast(has["stroke"], ground(*place)) >= 3, has
        elif kind in ("rect", "circle") and has.get("id") != "card":
            under = ground(*box.middle())
            seen = [has[k] for k in ("fill", "stroke") if has[k] != "none"]
            plain = all(colour == under for colour in seen)  # makes room for a text
            assert plain or max(contrast(c, under) for c in seen) >= 3, has
        elif kind == "polygon":
            x, y = next(iter(places_on(has)))
            assert contrast(has["fill"], ground(x, y)) >= 3, has
