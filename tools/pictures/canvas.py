"""What every drawing is made of: a white card, and a few shapes on it.

The card is opaque, so that a drawing can be read on a light and on a dark page.
"""

from collections.abc import Sequence
from html import escape
from math import hypot

from pictures.palette import (
    BORDER,
    GREY,
    INK,
    NUMBERS,
    PALE,
    SMALL,
    WHITE,
    WORDS,
    Accent,
)
from pictures.svg import number, points, runs, tag

Point = tuple[float, float]

WIDTH = 720  # as wide as a notebook shows it
SHARP = {"shape_rendering": "crispEdges"}  # no seams between pixels


class Drawing:
    """An SVG picture of one idea: its title, its alternative text, and its shapes in order."""

    def __init__(self, title: str, alternative: str, height: int) -> None:
        self.title, self.alternative, self.height = title, alternative, height
        self._shapes: list[str] = []

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: int = SMALL,
        colour: str = INK,
        anchor: str = "middle",
        code: bool = False,
        bold: bool = False,
    ) -> None:
        """Words beside x (anchor "start", "middle" or "end"), their middle at y."""
        family = NUMBERS if code else None  # else that of the whole picture
        weight = "bold" if bold else None
        shape = tag(
            "text",
            escape(words, quote=False),
            x=x,
            y=y + 0.35 * size,
            font_size=size,
            fill=colour,
            text_anchor=anchor,
            font_family=family,
            font_weight=weight,
        )
        self._shapes.append(shape)

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        fill: str = WHITE,
        line: str = GREY.line,
        accent: Accent | None = None,
        thick: float = 1.5,
        radius: float = 6,
        dashed: bool = False,
    ) -> None:
        """Filled with `fill`; an accent gives both line and ground."""
        line, fill = (accent.line, accent.tint) if accent else (line, fill)
        shape = tag(
            "rect",
            x=x,
            y=y,
            width=width,
            height=height,
            rx=radius or None,
            fill=fill,
            stroke=line,
            stroke_width=thick,
            stroke_dasharray="5 4" if dashed else None,
        )
        self._shapes.append(shape)

    def circle(
        self,
        x: float,
        y: float,
        radius: float,
        *,
        fill: str = WHITE,
        line: str = GREY.line,
        accent: Accent | None = None,
        thick: float = 1.5,
    ) -> None:
        line, fill = (accent.line, accent.tint) if accent else (line, fill)
        shape = tag(
            "circle",
            cx=x,
            cy=y,
            r=radius,
            fill=fill,
            stroke=line,
            stroke_width=thick,
        )
        self._shapes.append(shape)

    def line(
        self,
        *places: Point,
        colour: str = GREY.line,
        thick: float = 2,
        dashed: bool = False,
        arrow: bool = False,
    ) -> None:
        """Through all points; with an arrow, its tip is at the last one."""
        way = list(places)
        if arrow:
            way[-1] = self._head(way[-2], way[-1], colour, 4 + 2 * thick)
        shape = tag(
            "polyline",
            points=points(way),
            fill="none",
            stroke=colour,
            stroke_width=thick,
            stroke_linejoin="round",
            stroke_dasharray="5 4" if dashed else None,
        )
        self._shapes.append(shape)

    def _head(self, before: Point, tip: Point, colour: str, size: float) -> Point:
        """Draw an arrow's head, and say where its shaft ends."""
        dx, dy = tip[0] - before[0], tip[1] - before[1]
        dx, dy = size * dx / hypot(dx, dy), size * dy / hypot(dx, dy)
        end = (tip[0] - dx, tip[1] - dy)
        left = (end[0] - dy / 2, end[1] + dx / 2)
        right = (end[0] + dy / 2, end[1] - dx / 2)
        self.polygon(tip, left, right, fill=colour)
        return end

    def polygon(self, *corners: Point, fill: str) -> None:
        self._shapes.append(tag("polygon", points=points(corners), fill=fill))

    def segments(self, pairs: Sequence[tuple[Point, Point]]) -> None:
        """Many thin lines at once, as between two layers."""
        path = "".join(
            f"M{number(a)} {number(b)}L{number(c)} {number(d)}"
            for (a, b), (c, d) in pairs
        )
        self._shapes.append(tag("path", d=path, stroke=PALE, stroke_width=0.7))

    def pixels(self, x: float, y: float, image: Sequence, *, pixel: float) -> None:
        """A picture of whole numbers from 0 (black) to 255 (white), a square a pixel."""
        size = len(image)
        self.box(x, y, size * pixel, size * pixel, fill="#000000", line=PALE, radius=0)
        place = f"translate({number(x)} {number(y)}) scale({pixel:g})"
        for level in range(1, 9):  # eight greys are enough, and small
            path = "".join(runs(image, level))
            grey = "#" + 3 * f"{level * 255 // 8:02x}"
            shape = tag("path", d=path, fill=grey, transform=place, **SHARP)
            self._shapes.append(shape)

    def svg(self) -> str:
        card = tag(
            "rect",
            id="card",
            x=0.5,
            y=0.5,
            width=WIDTH - 1,
            height=self.height - 1,
            rx=10,
            fill=WHITE,
            stroke=BORDER,
        )
        said = [
            tag("title", escape(self.title)),
            tag("desc", escape(self.alternative, quote=False)),
        ]
        content = "\n".join(["", *said, card, *self._shapes, ""])
        picture = tag(
            "svg",
            content,
            xmlns="http://www.w3.org/2000/svg",
            viewBox=f"0 0 {WIDTH} {self.height}",
            width=WIDTH,
            height=self.height,
            role="img",
            font_family=WORDS,
        )
        return picture + "\n"
