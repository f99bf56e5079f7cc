"""The data sets that notebook 07 keeps in a file, for a worker that is a new Python."""

import importlib

from course import ROOT
from PIL import Image
from torch.utils.data import ConcatDataset, DataLoader
from torchvision.transforms import v2

SCRIPTS = ROOT / "notebooks" / "scripts"


def test_a_worker_that_is_a_new_python_finds_all_three(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(SCRIPTS)
    monkeypatch.setenv("PYTHONPATH", str(SCRIPTS))
    own_data = importlib.import_module("own_data")
    for name, colour, count in (("grass", "green", 10), ("sky", "blue", 5)):
        (tmp_path / name).mkdir()
        for i in range(count):
            Image.new("RGB", (4, 3), colour).save(tmp_path / name / f"{i}.png")

    rows = [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]
    numbers = own_data.NumbersOfTable(rows, ["a"], "b")
    table = [{"file": "sky/0.png", "colour": "blue"}]
    pictures = own_data.PicturesOfTable(table, tmp_path, v2.ToImage())
    vary = v2.Compose([v2.RandomCrop(2), v2.ToImage()])
    train, valid = own_data.split_folder(tmp_path, vary, v2.ToImage())

    # One process for all: the start of each takes seconds.
    sets = ConcatDataset([numbers, pictures, train, valid])
    loader = DataLoader(
        sets,
        batch_size=None,
        num_workers=1,
        multiprocessing_context="spawn",
        collate_fn=bare,
    )
    examples = list(loader)
    assert examples[:2] == [([1.0], [2.0]), ([3.0], [4.0])]
    assert examples[2] == ((3, 3, 4), 0)
    assert examples[3:15] == [((3, 2, 2), 0)] * 8 + [((3, 2, 2), 1)] * 4
    assert examples[15:] == [((3, 3, 4), 0)] * 2 + [((3, 3, 4), 1)]


def bare(example):
    """What can be compared: numbers, and of a picture its size."""
    values, label = example
    if values.ndim == 1:
        return values.tolist(), label.tolist()
    return tuple(values.shape), label
