"""What is wrong with a list of broken files."""

from pathlib import Path

from helper.exercises.image_folders_and_transforms.spoilt_files import SAID


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
        return f"{Path(good[0]).name!r} is in the list, and it can be loaded whole."
    if not found:
        return (
            f"the list is empty, and {len(broken)} can't be loaded whole: "
            "Image.open(path).load() tries it."
        )
    if found == list(broken)[:-1]:
        return "the last of samples is broken, and it isn't in the list."
    if found == list(broken)[: len(found)]:
        return (
            f"after {len(found)} it ends, and {len(broken)} can't be loaded whole: go on "
            "after an error."
        )
    if found == list(broken)[1:]:
        return "the first of samples is broken, and it isn't in the list."
    missing = [path for path in broken if path not in found]
    kinds, seen = {broken[p] for p in missing}, {broken[p] for p in found}
    if kinds == {"cut off", "odd end"} or kinds == {"cut off"} and kinds - seen:
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
