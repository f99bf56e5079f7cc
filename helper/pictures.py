"""Pictures in folders: the drawn flowers that ship, and how to read your own as one sees them."""

from pathlib import Path

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
