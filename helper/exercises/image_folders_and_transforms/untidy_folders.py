"""Folders of pictures by class, as untidy as real ones, and counts that come of mistakes."""

import random
from pathlib import Path

from torchvision.datasets import ImageFolder

from helper.exercises.image_folders_and_transforms.folders import NAMES
from helper.expect import distinct

ENDINGS = ("jpg", "png", "jpeg", "JPG", "webp")  # at least one class has all of them


def untidy_folder() -> tuple[dict[str, bytes | None], dict[str, int]]:
    """Files of no bytes, which nobody can open, and how many pictures each class has."""
    files, counts = {"readme.txt": b""}, {}
    # In the order of text, 10 comes before 9, and a capital before all small letters. And 10
    # begins like 1, which is in the names of some files too.
    first, second, third = sorted(random.sample(NAMES, 3))
    names = sorted(["1", "10", "9", first, second.capitalize(), third])
    empty = random.choice(names[2:-1])
    for name, number in zip(names, distinct(6, 2, 9), strict=True):
        counts[name] = 0 if name == empty else number
        files[f"{name}/notes.txt"] = b""
        for i in range(counts[name]):
            # Some in a folder of their own, which counts for the class that it lies in; one
            # of these is called like one outside.
            path = f"{i}.{ENDINGS[i % len(ENDINGS)]}"
            if name != names[0]:
                path = {0: "old/1.png", 2: "old/2.jpeg"}.get(i, path)
            files[f"{name}/{path}"] = b""
    return files, counts


def mistaken_counts(dataset: ImageFolder, expected: dict[str, int]) -> dict:
    """From a sentence to the counts of somebody who makes that mistake."""
    root = Path(dataset.root)
    inside = {n: list((root / n).iterdir()) for n in expected}
    below = {n: list((root / n).rglob("*")) for n in expected}
    same = len(dataset) // len(expected)
    called = {n: set() for n in expected}
    for path, label in dataset.samples:
        called[dataset.classes[label]].add(Path(path).name)
    found = [n for n in expected.values() if n]
    anycase = sorted(expected, key=str.lower)
    by_number = sorted(expected, key=lambda n: (int(n) if n.isdigit() else 99, n))
    return {
        "this counts all that lies in a class's folder, notes.txt too, and a folder in it "
        "as one: the data set has chosen the pictures already.": (
            {n: len(files) for n, files in inside.items()}
        ),
        "this counts all files and folders, notes.txt too: the data set has chosen the "
        "pictures already.": {n: len(files) for n, files in below.items()},
        "this counts notes.txt, and not the pictures in a class's inner folders: the data "
        "set has found the pictures already.": (
            {n: sum(f.is_file() for f in files) for n, files in inside.items()}
        ),
        "only .jpg is counted, and not in inner folders: there are other endings.": (
            {n: sum(f.suffix == ".jpg" for f in files) for n, files in inside.items()}
        ),
        "pictures in a class's inner folders are left out: the data set has found them "
        "already.": {
            n: sum(f.is_file() and f.name != "notes.txt" for f in files)
            for n, files in inside.items()
        },
        "only .jpg and .png are counted: there are other endings.": {
            n: sum(f.suffix in (".jpg", ".png") for f in files)
            for n, files in below.items()
        },
        "only .jpg and .png are counted, and not in inner folders: there are other endings.": {
            n: sum(f.suffix in (".jpg", ".png") for f in files)
            for n, files in inside.items()
        },
        "these are shares: how many pictures there are is asked for.": (
            {n: count / len(dataset) for n, count in expected.items()}
        ),
        "these are the labels, not how many pictures have them.": dataset.class_to_idx,
        "this is the same number for all: classes differ.": dict.fromkeys(
            expected, same
        ),
        "a picture in an inner folder is called as one outside of it: both count.": (
            {n: len(files) for n, files in called.items()}
        ),
        "an empty class has no number in yours, and the numbers after it moved to the class "
        "before theirs: look up each label's name.": dict(
            zip(expected, found, strict=False)
        ),
        "these are the names in another order than that of dataset.classes, where capitals "
        "come first.": dict(zip(anycase, expected.values(), strict=True)),
        "these are the names in another order than that of dataset.classes, where '10' comes "
        "before '9'.": dict(zip(by_number, expected.values(), strict=True)),
        "each class has one too few: its first picture counts as well.": (
            {n: max(count - 1, 0) for n, count in expected.items()}
        ),
    }
