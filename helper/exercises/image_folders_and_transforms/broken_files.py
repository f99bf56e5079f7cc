from collections.abc import Callable
from pathlib import Path

from PIL import ImageFile
from torchvision.datasets import ImageFolder

from helper.exercises.image_folders_and_transforms.folders import files_in, folder_of
from helper.exercises.image_folders_and_transforms.spoilt_files import (
    spoilt_folder,
    what_is_off,
)
from helper.expect import (
    Wrong,
    call,
    expect_function,
    expect_unchanged,
    kind_of,
    remember,
)


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
