import os
import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import torch
from torch import Tensor

from helper.expect import Wrong, call_for_effect, describe, expect_function

CANT = "this can't be saved"
NOTES = ["notes.new", "notes.txt"]  # of somebody else, in the same folder


class Odd(Exception):
    """An error that nobody has thought of."""


class Stopped(BaseException):
    """What stops a kernel, KeyboardInterrupt, is no Exception either."""


class Unsaveable:
    """Raises when torch.save comes to it, after what stands before it."""

    def __init__(self, kind: type[BaseException]) -> None:
        self.kind = kind

    def __reduce__(self) -> tuple:
        raise self.kind(CANT)


class Witness:
    """Looks at a file while it is being saved itself."""

    def __init__(self, path: Path) -> None:
        self.path, self.saw = path, []

    def __reduce__(self) -> tuple:
        self.saw.append(self.path.read_bytes() if self.path.exists() else None)
        return dict, ()


def save_safely(answer: object) -> str:
    """save_safely(thing, path): another name first, then rename."""
    function = expect_function(answer)
    for name in ("model.pt", f"run.{random.randint(2, 99)}.pt", "weights"):
        with tempfile.TemporaryDirectory() as folder, chdir("."):
            here = Path.cwd()
            _try_saving(function, Path(folder) / name)
            if Path.cwd() != here:
                raise Wrong(
                    "your function goes to another folder and stays there: leave os.chdir "
                    "out."
                )
    return "The old file stays until the new one is complete."


def _try_saving(function: Callable, path: Path) -> None:
    for name in NOTES:
        (path.parent / name).write_text("of somebody else")
    first, second = (
        {"epoch": random.randint(1, 999), "weights": torch.rand(5)} for _ in range(2)
    )
    _save_and_look(function, first, path)
    _save_and_look(function, second, path, Witness(path))
    for kind in (OSError, RuntimeError, TypeError, ValueError, Odd, Stopped):
        for where in (path, path.with_name("second.pt")):
            _fail_and_look(function, kind, where)


def _fail_and_look(function: Callable, kind: type[BaseException], path: Path) -> None:
    """Saving fails; all must be as before, and the caller must hear of it."""
    before = _contents(path)
    failed, hint = f"where saving failed, with {kind.__name__}", ""
    if kind is Stopped:
        failed = "where saving was stopped, as KeyboardInterrupt stops it"
        hint = " `except Exception` doesn't see that: use `finally`."
    thing = {"first": torch.rand(1000), "bad": Unsaveable(kind)}
    try:
        call_for_effect(function, thing, path)
    except Stopped:
        pass  # it has reached the caller
    except Wrong as wrong:
        error = wrong.__cause__
        if error is None:  # it could not be called at all
            raise
        if type(error) is not kind or CANT not in str(error):
            raise Wrong(
                f"{failed}, this came out of your function instead: {describe(error)}. The "
                "error that came has to reach the caller itself: `finally`, or `raise` with "
                "nothing behind it, lets it through."
            ) from wrong
    else:
        raise Wrong(f"{failed}, the caller didn't hear of it: let the error through.")
    now = _contents(path)
    if path.name in before and now.get(path.name) != before[path.name]:
        raise Wrong(f"{failed}, the old file is spoilt or gone.{hint}")
    for name in sorted(set(now) ^ set(before)):
        what = "is left in" if name in now else "is gone from"
        raise Wrong(f"{failed}, {name} {what} the folder.{hint}")


def _save_and_look(
    function: Callable, thing: dict, path: Path, witness: Witness | None = None
) -> None:
    given = dict(thing) if witness is None else thing | {"witness": witness}
    before, old = list(given), _contents(path).get(path.name)
    with _renames() as renames:
        try:
            call_for_effect(function, given, path)
        except Wrong as wrong:
            gone = isinstance(wrong.__cause__, FileNotFoundError)
            if gone and any(rename.new == path.resolve() for rename in renames):
                raise Wrong(
                    f"{wrong}. After the renaming no file has the other name: delete it only "
                    "if it is there, with unlink(missing_ok=True), or only after an error."
                ) from wrong
            if old is None and isinstance(wrong.__cause__, (AssertionError, OSError)):
                said = str(wrong).rstrip(".")
                raise Wrong(f"{said}, where no file was at path yet.") from wrong
            raise
    if list(given) != before:
        raise Wrong("the thing that is to be saved was changed.")
    if witness and any(content != old for content in witness.saw):
        raise Wrong(
            "while the new one was being written, the old file was spoilt already."
        )
    names = sorted(_contents(path))
    if names != sorted([*NOTES, path.name]):
        raise Wrong(
            f"in the folder are {', '.join(names) or 'no files'}; expected {path.name}, and "
            f"{' and '.join(NOTES)}, which were there before."
        )
    try:
        saved = torch.load(path, weights_only=False)
    except Exception as error:
        raise Wrong(f"{path.name} can't be loaded: {describe(error)}") from error
    same = isinstance(saved, dict) and saved.get("epoch") == thing["epoch"]
    same = same and isinstance(saved.get("weights"), Tensor)
    if not same or not torch.equal(saved["weights"], thing["weights"]):
        raise Wrong(f"{path.name} doesn't hold what was to be saved.")
    found = [rename for rename in renames if rename.new == path.resolve()]
    if not found:
        raise Wrong(
            f"{path.name} was written under its own name: save to another one, then rename "
            "it."
        )
    if found[-1].old.parent != path.resolve().parent:
        raise Wrong("the other name is in another folder: use the same one.")
    if found[0].replaced != old:
        was = "gone" if found[0].replaced is None else "spoilt"
        raise Wrong(
            f"the old {path.name} was {was} before the new file got its name: a crash "
            f"between the two leaves no good {path.name}, neither old nor new. "
            "new.replace(path) does both in one step."
        )


def _contents(path: Path) -> dict[str, bytes]:
    """The files beside `path`, and itself."""
    return {file.name: file.read_bytes() for file in path.parent.iterdir()}


@dataclass
class Rename:
    """A file got another name."""

    old: Path
    new: Path
    replaced: bytes | None  # what was there under the new name


@contextmanager
def _renames() -> Iterator[list[Rename]]:
    """Which files were renamed meanwhile: by os.replace, os.rename and pathlib's."""
    found = []

    def noted(act: Callable) -> Callable:
        def rename(old: object, new: object, **keywords: object) -> None:
            target = Path(new).resolve()
            replaced = target.read_bytes() if target.is_file() else None
            done = Rename(Path(old).resolve(), target, replaced)
            act(old, new, **keywords)
            found.append(done)

        return rename

    with (
        mock.patch.object(os, "replace", noted(os.replace)),
        mock.patch.object(os, "rename", noted(os.rename)),
    ):
        yield found
