"""The digits, read without torchvision."""

import subprocess
import sys

import pytest
import torch

from helper import idx
from helper.data import Digits
from helper.idx import read_digits


@pytest.mark.parametrize("train", [True, False])
def test_the_same_digits_as_the_data_set_has(train):
    images, labels = read_digits(train)
    digits = Digits(train=train)
    assert torch.equal(images, digits.data) and images.dtype == torch.uint8
    assert torch.equal(labels, digits.targets) and labels.dtype == torch.int64
    images += 1  # of its own memory


def test_the_training_digits_unless_others_are_asked_for():
    assert len(read_digits()[0]) == 1437


def test_a_file_that_is_missing_or_damaged_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(idx, "DIGITS", tmp_path)
    path = tmp_path / "train-images-idx3-ubyte"
    with pytest.raises(FileNotFoundError, match=path.name):
        read_digits()
    for content in (
        b"",
        b"\0\0\x08",
        b"\0\0\x08\x03\0\0",
        b"\0\0\x08\x01\0\0\0\x05abc",
    ):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=f"{path.name} is damaged"):
            read_digits()


def test_what_scripts_are_made_of_starts_without_torchvision():
    modules = "idx, networks, checkpoints, launch, check, exercises.scaling_out"
    program = f"import sys, {', '.join('helper.' + m for m in modules.split(', '))}; "
    program += "sys.exit('torchvision' in sys.modules)"
    subprocess.run(
        [sys.executable, "-c", program], check=True, cwd=idx.DIGITS.parents[1]
    )
