import builtins
import io
import math
import os
import textwrap
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from torchvision.datasets import ImageFolder

from helper.exercises.image_folders_and_transforms.folders import (
    files_in,
    folder_of,
)
from helper.exercises.image_folders_and_transforms.untidy_folders import (
    mistaken_counts,
    untidy_folder,
)
from helper.expect import (
    Wrong,
    call,
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
    missing = any(len(result) < 6 for result in results)
    hint = (
        " A class whose folder is empty isn't in your dictionary: one that begins with "
        "dataset.classes has a 0 for it."
    )
    return "All was known without opening a file." + hint * missing


def _count(function: Callable, root: Path) -> tuple[Mapping, ImageFolder]:
    dataset = ImageFolder(root, allow_empty=True)
    lists = ("classes", "class_to_idx", "samples", "targets", "transform", "loader")
    before = {name: remember(getattr(dataset, name)) for name in lists}
    files = files_in(root)
    with _openings(root) as opened:
        try:
            result = call(function, dataset)
        except Wrong:
            if not opened:
                raise
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


@contextmanager
def _openings(root: Path) -> Iterator[list[str]]:
    """Those of the files below `root` that are opened meanwhile."""
    opened = []

    def watched(opening: Callable) -> Callable:
        def open_and_note(file: object, *rest: object, **named: object) -> object:
            if isinstance(file, (str, os.PathLike)) and root in Path(file).parents:
                opened.append(str(file))
            return opening(file, *rest, **named)

        return open_and_note

    with (
        patch.object(builtins, "open", watched(open)),
        patch.object(io, "open", watched(io.open)),
        patch.object(os, "open", watched(os.open)),
    ):
        yield opened


def _numbers(result: Mapping) -> dict[str, float]:
    if result and all(isinstance(value, str) for value in result.values()):
        if not all(isinstance(key, str) for key in result):
            raise Wrong("keys and values are swapped: the names are the keys.")
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
