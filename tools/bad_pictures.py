"""Folders of bad pictures, and what is seen in them: for tests/bad_input/pictures.toml."""

import io
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

from helper.pictures import open_picture
from helper.pretrained import load_backbone

COLOURS = {"red": (255, 0, 0), "blue": (0, 0, 255), "white": (255, 255, 255)}
COLOURS["grey"] = (128, 128, 128)
CLEAR = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
DEEP = Image.fromarray(np.full((64, 64), 0x8080, np.uint16))  # half of 65,535


def plain(colour: str, mode: str = "RGB") -> Image.Image:
    return Image.new("RGB", (64, 64), COLOURS[colour]).convert(mode)


def palette(colour: str) -> Image.Image:
    image = Image.new("P", (64, 64), 1)
    image.putpalette([0, 0, 0, *COLOURS[colour]])
    return image


def turned() -> tuple[Image.Image, Image.Exif]:
    """Red on the left and blue on the right, and a note that left is up."""
    image = plain("red")
    image.paste(COLOURS["blue"], (32, 0, 64, 64))
    exif = Image.Exif()
    exif[0x0112] = 6
    return image, exif


def picture(folder: Path, name: str, image: Image.Image | bytes, **options) -> None:
    """A picture of the class rose; `image` may be the bytes of its file."""
    path = folder / "rose" / name
    path.parent.mkdir(exist_ok=True)
    if isinstance(image, bytes):
        path.write_bytes(image)
    else:
        image.save(path, **options)


def cut(kind: str) -> bytes:
    """The first half of a file."""
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, kind)
    return file.getvalue()[: len(file.getvalue()) // 2]


def colour_of(point: torch.Tensor) -> str:
    """The name, if it is that colour but for JPEG's rounding."""
    point = [round(255 * value) for value in point.tolist()]
    for name, colour in COLOURS.items():
        if max(abs(a - b) for a, b in zip(point, colour, strict=True)) <= 3:
            return name
    return str(point)


def corners(root: Path, transform=None, **options) -> dict[str, str]:
    """Each picture's name, and the colours of its upper corners."""
    to_tensor = [v2.ToImage(), v2.ToDtype(torch.float32, scale=True)]
    transform = transform or v2.Compose([v2.Resize(36), v2.CenterCrop(32), *to_tensor])
    dataset = ImageFolder(root, transform, loader=open_picture, **options)
    result = {}
    for (path, _), (image, _) in zip(dataset.samples, dataset, strict=True):
        assert image.shape[0] == 3 and image.dtype == torch.float32
        colours = colour_of(image[:, 0, 0]), colour_of(image[:, 0, -1])
        result[Path(path).relative_to(root).as_posix()] = " ".join(colours)
    return result


def corners_or_reason(root: Path) -> tuple[str, str]:
    """torchvision leaves its list of the folder open, which Python warns of when the error is
    gone; so the error ends here.
    """
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        try:
            return corners(root)
        except OSError as error:
            return error.strerror, Path(error.filename).name


@cache
def without_normalise() -> v2.Compose:
    """The backbone's transforms but the last, so that colours can be compared."""
    return v2.Compose(load_backbone("small").transforms.transforms[:-1])
