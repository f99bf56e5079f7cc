"""A picture is read as a person sees it, whatever kind of file it lies in."""

import os
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from helper.pictures import expect_folders, open_picture


def test_sixteen_bits_become_the_nearest_of_eight(tmp_path):
    values = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    Image.fromarray(values).save(tmp_path / "a.png")
    red, green, blue = open_picture(tmp_path / "a.png").split()
    expected = np.round(values / 257).astype(np.uint8)
    for band in (red, green, blue):
        assert np.array_equal(np.asarray(band), expected)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_becomes_white(tmp_path, mode):
    picture = Image.new("RGBA", (2, 1), (0, 0, 0, 255))
    picture.putpixel((1, 0), (0, 0, 0, 0))
    picture.convert(mode).save(tmp_path / "a.png")
    opened = open_picture(tmp_path / "a.png")
    assert opened.mode == "RGB"
    assert [opened.getpixel((x, 0)) for x in (0, 1)] == [(0, 0, 0), (255, 255, 255)]


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_may_be_passed_once(tmp_path):
    (tmp_path / "photos").mkdir()
    Image.new("L", (2, 2)).save(tmp_path / "photos" / "a.png")
    (tmp_path / "link").symlink_to(tmp_path / "photos")
    assert open_picture(tmp_path / "link" / "a.png").size == (2, 2)


def test_what_the_reader_says_is_passed_on(tmp_path, monkeypatch):
    def refuse(_):
        raise SyntaxError("broken PNG file")  # as Pillow does; not an OSError

    monkeypatch.setattr(Image, "open", refuse)
    with pytest.raises(ValueError, match=r"\(broken PNG file\)"):
        open_picture(tmp_path / "a.png")


def folder(root, **counts):
    """As ImageFolder has it; `counts` says how many pictures each class has."""
    targets = [i for i, count in enumerate(counts.values()) for _ in range(count)]
    return SimpleNamespace(root=root, classes=list(counts), targets=targets)


@pytest.mark.parametrize(
    "train, test",
    [
        ({"oak": 5, "yew": 20}, {"oak": 1, "yew": 1}),
        ({"a": 13, "b": 12}, {"a": 0, "b": 9}),
    ],
)
def test_folders_that_can_be_used(train, test):
    expect_folders(folder("train", **train), folder("test", **test))


@pytest.mark.parametrize(
    "train, test, said",
    [
        ({"oak": 20, "yew": 20}, {"yew": 5}, "test has no class oak, and train has"),
        (
            {"oak": 20, "yew": 20},
            {"fir": 1, "oak": 5, "yew": 5},
            "train has no class fir",
        ),
        ({"oak": 40}, {"oak": 5}, "train has the class oak alone"),
        (
            {"oak": 30, "yew": 4},
            {"oak": 5, "yew": 5},
            "4 pictures of the class yew: five",
        ),
        ({"oak": 0, "yew": 40}, {"oak": 5, "yew": 5}, "0 pictures of the class oak"),
        ({"oak": 12, "yew": 12}, {"oak": 5, "yew": 5}, "24 pictures in all: 25 are"),
    ],
)
def test_folders_that_nobody_can_learn_from_get_a_sentence(train, test, said):
    with pytest.raises(ValueError, match=said):
        expect_folders(folder("train", **train), folder("test", **test))


def test_how_many_pictures_are_needed_can_be_said():
    few = folder("train", oak=5, yew=5)
    expect_folders(few, few, at_least=10)
    with pytest.raises(ValueError, match="11 are needed"):
        expect_folders(few, few, at_least=11)
