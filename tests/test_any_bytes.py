"""Files damaged in ways that nobody thought of: a clear error, or a whole data set or network."""

import io
import tempfile
import zipfile
from functools import cache, partial
from pathlib import Path

import torch
from bad_input import idx
from hypothesis import given, settings
from hypothesis import strategies as st

from helper.checkpoints import load_checkpoint, save_checkpoint
from helper.data import FILES, Digits
from helper.networks import Network

# The same examples on every run: derandomize.
fuzz = partial(settings, deadline=None, derandomize=True, database=None)


def damage(content):
    """The bytes after one to four flips, cuts and insertions."""
    places = st.integers(0, len(content) - 1) | st.integers(
        0, min(16, len(content) - 1)
    )
    change = st.tuples(
        st.sampled_from(["write", "insert", "cut", "end"]),
        places,
        st.binary(max_size=4),
    )

    def apply(changes):
        result = content
        for kind, at, new in changes:
            if kind == "insert":
                result = result[:at] + new + result[at:]
            elif kind == "cut":
                result = result[:at] + result[at + len(new) :]
            elif kind == "write":
                result = result[:at] + new + result[at + len(new) :]
            else:
                result = result[:at]
        return result

    return st.lists(change, min_size=1, max_size=4).map(apply)


@fuzz(max_examples=300)
@given(damage(idx(3, 28, 28)) | st.none(), damage(idx(3)) | st.none(), st.booleans())
def test_digits_of_any_bytes(pictures, labels, train):
    with tempfile.TemporaryDirectory() as folder:
        names = FILES[:2] if train else FILES[2:]
        prepare = {name: idx(3) for name in FILES}
        prepare[names[0]], prepare[names[1]] = pictures, labels
        for name, content in prepare.items():
            if content is not None:
                (Path(folder) / name).write_bytes(content)
        try:
            dataset = Digits(folder, train)
        except (ValueError, FileNotFoundError) as error:
            assert folder in str(error)
            return
        assert len(dataset) == len(dataset.data) == len(dataset.targets)
        assert dataset.data.shape[1:] == (28, 28) and dataset.data.dtype == torch.uint8
        assert dataset.targets.ndim == 1 and dataset.targets.dtype == torch.int64
        assert all(0 <= label <= 9 for label in dataset.targets)


@cache
def small_checkpoint():
    """The bytes of a checkpoint, and of the pickle in it."""
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        save_checkpoint(Path(folder) / "m.pt", Network(3, [2], 2), epoch=1)
        with zipfile.ZipFile(Path(folder) / "m.pt") as archive:
            pickled = archive.read("archive/data.pkl")
        return (Path(folder) / "m.pt").read_bytes(), pickled


def try_checkpoint(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.pt"
        path.write_bytes(content)
        try:
            model, _ = load_checkpoint(path)
        except ValueError as error:
            assert str(path) in str(error)
            return
        rows = torch.zeros(1, model.settings["input_size"])
        assert not model.training and model(rows).isfinite().all()


@fuzz(max_examples=200)
@given(damage(small_checkpoint()[0]))
def test_checkpoints_of_any_bytes(content):
    try_checkpoint(content)


@fuzz(max_examples=300)
@given(damage(small_checkpoint()[1]))
def test_checkpoints_with_any_pickle(pickled):
    """A damaged pickle in an archive that is whole, so that it is unpickled at all."""
    whole, _ = small_checkpoint()
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            data = pickled if name == "archive/data.pkl" else old.read(name)
            new.writestr(name, data)
    try_checkpoint(file.getvalue())
