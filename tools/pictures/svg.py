"""SVG as text: elements, numbers, the path of a picture's pixels."""

from collections.abc import Iterable, Sequence
from html import escape


def number(value: float) -> str:
    """Rounded, so that every machine writes the same; + 0 makes a minus zero plain."""
    return f"{round(float(value), 1) + 0:g}"


def points(places: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{number(x)},{number(y)}" for x, y in places)


def tag(name: str, content: str | None = None, **attributes: object) -> str:
    """An element; an attribute that is None is left out."""
    start = name
    for key, value in attributes.items():
        if value is not None:
            value = number(value) if isinstance(value, (int, float)) else value
            start += f' {key.replace("_", "-")}="{escape(str(value))}"'
    return f"<{start}/>" if content is None else f"<{start}>{content}</{name}>"


def runs(image: Sequence, level: int) -> list[str]:
    """The pixels of one grey, those side by side together, as a path."""
    found = []
    for row, values in enumerate(image):
        greys = [(int(value) + 16) // 32 for value in values] + [0]
        start = None
        for column, grey in enumerate(greys):
            if grey == level and start is None:
                start = column
            elif grey != level and start is not None:
                found.append(f"M{start} {row}h{column - start}v1h{start - column}z")
                start = None
    return found
