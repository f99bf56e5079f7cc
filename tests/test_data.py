"""The digits that ship, and the public data sets that can stand in for them."""

import hashlib
import re
import shutil
import struct
from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from torchvision.datasets import MNIST
from torchvision.transforms import v2

from helper import data
from helper.data import FILES, Digits, open_digits

ROOT = Path(__file__).resolve().parents[1]


def test_what_ships_is_what_the_readme_says():
    text = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"\| `(digits/[\w-]+)` \|.*\| `([0-9a-f]{64})` \|", text))
    files = [path for path in (ROOT / "data" / "digits").iterdir()]
    assert {f"digits/{path.name}" for path in files} == set(listed) and len(files) == 4
    for path in files:
        assert (
            hashlib.sha256(path.read_bytes()).hexdigest()
            == listed[f"digits/{path.name}"]
        )


@pytest.mark.parametrize("train, count", [(True, 1437), (False, 360)])
def test_digits_are_mnist(train, count):
    digits = Digits(train=train)
    assert len(digits) == count
    assert digits.data.shape == (count, 28, 28) and digits.data.dtype == torch.uint8
    assert digits.targets.shape == (count,) and digits.targets.dtype == torch.int64
    picture, label = digits[0]
    assert picture.size == (28, 28) and picture.mode == "L" and isinstance(label, int)
    assert digits.classes == MNIST.classes


def test_every_class_is_in_both_parts_and_no_picture_is():
    train, test = Digits(train=True), Digits(train=False)
    assert test.targets.bincount().tolist() == [36] * 10
    assert train.targets.bincount().min() >= 138
    seen = {picture.numpy().tobytes() for picture in train.data}
    assert not any(picture.numpy().tobytes() in seen for picture in test.data)


def test_ink_is_where_mnist_has_it():
    images = Digits().data
    edge = torch.ones(28, 28, dtype=torch.bool)
    edge[4:24, 4:24] = False
    assert images[:, edge].max() == 0
    assert images.amax(dim=(1, 2)).min() > 200


def test_transforms_are_called():
    digits = Digits(
        transform=v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True)]),
        target_transform=lambda label: label + 100,
    )
    image, label = digits[0]
    assert image.shape == (1, 28, 28) and image.max() <= 1 and label >= 100


def test_download_is_accepted_and_does_nothing(monkeypatch):
    monkeypatch.setattr(MNIST, "download", lambda self: pytest.fail("downloads"))
    assert len(Digits(download=True)) == 1437


def test_torchvisions_own_reader_reads_them(tmp_path):
    shutil.copytree(ROOT / "data" / "digits", tmp_path / "MNIST" / "raw")
    assert torch.equal(MNIST(tmp_path).data, Digits().data)


@pytest.fixture
def copy(tmp_path):
    return Path(shutil.copytree(ROOT / "data" / "digits", tmp_path / "digits"))


def test_reads_another_folder(copy):
    assert len(Digits(copy, train=False)) == 360


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(copy, name):
    (copy / name).unlink()
    with pytest.raises(FileNotFoundError, match=name):
        Digits(copy)


def truncate(path):
    path.write_bytes(path.read_bytes()[:-100])


def empty(path):
    path.write_bytes(b"")


def foreign(path):
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(1000))


def wrong_kind(path):
    path.write_bytes(struct.pack(">HBBI", 0, 13, 1, 2) + bytes(8))  # two floats


@pytest.mark.parametrize("damage", [truncate, empty, foreign, wrong_kind])
@pytest.mark.parametrize("name", FILES[:2])
def test_a_damaged_file_is_an_error_that_says_so(copy, name, damage):
    damage(copy / name)
    with pytest.raises(ValueError):
        Digits(copy)


def test_pictures_and_labels_must_be_equally_many(copy):
    shutil.copy(copy / FILES[3], copy / FILES[1])
    with pytest.raises(ValueError):
        Digits(copy)


def test_open_digits_opens_the_bundled_ones(monkeypatch):
    monkeypatch.delenv("COURSE_DIGITS", raising=False)
    assert isinstance(open_digits(train=False), Digits)
    assert isinstance(open_digits("digits"), Digits)


def test_an_unknown_name_is_refused(monkeypatch):
    with pytest.raises(ValueError):
        open_digits("minst")
    monkeypatch.setenv("COURSE_DIGITS", "cifar")
    with pytest.raises(ValueError, match="cifar"):
        open_digits()


@pytest.fixture
def public(tmp_path, monkeypatch):
    """A folder as torchvision leaves it after a download, with the digits for content."""
    for name in ("MNIST", "FashionMNIST"):
        shutil.copytree(ROOT / "data" / "digits", tmp_path / name / "raw")
    monkeypatch.setattr(MNIST, "download", lambda self: pytest.fail("downloads"))
    return tmp_path


def test_public_data_that_is_there_is_not_downloaded(public, monkeypatch):
    assert type(open_digits("mnist", root=public)) is MNIST
    fashion = open_digits("fashion", train=False, root=public)
    assert len(fashion) == 360 and fashion.classes[0] == "T-shirt/top"
    monkeypatch.setattr(data, "DOWNLOADS", public)
    monkeypatch.setenv("COURSE_DIGITS", "mnist")
    assert type(open_digits()) is MNIST


def test_a_download_that_broke_off_is_not_believed(public):
    truncate(public / "MNIST" / "raw" / FILES[0])
    with pytest.raises(ValueError):
        open_digits("mnist", root=public)


@pytest.mark.parametrize(
    "error", [RuntimeError("HTTP Error 403\nmore"), URLError("no net")]
)
def test_a_server_that_refuses_gets_one_sentence(tmp_path, monkeypatch, error):
    asked = []

    def download(self):
        asked.append(self.root)
        raise error

    monkeypatch.setattr(MNIST, "download", download)
    with pytest.raises(FileNotFoundError) as caught:
        open_digits("mnist", root=tmp_path)
    assert "\n" not in str(caught.value) and asked == [tmp_path]


def test_an_error_without_words_is_named(tmp_path, monkeypatch):
    def refuse(self):
        raise OSError

    monkeypatch.setattr(MNIST, "download", refuse)
    with pytest.raises(FileNotFoundError, match=r"\(OSError\(\)\)"):
        open_digits("mnist", root=tmp_path)


@pytest.mark.parametrize("name", ["digits", "mnist"])
def test_both_transforms_are_handed_on(public, name):
    root = public if name == "mnist" else None
    picture, label = open_digits(
        name, False, lambda p: p.size, lambda y: -y, root=root
    )[7]
    assert picture == (28, 28) and label == -Digits(train=False).targets[7]


def test_what_does_not_belong_together_is_found_by_folder(public):
    shutil.copy(
        public / "MNIST" / "raw" / FILES[3], public / "MNIST" / "raw" / FILES[1]
    )
    with pytest.raises(ValueError, match="MNIST.raw holds"):
        open_digits("mnist", root=public)
