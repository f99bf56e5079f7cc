import io
import random
from pathlib import Path

import torch
from PIL import Image

from helper.exercises.image_folders_and_transforms.folders import NAMES

SAID = {
    "no bytes": "a file of no bytes",
    "no picture": "text with a picture's ending",
    "cut off": "cut off",
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
