import math
import random
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

import PIL
from PIL import Image
from torchvision.datasets import ImageFolder

from helper.exercises.image_folders_and_transforms.folders import (
    NAMES,
    files_in,
    folder_of,
)
from helper.expect import (
    Wrong,
    call,
    distinct,
    expect_function,
    expect_number,
    expect_unchanged,
    kind_of,
    remember,
)


def count_by_class(answer: object) -> str:
    """count_by_class(dataset)."""
    function = expect_function(answer)
    drawn = [untidy_folder(), untidy_folder()]
    results, mistakes = [], []
    for files, expected in drawn:
        with folder_of(files) as root:
            result, dataset = _count(function, root)
            mistakes.append(mistaken_counts(dataset, expected))
        results.append(_numbers(result))
    wanted = [expected for _, expected in drawn]
    mistakes[0]["the second data set's counts go on from the first's: begin anew."] = (
        wanted[0]
    )
    mistakes[1]["the second data set's counts go on from the first's: begin anew."] = {
        name: wanted[0].get(name, 0) + wanted[1].get(name, 0)
        for name in [*wanted[0], *wanted[1]]
    }
    if not all(map(_same, results, wanted)):
        for sentence in mistakes[0]:
            if all(map(_same, results, [each[sentence] for each in mistakes])):
                raise Wrong(sentence)
    for result, expected in zip(results, wanted, strict=True):
        for name in result:
            if name not in expected:
                raise Wrong(
                    f"{name!r} is no class: those of the data set that came are in "
                    "dataset.classes."
                )
        for name, count in expected.items():
            if result.get(name, 0) != count:
                yours = f"yours says {result[name]:g}" if name in result else ""
                raise Wrong(
                    f"{name!r} has {count} pictures, and {yours or 'no entry in yours'}."
                )
    missing = any(len(result) < 5 for result in results)
    hint = (
        " A class whose folder is empty isn't in your dictionary: one that begins with "
        "dataset.classes has a 0 for it."
    )
    return "all was known without opening a file." + hint * missing


def _count(function: Callable, root: Path) -> tuple[Mapping, ImageFolder]:
    dataset = ImageFolder(root, allow_empty=True)
    lists = ("classes", "class_to_idx", "samples", "targets")
    before = {name: remember(getattr(dataset, name)) for name in lists}
    files, opened = files_in(root), []

    def open_none(path: str, *_: object) -> Image.Image:
        opened.append(path)
        return Image.new("RGB", (1, 1))

    dataset.loader, PIL.Image.open, kept = open_none, open_none, PIL.Image.open
    try:
        result = call(function, dataset)
    except Wrong:
        if not opened:
            raise
    finally:
        PIL.Image.open = kept
    if opened:
        raise Wrong("files were opened: the labels are in dataset.targets already.")
    expect_unchanged({n: getattr(dataset, n) for n in lists}, before, "the data set")
    if files_in(root) != files:
        raise Wrong("the folder was changed: only look.")
    if not isinstance(result, Mapping):
        raise Wrong(
            f"the result is {kind_of(result)}, expected a dictionary from each class's "
            "name to a number."
        )
    return result, dataset


def _numbers(result: Mapping) -> dict[str, float]:
    if result and all(isinstance(key, int) for key in result):
        raise Wrong("the keys are labels: dataset.classes[label] is the name.")
    for key, value in result.items():
        try:
            expect_number(value, 0, tolerance=math.inf)
        except Wrong:
            said = textwrap.shorten(str(key), 20)
            raise Wrong(f"behind {said!r} is {kind_of(value)}, not a number.") from None
    return {str(key): float(value) for key, value in result.items()}


def _same(counts: Mapping, expected: Mapping) -> bool:
    """What isn't there has a count of 0, so that a Counter is right as it is."""
    names = [*counts, *expected]
    return all(counts.get(name, 0) == expected.get(name, 0) for name in names)


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
