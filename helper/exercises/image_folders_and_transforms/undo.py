import math
import random
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

import PIL
import torch
from PIL import Image, ImageFile
from torch import Tensor
from torchvision.datasets import ImageFolder

from helper.exercises.image_folders_and_transforms.crops import (
    expect_chance,
    expect_parts,
    ramps,
    vary,
)
from helper.exercises.image_folders_and_transforms.folders import (
    files_in,
    folder_of,
    mistaken_counts,
    spoilt_folder,
    untidy_folder,
    what_is_off,
)
from helper.expect import (
    Case,
    Wrong,
    alike,
    call,
    distinct,
    expect_function,
    expect_number,
    expect_results,
    expect_tried,
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


def resized_shape(answer: object) -> str:
    """The shape after v2.Resize(100) of a picture 400 wide and 250 high."""
    expect_tried(answer)
    if isinstance(answer, Tensor) and answer.ndim > 1:
        raise Wrong("this is a picture's tensor itself: its .shape is asked for.")
    if isinstance(answer, Tensor) and answer.layout == torch.strided:
        answer = list(answer) if answer.ndim else 0
    if not isinstance(answer, (tuple, list)):
        raise Wrong(
            f"your answer is {kind_of(answer)}: give three numbers in their order, such as "
            "(3, 20, 30)."
        )
    shape = []
    for number in answer:
        try:
            shape.append(float(expect_number(number, 0, tolerance=math.inf)))
        except Wrong:
            raise Wrong(
                f"there is {kind_of(number)} in your answer: give three numbers, such as "
                "(3, 20, 30)."
            ) from None
    first = "a tensor's shape has the colours first, then the height, then the width."
    shorter = "the *shorter* side becomes 100, and that is the height."
    keeps = "the proportions stay: the width shrinks by the same factor as the height."
    mistakes = {
        (3, 160, 100): "a tensor's shape has the height before the width.",
        (100, 160, 3): first,
        (160, 100, 3): first,
        (3, 100, 100): "one number is for the shorter side only: the proportions stay.",
        (3, 62, 100): shorter,
        (3, 62.5, 100): shorter,
        (3, 63, 100): shorter,
        (3, 100, 400): keeps,
        (3, 100, 250): keeps,
        (3, 100, 62): "the factor is upside down: the width is the longer side.",
        (3, 100, 62.5): "the factor is upside down: the width is the longer side.",
        (3, 250, 400): "this is the picture as it was: Resize makes it smaller.",
        (3, 400, 250): "this is the picture as it was, and the height comes first.",
        (1, 3, 100, 160): "this is a batch of one: a picture alone has three numbers.",
        (100, 160): "the colours are missing: they come first.",
        (
            160,
            100,
        ): "this is PIL's size: a tensor has the colours and the height first.",
        (1, 100, 160): "this has one colour: red, green and blue are three.",
    }
    if tuple(shape) in mistakes:
        raise Wrong(mistakes[tuple(shape)])
    if len(shape) != 3:
        raise Wrong(f"a picture's shape has three numbers, and yours has {len(shape)}.")
    if shape != [3, 100, 160]:
        raise Wrong(
            f"not ({', '.join(f'{n:g}' for n in shape)}): the shorter side becomes 100, "
            "the other is scaled by the same factor, and the three colours come first."
        )
    return "the height, the shorter side, became 100 and the width 160."


def augment(answer: object) -> str:
    """augment: a PIL picture to a random, sometimes mirrored (3, 96, 96)."""
    expect_tried(answer)
    if isinstance(answer, type):
        raise Wrong("this is a class: call it, and a transform comes back.")
    if isinstance(answer, (list, tuple)):
        raise Wrong(f"this is {kind_of(answer)}: v2.Compose makes one transform of it.")
    if isinstance(answer, (Tensor, Image.Image)):
        raise Wrong("this is one picture: give the transform, which makes one of any.")
    function = expect_function(answer)
    wide, high = distinct(2, 200, 300)
    small = random.randint(50, 70), random.randint(35, 48)
    sizes = [(wide, high), (random.randint(30, 60), random.randint(200, 400)), small]
    for size in sizes:
        picture, blue = ramps(*size)
        expect_parts([vary(function, picture)], blue)
    expect_chance(function, picture, blue)
    return "another part each time, mirrored in half of all cases, from 0 to 1."


def undo(answer: object) -> str:
    """undo(images, mean, std)."""
    function = expect_function(answer)
    counts, points = [*distinct(3, 4, 12), 1], distinct(8, 4, 20)
    sizes = zip(counts, points[:4], points[4:], strict=True)
    cases = [_normalised(*size) for size in [*sizes, (3, 3, 3)]]
    # As many pictures, rows and columns as colours: there, a forgotten [:, None, None]
    # raises nothing, and it can be seen what mean and std have met.
    threes = cases[-1].arguments
    broadcast = {
        "columns": (3,),
        "rows": (3, 1),
        "pictures": (3, 1, 1, 1),
    }
    result = call(function, *(argument.clone() for argument in threes))
    if isinstance(result, (list, tuple)):
        raise Wrong(
            f"this is {kind_of(result)}: torch.stack makes a batch of pictures."
        )
    for met, shape in broadcast.items():
        images, mean, std = threes
        raw = images * std.view(shape) + mean.view(shape)
        if alike(result, raw) or alike(result, raw.clamp(0, 1)):
            raise Wrong(
                f"mean and std met the {met}, not the colours: [:, None, None] makes "
                "(3, 1, 1) of (3,)."
            )
    expect_results(
        function,
        cases,
        what="undo(images, mean, std)",
        hint="Times the std that came, plus the mean that came, then .clamp(0, 1).",
        mistakes=UNDO_MISTAKES,
    )
    return "what Normalize did is undone, and fit to be shown."


def _normalised(n: int, height: int, width: int) -> Case:
    mean, std = torch.rand(3) * 0.4 + 0.3, torch.rand(3) * 0.3 + 0.1
    original = torch.rand(n, 3, height, width)
    original[:, :, 0, 0], original[:, :, 1, 1] = 0.0, 1.0
    images = (original - mean[:, None, None]) / std[:, None, None]
    images[:, :, 0, 0] -= 0.02  # what rounding does, enlarged
    images[:, :, 1, 1] += 0.02
    return Case((images, mean, std), original, f"given {n} of {height} × {width}")


def _each(values: Tensor) -> Tensor:
    return values[:, None, None]


def _raw(images: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    return images * _each(std) + _each(mean)


UNDO_MISTAKES = {
    "some numbers are just below 0 or above 1: .clamp(0, 1), and return what it gives.": (
        _raw
    ),
    "some numbers are just above 1: .clamp(0, 1).": lambda x, m, s: _raw(x, m, s).clamp(
        min=0
    ),
    "some numbers are just below 0: .clamp(0, 1).": lambda x, m, s: _raw(x, m, s).clamp(
        max=1
    ),
    "abs turns a number below 0 round: .clamp(0, 1) makes it 0.": lambda x, m, s: (
        _raw(x, m, s).abs().clamp(max=1)
    ),
    "clamp comes last: normalised numbers below 0 are no mistake.": lambda x, m, s: (
        _raw(x.clamp(0, 1), m, s)
    ),
    "this stretches the colours: clamp leaves all numbers from 0 to 1 as they are.": (
        lambda x, m, s: (
            (_raw(x, m, s) - _raw(x, m, s).min())
            / (_raw(x, m, s).max() - _raw(x, m, s).min())
        )
    ),
    "the sigmoid changes all numbers: clamp only those outside of 0 to 1.": (
        lambda x, m, s: _raw(x, m, s).sigmoid()
    ),
    "mean and std are swapped: times std, plus mean.": lambda x, m, s: _raw(
        x, s, m
    ).clamp(0, 1),
    "this normalises once more: undo it, times std, plus mean.": lambda x, m, s: (
        (x - _each(m)) / _each(s)
    ).clamp(0, 1),
    "in this order it isn't the reverse: times std first, then plus mean.": (
        lambda x, m, s: ((x + _each(m)) * _each(s)).clamp(0, 1)
    ),
    "each colour has a mean and a std of its own, and here all have one.": (
        lambda x, m, s: (x * s.mean() + m.mean()).clamp(0, 1)
    ),
    "std is missing: the numbers were divided by it.": lambda x, m, s: (
        x + _each(m)
    ).clamp(0, 1),
    "mean is missing: it was taken away.": lambda x, m, s: (x * _each(s)).clamp(0, 1),
    "mean is the argument: the batch's own is another one.": lambda x, m, s: _raw(
        x, x.mean(dim=(0, 2, 3)), s
    ).clamp(0, 1),
    "this is the first picture alone: undo the whole batch.": lambda x, m, s: _raw(
        x, m, s
    ).clamp(0, 1)[0],
    "these are whole numbers up to 255: numbers from 0 to 1 are asked for.": (
        lambda x, m, s: (_raw(x, m, s).clamp(0, 1) * 255).to(torch.uint8)
    ),
}


def broken_files(answer: object) -> str:
    """broken_files(dataset)."""
    function = expect_function(answer)
    allowed = ImageFile.LOAD_TRUNCATED_IMAGES
    try:
        drawn = [spoilt_folder(broken=True), spoilt_folder(broken=True)]
        drawn.append(spoilt_folder(broken=False))
        for number, (files, broken) in enumerate(drawn):
            with folder_of(files) as root:
                _expect_broken(function, root, broken, again=number > 0)
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = allowed
    return "all were found, the cut-off ones too, and nothing was changed."


def _expect_broken(
    function: Callable, root: Path, broken: dict[str, str], again: bool
) -> None:
    dataset = ImageFolder(root)
    lists = ("classes", "class_to_idx", "samples", "targets", "transform", "loader")
    before = {name: remember(getattr(dataset, name)) for name in lists}
    files = files_in(root)
    allowed = ImageFile.LOAD_TRUNCATED_IMAGES
    try:
        result = call(function, dataset)
    except Wrong as wrong:
        if isinstance(wrong.__cause__, FileNotFoundError):
            raise Wrong(
                "it looks for a file or a folder that isn't there: the paths are in "
                "dataset.samples."
            ) from wrong
        raise
    if ImageFile.LOAD_TRUNCATED_IMAGES != allowed:
        raise Wrong(
            "ImageFile.LOAD_TRUNCATED_IMAGES was changed, for all of Python: leave it."
        )
    if files_in(root) != files:
        raise Wrong("files of the folder were changed or removed: only look at them.")
    now = {name: getattr(dataset, name) for name in lists}
    expect_unchanged(
        now, before, "the data set", "Only look at it, and make a list of your own."
    )
    if not isinstance(result, (list, tuple)):
        raise Wrong(f"the result is {kind_of(result)}, expected a list of paths.")
    for path in result:
        if isinstance(path, Path):
            raise Wrong("give the paths as text, as samples has them: str(path).")
        if not isinstance(path, str):
            raise Wrong(
                f"the list holds {kind_of(path)}, and it must hold paths: the first part of "
                "each of samples."
            )
    expected = [str(root / path) for path in broken]
    if list(result) != expected:
        whole = [path for path, _ in dataset.samples if path not in expected]
        kinds = dict(zip(expected, broken.values(), strict=True))
        raise Wrong(what_is_off(list(result), kinds, whole, root, again))


EXERCISES = (count_by_class, resized_shape, augment, undo, broken_files)
