"""A picture is read as a person sees it, whatever kind of file it lies in."""

import os

import numpy as np
import pytest
from PIL import Image

from helper.pictures import open_picture


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
