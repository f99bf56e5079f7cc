import contextlib
import random
from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image, ImageFile
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

from helper.exercises.image_folders_and_transforms.folders import files_in, folder_of
from helper.exercises.image_folders_and_transforms.found_files import what_is_off
from helper.exercises.image_folders_and_transforms.spoilt_files import spoilt_folder
from helper.expect import (
    Wrong,
    call,
    describe,
    expect_function,
    expect_unchanged,
    kind_of,
    remember,
)


def broken_files(answer: object) -> str:
    """broken_files(dataset)."""
    function = expect_function(answer)
    drawn = [spoilt_folder(broken) for broken in (True, True, False)]
    for number, (files, broken) in enumerate(drawn):
        with folder_of(files) as root, _pillow_as_it_comes():
            # The pictures are smaller, so that this fails for the whole ones.
            transform = v2.RandomCrop(96) if number == 1 else None
            # One file is left out: `samples` needn't hold all that lie in the folder.
            left_out = random.choice(list(broken)[1:-1]) if number == 1 else None
            dataset = ImageFolder(
                root, transform, is_valid_file=_all_but(root, left_out)
            )
            broken.pop(left_out, None)
            result = _call_without_change(function, dataset, root)
            _expect_broken(result, dataset, root, broken, again=number > 0)
            if not broken:
                _spoil_one(function, dataset, root)
    return "All were found, the cut-off ones too, and nothing was changed."


@contextlib.contextmanager
def _pillow_as_it_comes() -> Iterator[None]:
    """Its settings in all of Python, whatever they were before; they must stay."""
    kept = ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS
    ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS = False, 89_478_485
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS = kept


def _expect_pillow_as_it_came() -> None:
    if ImageFile.LOAD_TRUNCATED_IMAGES:
        raise Wrong(
            "ImageFile.LOAD_TRUNCATED_IMAGES was changed, for all of Python: leave it."
        )
    if Image.MAX_IMAGE_PIXELS != 89_478_485:
        raise Wrong("Image.MAX_IMAGE_PIXELS was changed, for all of Python: leave it.")


def _spoil_one(function: Callable, dataset: ImageFolder, root: Path) -> None:
    """A file that was whole is found in the next call."""
    path, _ = random.choice(dataset.samples)
    Path(path).write_bytes(b"")
    if call(function, dataset) not in ([path], (path,)):
        raise Wrong(
            f"{Path(path).name!r} was spoilt after a first call, and the next one doesn't "
            "find it: keep nothing between calls."
        )


def _all_but(root: Path, left_out: str | None) -> Callable[[str], bool] | None:
    """For ImageFolder: the pictures that it would take, but for this one."""
    if left_out is None:
        return None
    return lambda path: (
        path.endswith((".jpg", ".png", ".bmp")) and Path(path) != root / left_out
    )


def _call_without_change(
    function: Callable, dataset: ImageFolder, root: Path
) -> object:
    """What the function returns; files and data set must be as they were."""
    lists = ("classes", "class_to_idx", "samples", "targets")
    before = {name: remember(getattr(dataset, name)) for name in lists}
    parts = {name: part for name, part in vars(dataset).items() if name not in lists}
    files = files_in(root)
    try:
        result = call(function, dataset)
    except Wrong as wrong:
        if isinstance(wrong.__cause__, FileNotFoundError):
            raise Wrong(
                "it looks for a file or a folder that isn't there: the paths are in "
                "dataset.samples."
            ) from wrong
        if _is_of_pil(wrong.__cause__):
            raise Wrong(
                f"an error ends your function ({describe(wrong.__cause__)}): go on after it, "
                "and catch Exception, for not every error is an OSError."
            ) from wrong
        raise
    _expect_pillow_as_it_came()  # first: it also decides which files seem to be whole
    if files_in(root) != files:
        raise Wrong("files of the folder were changed or removed: only look at them.")
    hint = "Only look at it, and make a list of your own."
    now = {name: getattr(dataset, name, None) for name in lists}
    expect_unchanged(now, before, "the data set", hint)
    for name, part in parts.items():
        if getattr(dataset, name, None) is not part:
            raise Wrong(f"dataset.{name} was changed. {hint}")
    return result


def _is_of_pil(error: BaseException | None) -> bool:
    trace, files = getattr(error, "__traceback__", None), []
    while trace:
        files.append(Path(trace.tb_frame.f_code.co_filename))
        trace = trace.tb_next
    return any(file.parent.name == "PIL" for file in files)


def _expect_broken(
    result: object,
    dataset: ImageFolder,
    root: Path,
    broken: dict[str, str],
    again: bool,
) -> None:
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
    if list(result) == expected:
        return
    everything = [path for path, _ in dataset.samples]
    if list(result) == everything and dataset.transform:
        raise Wrong(
            "all are in the list: dataset[i] also runs the transform, which fails here for "
            "whole pictures too (they are small). Open the file alone, by dataset.loader or "
            "PIL."
        )
    whole = [path for path in everything if path not in expected]
    kinds = dict(zip(expected, broken.values(), strict=True))
    raise Wrong(what_is_off(list(result), kinds, whole, root, again))
