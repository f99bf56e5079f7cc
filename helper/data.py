"""The bundled digits, and the public data sets that can stand in for them."""

import math
import os
from collections.abc import Callable
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from helper.errors import one_line

DATA = Path(__file__).resolve().parents[1] / "data"
DOWNLOADS = DATA / "downloads"

# The files of MNIST's format: pictures and labels, to train on and to test with.
FILES = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
]

# What torchvision's reader raises on a file that is no IDX file, or only part of one.
_BROKEN = (AssertionError, EOFError, IndexError, KeyError, RuntimeError, TypeError)
_BROKEN += (ValueError,)


class Digits(Dataset):
    """The 1,797 handwritten digits that ship with the course, in the files of MNIST.

    Takes the arguments of torchvision's `MNIST`, and gives what it gives: `dataset[i]` is a
    28×28 PIL picture, or what `transform` makes of it, and its label, an int from 0 to 9;
    `dataset.data` is all pictures as uint8 (N, 28, 28), `dataset.targets` all labels as
    int64 (N,). N is 1,437 for training and 360 (36 a class) for testing.

    Args:
        root: the folder with the four IDX files; the course's own when left out.
        train: the training digits, or else the test digits.
        transform: is called with each PIL picture.
        target_transform: is called with each label.
        download: there for `MNIST`'s sake. Nothing is ever downloaded.

    Raises:
        FileNotFoundError: a file is missing; the message names the folder and the fix.
        ValueError: a file is damaged, pictures and labels differ in number, a picture is
            not 28×28, or a label not 0 to 9.

    Source: Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, UCI Machine
    Learning Repository, 1998; see data/README.md.
    """

    classes = (
        "0 - zero,1 - one,2 - two,3 - three,4 - four,"
        "5 - five,6 - six,7 - seven,8 - eight,9 - nine"
    ).split(",")

    def __init__(
        self,
        root: str | Path | None = None,
        train: bool = True,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = False,
    ) -> None:
        root = DATA / "digits" if root is None else Path(root)
        missing = _missing(root)
        if missing:
            raise FileNotFoundError(
                f"no {' and no '.join(missing)} in {root}: bring the folder back "
                "(`git checkout -- data/digits`, or copy data/digits from a new copy of "
                "the course), and install the course from its own folder (pip install -e .)"
            )
        pictures, labels = FILES[:2] if train else FILES[2:]
        try:
            self.data = _read(root / pictures, dimensions=3)
            self.targets = _read(root / labels, dimensions=1).long()
        except ValueError as error:
            raise ValueError(
                f"the digits in {root} can't be read ({error}): bring them back "
                "(`git checkout -- data/digits`, or copy data/digits from a new copy of "
                "the course)"
            ) from error
        self.transform, self.target_transform = transform, target_transform
        _check(self, root)

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[object, object]:
        picture = Image.fromarray(self.data[index].numpy())
        label = self.targets[index].item()
        if self.transform is not None:
            picture = self.transform(picture)
        if self.target_transform is not None:
            label = self.target_transform(label)
        return picture, label


DATASETS = {"digits": "Digits", "mnist": "MNIST", "fashion": "FashionMNIST"}


def open_digits(
    name: str | None = None,
    train: bool = True,
    transform: Callable | None = None,
    target_transform: Callable | None = None,
    *,
    root: str | Path | None = None,
) -> Dataset:
    """Open a data set of 28×28 pictures in ten classes by name.

    Args:
        name: "digits" (bundled), "mnist" or "fashion" (torchvision downloads these two
            when they are not in `root` yet). When left out, the environment variable
            COURSE_DIGITS decides, and without it the bundled digits are opened.
        train, transform, target_transform: as torchvision's `MNIST` has them.
        root: the folder to read from. When left out, the bundled folder, or for the
            public data sets data/downloads.

    Returns:
        A Dataset: `dataset[i]` is (picture, label), see `Digits`.

    Raises:
        ValueError: the name is unknown, or the files are damaged.
        FileNotFoundError: the files are not there and can't be downloaded.
    """
    asked = name if name is not None else os.environ.get("COURSE_DIGITS") or "digits"
    if asked not in DATASETS:
        raise ValueError(
            f"no data set is called {asked!r}: choose one of {', '.join(DATASETS)}, as "
            "the argument or in the environment variable COURSE_DIGITS"
        )
    if asked == "digits":
        return Digits(root, train, transform, target_transform)

    root = DOWNLOADS if root is None else Path(root)
    folder = root / DATASETS[asked] / "raw"
    from torchvision import datasets  # here, since it takes seconds to import

    try:
        dataset = getattr(datasets, DATASETS[asked])(
            root, train, transform, target_transform, download=bool(_missing(folder))
        )
    except (OSError, *_BROKEN) as error:
        if not _missing(folder):
            raise ValueError(
                f"the files in {folder} can't be read ({error}): a download broke off, "
                "perhaps. Delete the folder and try again"
            ) from error
        raise FileNotFoundError(
            f"{asked} is not in {folder} and could not be downloaded "
            f"({one_line(error, lines=1)}): try again later, put the four IDX files there "
            'yourself, or go on with the bundled digits: open_digits("digits")'
        ) from error
    _check(dataset, folder)
    return dataset


def _missing(folder: Path) -> list[str]:
    return [name for name in FILES if not (folder / name).is_file()]


def _read(file: Path, dimensions: int) -> Tensor:
    """The whole numbers of an IDX file, uint8: (N, height, width) or (N,)."""
    content = bytearray(file.read_bytes())
    start = 4 * (1 + dimensions)  # a head of four bytes, and four bytes for each size
    sizes = [
        int.from_bytes(content[place : place + 4], "big")
        for place in range(4, start, 4)
    ]
    head = bytes([0, 0, 8, dimensions])  # 8: its numbers are bytes
    if content[:4] != head or len(content) != start + math.prod(sizes):
        raise ValueError(f"{file.name} is no such file, or only a part of one")
    return torch.frombuffer(content, dtype=torch.uint8, offset=start).reshape(sizes)


def _check(dataset: Dataset, folder: Path) -> None:
    pictures, labels = dataset.data, dataset.targets
    if len(pictures) != len(labels):
        raise ValueError(
            f"{folder} holds {len(pictures)} pictures and {len(labels)} labels: they don't "
            "belong together. Bring back both files of one data set"
        )
    if pictures.shape[1:] != (28, 28):
        height, width = pictures.shape[1:]
        raise ValueError(
            f"the pictures in {folder} are {height}×{width}, and 28×28 is expected: make "
            "them that size, or open them with torchvision's MNIST"
        )
    if labels.max() > 9:
        raise ValueError(
            f"a label in {folder} is {labels.max()}, and 0 to 9 is expected: bring back the "
            "file of this data set's labels"
        )
