"""What several drawings have in common: tables of numbers, axes."""

from collections.abc import Callable, Sequence

from torch import Tensor

from pictures.canvas import Drawing, Point
from pictures.palette import INK, WHITE

CELL = 36  # how high and wide one number of a table is


def table(
    drawing: Drawing,
    x: float,
    y: float,
    rows: Sequence[Sequence[object]],
    *,
    cell: float = CELL,
    marks: dict[tuple[int, int], tuple[str, str]] | None = None,
    dashed: bool = False,
) -> None:
    """Numbers in cells; `marks` gives some of them a ground and a colour."""
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            fill, colour = (marks or {}).get((i, j), (WHITE, INK))
            left, top = x + j * cell, y + i * cell
            drawing.box(left, top, cell, cell, fill=fill, radius=0, dashed=dashed)
            words = str(value)
            drawing.text(
                left + cell / 2, top + cell / 2, words, colour=colour, code=True
            )


def short(value: float | Tensor) -> str:
    """A number in at most three digits, with a real minus sign."""
    number = value.item() if isinstance(value, Tensor) else value
    return f"{number:.3g}".replace("-", "−")


def axes(
    drawing: Drawing,
    left: float,
    top: float,
    width: float,
    height: float,
    *,
    x: tuple[float, float],
    y: tuple[float, float],
) -> Callable[[float, float], Point]:
    """Two lines; gives back where a point (x, y) of the plot lies in the drawing."""
    bottom = top + height
    drawing.line((left, top), (left, bottom), (left + width, bottom), thick=1.5)

    def place(a: float, b: float) -> Point:
        along, up = (a - x[0]) / (x[1] - x[0]), (b - y[0]) / (y[1] - y[0])
        return left + width * float(along), bottom - height * float(up)

    return place
