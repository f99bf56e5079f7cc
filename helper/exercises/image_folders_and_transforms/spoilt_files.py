"""Folders of pictures, some of which can't be loaded, each for a reason of its own."""

import io
import random
import struct
import zlib

import torch
from PIL import Image

from helper.exercises.image_folders_and_transforms.folders import NAMES

SAID = {
    "no bytes": "a file of no bytes",
    "no picture": "text with a picture's ending",
    "cut off": "cut off",
    "odd end": "a PNG file that is damaged behind its points",
    "odd beginning": "a PNG file that is damaged before its points",
    "huge": "a file that says it has hundreds of millions of pixels",
}


def spoilt_folder(broken: bool) -> tuple[dict[str, bytes | None], dict[str, str]]:
    """Files, and what is wrong with each broken one, in the order of `samples`.

    That isn't the order of the paths as text: p0.jpg comes before old/4.png, which lies deeper,
    and ash before ash-tree.
    """
    files, first, other = {"readme.txt": b"three kinds"}, *random.sample(NAMES, 2)
    pictures = []
    for kind in sorted([first, f"{first}-tree", other]):
        files[f"{kind}/notes.txt"] = b"from the garden"
        pictures += [f"{kind}/p{i}.{'png' if i % 2 else 'jpg'}" for i in range(4)]
        pictures += [f"{kind}/p4.bmp", f"{kind}/old/4.png", f"{kind}/old/5.jpg"]
    places = _places(pictures) if broken else {}
    whole = [path for path in pictures if path not in places]
    for i, path in enumerate(whole):  # grey ones and such with a palette are whole, too
        odd = "L" if path.endswith("jpg") else "P"
        files[path] = picture_file(path[-3:], "RGB" if i % 3 else odd)
    for path, what in places.items():
        files[path] = _spoilt(what)
    return files, places


def _places(pictures: list[str]) -> dict[str, str]:
    """What is to be wrong with which, the first and the last among them."""
    middle = pictures[1:-1]
    random.shuffle(middle)
    by_ending = {e: [p for p in middle if p.endswith(e)] for e in ("jpg", "png", "bmp")}
    inner = next(path for path in by_ending["png"] if "/old/" in path)
    outer = next(path for path in by_ending["png"] if "/old/" not in path)
    chosen = {pictures[0]: "cut off", pictures[-1]: "cut off"}
    chosen |= dict(
        zip([inner, outer], random.sample(["odd end", "odd beginning"], 2), strict=True)
    )
    chosen |= dict(zip(by_ending["jpg"], ["no bytes", "no picture"], strict=False))
    chosen |= {by_ending["bmp"][0]: "huge"}
    return {path: chosen[path] for path in pictures if path in chosen}


def picture_file(ending: str, mode: str = "RGB") -> bytes:
    """A file of random points; its size is random, too."""
    height, width = random.randint(30, 50), random.randint(30, 50)
    points = torch.randint(256, (height, width, 3)).to(torch.uint8).numpy()
    file = io.BytesIO()
    picture = Image.fromarray(points)
    if mode != "RGB":
        picture = picture.convert("L").convert(mode)
    picture.save(file, {"jpg": "jpeg"}.get(ending, ending))
    return file.getvalue()


def _spoilt(what: str) -> bytes:
    """A file that can't be loaded whole: PIL raises an error of another kind for each."""
    photo, drawing = picture_file("jpg"), picture_file("png")
    # Its beginning only: enough for `Image.open`, and for a JPEG's `verify`.
    part = photo[: int(len(photo) * random.uniform(0.6, 0.9))]
    table = picture_file("bmp", "L")
    size = struct.pack("<ii", 13_400, 13_400)
    text = _chunk(b"zTXt", b"a\0\x07x")  # 7 is no way to compress it
    return {
        "no bytes": b"",
        "no picture": b"not found",
        "cut off": part,
        "odd end": drawing[:-12] + text + drawing[-12:],
        "odd beginning": drawing[:33] + _chunk(b"gAMA", b"1") + drawing[33:],
        "huge": table[:18] + size + table[26:],
    }[what]


def _chunk(name: bytes, content: bytes) -> bytes:
    """A part of a PNG file."""
    check = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + check
