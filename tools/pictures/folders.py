"""A drawing about folders of pictures, with small flowers for the pictures."""

from math import cos, pi, sin

from helper.pictures import FLOWERS
from pictures.canvas import Drawing
from pictures.palette import GREY, NORMAL

GRASS, BROWN = "#3d6b3a", "#5b3a1e"
COLOURS = {
    "daisy": ("#ffffff", "#ffd42a"),
    "dandelion": ("#f4e04d", "#f4e04d"),
    "rose": ("#ffb3c1", "#c2185b"),
    "sunflower": ("#ffc21a", BROWN),
    "tulip": ("#ffb3c1", "#ffb3c1"),
}
TULIP = [(-0.5, -0.6), (-0.25, -0.15), (0, -0.6), (0.25, -0.15), (0.5, -0.6)]
TULIP += [(0.5, 0.2), (0, 0.6), (-0.5, 0.2)]


def folders_to_batches() -> Drawing:
    folder = FLOWERS / "train"
    classes = sorted(path.name for path in folder.iterdir())
    shown = ("daisy", "rose", "tulip")
    drawing = Drawing(
        "From folders of pictures to batches",
        "Four steps from left to right. A folder train holds a folder for each class, daisy, "
        "dandelion, rose, sunflower and tulip, with pictures of any size. ImageFolder makes pairs "
        "of a picture and a label, the class's place in the sorted names. A transform makes a "
        "tensor of shape (3, 96, 96) of each picture. DataLoader stacks sixteen of them: images "
        "of shape (16, 3, 96, 96), labels of shape (16,).",
        330,
    )
    for x, name in (
        (86, "folders"),
        (270, "ImageFolder"),
        (436, "transform"),
        (610, "DataLoader"),
    ):
        drawing.text(x, 28, name, bold=True, size=NORMAL)
    tree = ["train/"]
    for name in classes:
        tree.append(f"    {name}/")
        if name == classes[0]:
            tree += [f"        {name}_00.jpg", "        …"]
    for i, words in enumerate(tree):
        left = 24 + 3.5 * (len(words) - len(words.lstrip()))
        drawing.text(left, 76 + 26 * i, words.strip(), code=True, anchor="start")
    sizes = ((54, 40), (40, 54), (58, 40))
    for i, (kind, (wide, high)) in enumerate(zip(shown, sizes, strict=True)):
        y = 96 + 76 * i
        flower(drawing, 252 - wide / 2, y - high / 2, wide, high, kind)
        label = f", {classes.index(kind)})"
        drawing.text(216, y, "(", code=True, size=NORMAL, anchor="end")
        drawing.text(288, y, label, code=True, size=NORMAL, anchor="start")
        drawing.line((340, y), (398, y), arrow=True)
        flower(drawing, 416, y - 20, 40, 40, kind)
    for i in range(16):
        kind = classes[(3 * i) % 5]
        flower(drawing, 550 + 31 * (i % 4), 72 + 31 * (i // 4), 29, 29, kind)
    drawing.line((176, 172), (204, 172), arrow=True)
    drawing.line((474, 172), (536, 172), arrow=True)
    drawing.text(270, 302, "(picture, label)", colour=GREY.text)
    drawing.text(436, 302, "(3, 96, 96)", code=True)
    drawing.text(610, 226, "images", bold=True)
    drawing.text(610, 248, "(16, 3, 96, 96)", code=True)
    drawing.text(610, 280, "labels", bold=True)
    drawing.text(610, 302, "(16,)", code=True)
    return drawing


def flower(
    drawing: Drawing, x: float, y: float, width: float, height: float, kind: str
) -> None:
    """A picture of this size with a flower in its middle."""
    drawing.box(x, y, width, height, fill=GRASS, line=GRASS, radius=0)
    a, b, size = x + width / 2, y + height / 2, min(width, height) / 2
    petal, middle = COLOURS[kind]
    if kind == "tulip":
        drawing.polygon(*((a + c * size, b + d * size) for c, d in TULIP), fill=petal)
        return
    for i in range(8):
        angle = i * pi / 4
        place = (a + 0.5 * size * cos(angle), b + 0.5 * size * sin(angle))
        drawing.circle(*place, 0.24 * size, fill=petal, line=petal)
    drawing.circle(a, b, 0.45 * size, fill=petal, line=petal)
    drawing.circle(a, b, 0.28 * size, fill=middle, line=BROWN, thick=1)


DRAWINGS = [folders_to_batches]
