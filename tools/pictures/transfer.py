"""Drawings about transfer learning: a frozen backbone with a new head, kept features."""

from torch import nn

from helper.pictures import FLOWERS
from helper.pretrained import load_backbone
from pictures.canvas import Drawing
from pictures.folders import flower
from pictures.palette import BLUE, GREEN, GREY, NORMAL, VERMILLION


def _count(module: nn.Module) -> str:
    return f"{sum(p.numel() for p in module.parameters()):,}"


def freeze_and_replace() -> Drawing:
    backbone = load_backbone("small")
    features, old = backbone.model.features, backbone.model.classifier
    classes = sorted(path.name for path in (FLOWERS / "train").iterdir())
    new = nn.Sequential(
        nn.BatchNorm1d(old.in_features), nn.Linear(old.in_features, len(classes))
    )
    size, given = backbone.size, old.in_features
    drawing = Drawing(
        "Freeze the backbone, replace the head",
        f"A picture of shape (3, {size}, {size}) goes through the backbone, whose "
        f"{_count(features)} parameters are frozen, and becomes {given} features. The old "
        f"head, with {_count(old)} parameters, for {len(backbone.classes)} classes of CIFAR-10, is "
        f"removed. A new head with {_count(new)} parameters, a normalisation and "
        f"{given} → {len(classes)}, takes its place, and learns {len(classes)} kinds of flowers.",
        320,
    )
    flower(drawing, 24, 120, 84, 84, "daisy")
    drawing.text(66, 222, f"(3, {size}, {size})", code=True)
    drawing.line((114, 162), (146, 162), arrow=True)
    drawing.box(150, 72, 190, 180, accent=GREY, thick=2.5, radius=10)
    _lock(drawing, 245, 104)
    drawing.text(245, 146, "backbone", bold=True, size=NORMAL)
    drawing.text(245, 170, "frozen", colour=GREY.text)
    drawing.text(245, 200, _count(features), code=True)
    drawing.text(245, 222, "parameters", colour=GREY.text)
    drawing.text(245, 280, "requires_grad = False", code=True)
    drawing.line((340, 162), (376, 162))
    drawing.line((376, 162), (376, 84), (446, 84), arrow=True, dashed=True)
    drawing.line(
        (376, 162), (376, 226), (446, 226), colour=GREEN.line, thick=2.5, arrow=True
    )
    drawing.text(386, 150, "features", anchor="start")

    drawing.box(450, 32, 130, 104, accent=GREY, dashed=True)
    drawing.text(515, 54, "old head", bold=True)
    drawing.text(515, 84, f"{given} → {len(backbone.classes)}", code=True)
    drawing.text(515, 114, _count(old), code=True)
    drawing.line((438, 20), (462, 44), colour=VERMILLION.line, thick=4)
    drawing.line((438, 44), (462, 20), colour=VERMILLION.line, thick=4)
    drawing.text(515, 154, "removed", colour=VERMILLION.text, bold=True)
    drawing.box(450, 174, 130, 104, accent=GREEN, thick=2.5)
    drawing.text(515, 196, "new head", bold=True)
    drawing.text(515, 226, f"norm + {given} → {len(classes)}", code=True)
    drawing.text(515, 256, _count(new), code=True)
    drawing.text(515, 298, "learns", colour=GREEN.text, bold=True)
    drawing.line((580, 84), (604, 84), arrow=True, dashed=True)
    drawing.line((580, 226), (604, 226), colour=GREEN.line, thick=2.5, arrow=True)
    for i, words in enumerate((backbone.classes[0], backbone.classes[1], "…")):
        drawing.text(610, 64 + 20 * i, words, colour=GREY.text, anchor="start")
    for i, words in enumerate(classes):
        drawing.text(610, 186 + 20 * i, words, colour=GREEN.text, anchor="start")
    return drawing


def _lock(drawing: Drawing, x: float, y: float) -> None:
    """A padlock, with its middle at (x, y)."""
    drawing.line(
        (x - 7, y), (x - 7, y - 9), (x - 4, y - 13), (x + 4, y - 13), (x + 7, y - 9), (x + 7, y),
        thick=2.5,
    )  # fmt: skip
    drawing.box(x - 12, y, 24, 17, fill=GREY.line, radius=2)


def kept_features() -> Drawing:
    old = load_backbone("small").model.classifier
    folders = sorted((FLOWERS / "train").iterdir())
    # The lesson keeps every fifth for validation.
    count = sum(len(list(folder.iterdir())) for folder in folders) * 4 // 5
    given = old.in_features
    drawing = Drawing(
        "Compute the features once, train the head on them",
        f"On the left, {count} pictures go through the frozen backbone once, and come out as a "
        f"table of features of shape ({count}, {given}), a row for each picture, which is kept. "
        "On the right, the head is trained on this table for many epochs, without the backbone.",
        280,
    )
    for i in range(12):
        kind = folders[(3 * i) % 5].name
        flower(drawing, 24 + 34 * (i % 3), 66 + 34 * (i // 3), 32, 32, kind)
    drawing.text(74, 224, f"{count} pictures")
    drawing.line((132, 133), (164, 133), arrow=True)
    drawing.box(168, 78, 130, 110, accent=GREY, thick=2.5, radius=10)
    _lock(drawing, 233, 100)
    drawing.text(233, 140, "backbone", bold=True, size=NORMAL)
    drawing.text(233, 164, "frozen", colour=GREY.text)
    drawing.line((298, 133), (338, 133), arrow=True)
    for i in range(7):
        for j in range(6):
            drawing.box(
                342 + 19 * j, 66 + 19 * i, 19, 19, accent=BLUE, radius=0, thick=1
            )
    drawing.text(399, 224, f"({count}, {given})", code=True)
    drawing.text(399, 246, "features, kept", colour=BLUE.text)
    drawing.line((456, 133), (520, 133), arrow=True)
    drawing.box(524, 92, 130, 82, accent=GREEN, thick=2.5)
    drawing.text(589, 120, "head", bold=True, size=NORMAL)
    drawing.text(589, 146, f"{given} → {len(folders)}", code=True)
    way = ((654, 120), (684, 120), (684, 204), (488, 204), (488, 140))
    drawing.line(*way, colour=GREEN.line, thick=2.5, arrow=True)
    drawing.text(586, 224, "every epoch", colour=GREEN.text)
    for left, right, words in ((24, 456, "once"), (476, 696, "many epochs")):
        drawing.line((left, 44), (right, 44), thick=1.5)
        drawing.text((left + right) / 2, 28, words, bold=True, size=NORMAL)
    return drawing


DRAWINGS = [freeze_and_replace, kept_features]
