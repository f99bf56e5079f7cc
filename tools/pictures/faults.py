"""A drawing about finding faults: the order in which to look."""

from pictures.canvas import Drawing
from pictures.palette import BLUE, GREEN, GREY, NORMAL, VERMILLION


def where_to_look() -> Drawing:
    looks = [
        ("the data", "do pictures and labels belong together?", BLUE),
        ("the first loss", "is it near ln C?", BLUE),
        ("one batch", "can it be learned by heart?", BLUE),
        ("the learning rate", "too small, or too large?", VERMILLION),
        ("each layer", "a gradient? the right shapes? no NaN?", VERMILLION),
        ("the measuring", "the right mode? the same preparation?", GREEN),
        ("time and memory", "what does a step cost?", GREEN),
    ]
    said = " ".join(
        f"{number}, {name}: {question}"
        for number, (name, question, _) in enumerate(looks, 1)
    )
    drawing = Drawing(
        "The order in which to look",
        f"Seven boxes one below the other, joined by arrows. {said}",
        382,
    )
    high, gap = 36, 14
    for number, (name, question, accent) in enumerate(looks):
        y = 24 + number * (high + gap)
        drawing.box(150, y, 540, high, accent=accent, thick=2, radius=10)
        drawing.text(172, y + high / 2, f"{number + 1}", bold=True, size=NORMAL)
        drawing.text(194, y + high / 2, name, bold=True, size=NORMAL, anchor="start")
        drawing.text(360, y + high / 2, question, anchor="start", size=NORMAL)
        if number:
            drawing.line((420, y - gap), (420, y - 1), thick=2, arrow=True)
    drawing.text(82, 50, "cheap, and", colour=GREY.text)
    drawing.text(82, 70, "finds the most", colour=GREY.text)
    drawing.line((82, 90), (82, 310), thick=2, arrow=True)
    drawing.text(82, 330, "takes longer", colour=GREY.text)
    return drawing


DRAWINGS = [where_to_look]
