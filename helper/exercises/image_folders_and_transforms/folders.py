"""Folders of pictures that exercises are tried on: as untidy as real ones."""

import io
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from PIL import Image
from torchvision.datasets import ImageFolder

from helper.expect import distinct

SAID = {
    "no bytes": "a file of no bytes",
    "no picture": "text with a picture's ending",
    "cut off": "cut off",
}
NAMES = ("ash", "beech", "cedar", "date", "elm", "fir", "ginkgo", "hazel")


@contextmanager
def folder_of(files: dict[str, bytes | None]) -> Iterator[Path]:
    """A temporary folder with these files; None stands for an empty folder."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for path, content in files.items():
            place = root / path
            if content is None:
                place.mkdir(parents=True, exist_ok=True)
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
        yield root


def files_in(root: Path) -> dict[str, bytes | None]:
    """What `folder_of` would be given for this folder, to see whether it was changed."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes() if path.is_file() else None
        for path in sorted(root.rglob("*"))
    }


def picture_file(kind: str) -> bytes:
    """A JPEG or PNG file of random points; its size is random, too."""
    height, width = random.randint(30, 50), random.randint(30, 50)
    points = torch.randint(256, (height, width, 3)).to(torch.uint8).numpy()
    file = io.BytesIO()
    Image.fromarray(points).save(file, kind)
    return file.getvalue()


def cut_off(file: bytes) -> bytes:
    """Its beginning only: enough for `Image.open`, and for a JPEG's `verify`."""
    return file[: int(len(file) * random.uniform(0.6, 0.9))]


def untidy_folder() -> tuple[dict[str, bytes | None], dict[str, int]]:
    """Files of no bytes, which nobody can open, and how many pictures each class has."""
    files, counts = {"readme.txt": b""}, {}
    names = sorted(random.sample(NAMES, 5))
    empty = random.choice(names[1:])
    for name, number in zip(names, distinct(5, 2, 9), strict=True):
        counts[name] = 0 if name == empty else number
        files[f"{name}/notes.txt"] = b""
        for i in range(counts[name]):
            # Some in a folder of their own, which counts for the class that it lies in.
            within = "old/" if i == 0 and name != names[0] else ""
            files[f"{name}/{within}{i}.{'png' if i % 2 else 'jpg'}"] = b""
    return files, counts


def mistaken_counts(dataset: ImageFolder, expected: dict[str, int]) -> dict:
    """From a sentence to the counts of somebody who makes that mistake."""
    root = Path(dataset.root)
    inside = {n: list((root / n).iterdir()) for n in expected}
    below = {n: list((root / n).rglob("*")) for n in expected}
    same = len(dataset) // len(expected)
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
        "these are the labels, not how many pictures have them.": dataset.class_to_idx,
        "this is the same number for all: classes differ.": dict.fromkeys(
            expected, same
        ),
        "each class has one too few: its first picture counts as well.": (
            {n: max(count - 1, 0) for n, count in expected.items()}
        ),
    }


def spoilt_folder(broken: bool) -> tuple[dict[str, bytes | None], dict[str, str]]:
    """Files, and what is wrong with each broken one, in the order of `samples`."""
    files, wrong = {"readme.txt": b"three kinds"}, {}
    for kind in sorted(random.sample(NAMES, 3)):
        files[f"{kind}/notes.txt"] = b"from the garden"
        for i in range(4):
            format, ending = ("png", "png") if i % 2 else ("jpeg", "jpg")
            files[f"{kind}/{i}.{ending}"] = picture_file(format)
        files[f"{kind}/old/4.jpg"] = picture_file("jpeg")
    if broken:
        pictures = sorted(path for path in files if not path.endswith(".txt"))
        # The first one, in any case, and some farther on.
        # Who finds one kind only doesn't find just the first ones.
        kinds = ["cut off", "no bytes", "cut off", "no picture"]
        if random.random() < 0.5:
            kinds[1], kinds[3] = kinds[3], kinds[1]
        places = []
        while not places:
            others = sorted(random.sample(range(1, len(pictures)), 3))
            # Who looks for *.jpg in the classes' folders misses the third of the four alone.
            found = [Path(pictures[place]).match("?*/?.jpg") for place in others]
            inner = ["/old/" in pictures[place] for place in others]
            if found == [True, False, True] and not any(inner):
                places = [0, *others]
        for place, what in zip(places, kinds, strict=True):
            whole = picture_file("jpeg")
            content = {"no bytes": b"", "no picture": b"not found", "cut off": whole}
            path = pictures[place]
            wrong[path] = what
            files[path] = cut_off(whole) if what == "cut off" else content[what]
    return files, wrong


def what_is_off(
    found: list[str], broken: dict[str, str], whole: list[str], root: Path, again: bool
) -> str:
    """A sentence on what differs from the keys of `broken`, whose values are kinds."""
    if found == whole:
        return "these are the good ones: collect those whose loading raises an error."
    if again and any(root not in Path(path).parents for path in found):
        return (
            "paths of the data set before, or of another one, are in the list: begin with an "
            "empty list in each call."
        )
    if found and all(Path(path).name == path for path in found):
        return "these are names without their folders: samples has the whole paths."
    if found and not any(Path(path).is_absolute() for path in found):
        return "the paths must be whole, as samples has them: not from the root on."
    if sorted(set(found)) == sorted(broken) and len(found) > len(broken):
        return "a file is in the list twice: once is enough."
    if sorted(found) == sorted(broken):
        return "all are there, in another order: samples has the order."
    foreign = [path for path in found if path not in broken and path not in whole]
    if foreign:
        return (
            f"{Path(foreign[0]).name!r} is not in dataset.samples: go through these, not "
            "through another folder, nor through all its files."
        )
    good = [path for path in found if path in whole]
    if good:
        return f"{len(good)} pictures are in the list that can be loaded whole."
    if not found:
        return (
            f"the list is empty, and {len(broken)} can't be loaded whole: "
            "Image.open(path).load() tries it."
        )
    if found == list(broken)[: len(found)]:
        return (
            f"after {len(found)} it ends, and {len(broken)} can't be loaded whole: go on "
            "after an error."
        )
    if found == list(broken)[1:]:
        return "the first of samples is broken, and it isn't in the list."
    missing = [path for path in broken if path not in found]
    kinds, seen = {broken[p] for p in missing}, {broken[p] for p in found}
    if kinds == {"cut off"} and "cut off" not in seen:
        return (
            "pictures that are cut off were not found: open and verify() read their "
            "beginning, load() all of it."
        )
    if seen == {"cut off"}:
        return (
            "only those that are cut off were found: of no bytes, or no picture at all, a "
            "file can't be loaded either."
        )
    if seen == {"no bytes"}:
        return (
            "only files of no bytes were found: load each to see whether it is whole."
        )
    return (
        f"{len(missing)} of {len(broken)} were not found; one is "
        f"{Path(missing[0]).name!r}, which is {SAID[broken[missing[0]]]}."
    )
