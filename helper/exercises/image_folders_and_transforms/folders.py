"""Folders of files that exercises are tried on, and what lies in a folder."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
