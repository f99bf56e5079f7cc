"""The flowers that ship, and the script that drew them."""

import itertools
import re
import runpy
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torchvision.datasets import ImageFolder

from helper.pictures import FLOWERS

ROOT = Path(__file__).resolve().parents[1]
script = runpy.run_path(str(ROOT / "data" / "build" / "draw_flowers.py"))
FILES = sorted(FLOWERS.rglob("*.jpg"))


def test_what_ships_is_what_the_readme_says():
    text = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    row = re.search(r"\| `flowers/` \|[^|]*\| ([\d,]+) \| `([0-9a-f]{64})` \|", text)
    size = sum(path.stat().st_size for path in FILES)
    assert size == int(row[1].replace(",", "")) <= 8_000_000
    assert script["checksum"](FLOWERS) == row[2]
    others = {path for path in FLOWERS.rglob("*") if path.is_file()} - set(FILES)
    assert not others


@pytest.mark.parametrize("split, number", [("train", 80), ("test", 24)])
def test_image_folder_reads_them(split, number):
    dataset = ImageFolder(FLOWERS / split)
    assert dataset.classes == ["daisy", "dandelion", "rose", "sunflower", "tulip"]
    assert np.bincount(dataset.targets).tolist() == [number] * 5


def test_pictures_are_in_colour_and_large_enough():
    shapes = set()
    for path in FILES:
        with Image.open(path) as image:
            assert image.format == "JPEG" and image.mode == "RGB"
            assert min(image.size) >= 240
            shapes.add(image.size[0] > image.size[1])
    assert shapes == {True, False}


def test_no_two_pictures_share_a_random_state():
    states = {
        str(script["generator"](split, kind, i).bit_generator.state)
        for split, kind in itertools.product(("train", "test"), script["KINDS"])
        for i in range(script["NUMBER"][split])
    }
    assert (
        len(states) == len({path.read_bytes() for path in FILES}) == len(FILES) == 520
    )


@pytest.mark.parametrize("kind", script["KINDS"])
def test_the_script_draws_them_again(kind):
    drawn = script["picture"](kind, script["generator"]("test", kind, 3))
    with Image.open(FLOWERS / "test" / kind / f"{kind}_03.jpg") as stored:
        assert stored.size == drawn.size
        apart = np.abs(np.asarray(stored, float) - np.asarray(drawn, float))
    assert apart.mean() < 8  # of 255: what JPEG does to the grain
