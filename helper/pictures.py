"""Pictures in folders: the drawn flowers that ship, and how to read your own as one sees them."""

from collections import Counter
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image, ImageOps

# train/<class>/*.jpg and test/<class>/*.jpg
FLOWERS = Path(__file__).resolve().parents[1] / "data" / "flowers"


def open_picture(path: str | Path) -> Image.Image:
    """Read a picture as a person sees it: RGB, upright, on white where it is transparent.

    For `ImageFolder(root, transform, loader=open_picture)`, whose own loader leaves
    photographs lying on their side, makes 16-bit pictures white, shows the colour beneath
    transparent points, and doesn't always say which file is broken. Never changes a file.

    Raises:
        ValueError: the file can't be read, or has 32 bits a value, or the path passes
            through one link twice; the message names it and says what to do.
    """
    path = Path(path)
    # A link to a folder that it lies in: ImageFolder would follow it dozens of times.
    links = [p.parent.resolve() / p.name for p in path.parents if p.is_symlink()]
    for link in links:
        if links.count(link) > 1:
            raise ValueError(
                f"the link {link} leads back to a folder it lies in, and every picture "
                "there is found again and again: remove the link"
            )
    try:
        with Image.open(path) as file:
            picture = ImageOps.exif_transpose(file)
    except Exception as error:  # Pillow has no one error for all that can be wrong
        said = getattr(error, "strerror", None) or str(error)
        raise ValueError(
            f"the picture {path} can't be read: put a whole copy in its place, or move it "
            f"out of the data set ({said})"
        ) from error
    if picture.mode in ("I", "F"):  # 32 bits: nobody says which value is white
        raise ValueError(
            f"the picture {path} has 32 bits a value, with no agreed white: save it with 8 "
            "or 16 bits, or move it out of the data set"
        )
    if picture.mode.startswith("I;16"):  # convert would clip at 255
        values = np.asarray(picture).astype(np.uint32)
        picture = Image.fromarray(((values + 128) // 257).astype(np.uint8))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    return picture.convert("RGB")


class Folder(Protocol):
    """What is asked of an `ImageFolder`."""

    root: str | Path
    classes: list[str]
    targets: list[int]


def expect_folders(train_set: Folder, test_set: Folder, *, at_least: int = 25) -> None:
    """Say what keeps two folders of your own from being learned from, and measured by.

    Args:
        train_set, test_set: two `ImageFolder`s, of which every fifth training picture will be
            held out.
        at_least: how many training pictures there must be in all.

    Raises:
        ValueError: there is one class alone, or a class in one folder only, or a class has
            fewer than five training pictures, or there are fewer than `at_least`.
    """
    classes, train, test = train_set.classes, train_set.root, test_set.root
    for name in classes:
        if name not in test_set.classes:
            raise ValueError(
                f"{test} has no class {name}, and {train} has: the labels of the two would "
                "not mean the same. Add pictures of it, or take the class out of both"
            )
    for name in test_set.classes:
        if name not in classes:
            raise ValueError(
                f"{train} has no class {name}, and {test} has: nobody can name what they have "
                "not learned. Add pictures of it, or take the class out of both"
            )
    if len(classes) == 1:
        raise ValueError(
            f"{train} has the class {classes[0]} alone, and every answer would be right: add a "
            "class of other pictures"
        )
    counts = Counter(train_set.targets)
    for label, name in enumerate(classes):
        if counts[label] < 5:
            raise ValueError(
                f"{train} has {counts[label]} pictures of the class {name}: five are needed, "
                "of which one is held out"
            )
    if len(train_set.targets) < at_least:
        raise ValueError(
            f"{train} has {len(train_set.targets)} pictures in all: {at_least} are needed for "
            "a whole batch and what is held out"
        )
