"""What a figure shows, as text beside its picture: so that nbval compares figures too.

Pixels differ from one machine to the next; the lines, bars, pictures and words of a figure
hardly do. This module is an extension of IPython, which the kernels of the tests and of
`make refresh` load (tools/surroundings.py), and no other kernel does: each figure then comes with
a second form, `MIME`, of one line of JSON for each thing that is drawn.

How two of them are compared: tools/tolerance.py.
"""

import json
import math

MIME = "text/x-figure-data"
MOST = 16  # values that are kept of a line


def load_ipython_extension(shell) -> None:
    from IPython.core.formatters import PlainTextFormatter

    class FigureData(PlainTextFormatter):
        format_type = MIME

        def __call__(self, shown):
            if any(c.__module__ == "matplotlib.figure" for c in type(shown).__mro__):
                return describe(shown)
            return None

    formatter = shell.display_formatter
    formatter.formatters[MIME] = FigureData(parent=formatter)
    formatter.active_types = [*formatter.active_types, MIME]


def describe(figure) -> str:
    """One line of JSON for the figure, each of its axes, and each thing that is drawn there."""
    words = [text.get_text() for text in figure.texts]
    lines = [{"figure": len(figure.axes), "words": words}]
    for place, axes in enumerate(figure.axes):
        lines.append({"axes": place} | _frame(axes))
        logs = [axes.get_xscale() == "log", axes.get_yscale() == "log"]
        for line in axes.lines:
            x, y = line.get_data(orig=False)
            lines.append(_drawn("line", _name(line), x, y, logs))
            lines[-1]["style"] = str(line.get_linestyle())
        for points in axes.collections:
            lines.append(_collection(points, logs))
        for bar in (patch for patch in axes.patches if hasattr(patch, "get_width")):
            corner, size = bar.get_xy(), (bar.get_width(), bar.get_height())
            ends = zip(corner, map(sum, zip(corner, size, strict=True)), strict=True)
            lines.append(_drawn("bar", _name(bar), *ends, logs))
        lines.extend(map(_image, axes.images))
    return "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)


def _name(drawn) -> str:
    """Its label, but for those that matplotlib makes up and counts."""
    label = str(drawn.get_label())
    return "" if label.startswith("_") else label


def _frame(axes) -> dict:
    legend = axes.get_legend()
    words = [axes.get_title(), axes.get_xlabel(), axes.get_ylabel()]
    words += [text.get_text() for text in axes.texts]
    words += [text.get_text() for text in legend.get_texts()] if legend else []
    for axis in (axes.xaxis, axes.yaxis):
        # Names of classes, say. Ticks that matplotlib chooses follow from the limits.
        locator = axis.get_major_locator()
        if type(locator).__name__ in ("FixedLocator", "StrCategoryLocator"):
            words += axis.get_major_formatter().format_ticks(locator())
    x = [_number(end, axes.get_xscale() == "log") for end in axes.get_xlim()]
    y = [_number(end, axes.get_yscale() == "log") for end in axes.get_ylim()]
    return {"x": x, "y": y, "words": [str(word) for word in words]}


def _number(value, log: bool = False) -> float | None:
    """As it lies on its axis: four digits, its logarithm on an axis of powers."""
    value = float(value)
    if log:
        value = math.log10(value) if value > 0 else -math.inf
    return float(f"{value:.4g}") if math.isfinite(value) else None


def _some(values) -> list:
    """The first, the last, and so many between them that there are at most MOST."""
    values = list(values)
    if len(values) <= MOST:
        return values
    return [values[i * (len(values) - 1) // (MOST - 1)] for i in range(MOST)]


def _drawn(kind: str, name: str, x, y, logs: list[bool]) -> dict:
    x, y = list(x), list(y)
    shown = {kind: len(x), "name": name}
    for axis, values, log in zip("xy", (x, y), logs, strict=True):
        shown[axis] = [_number(value, log) for value in _some(values)]
    return shown


def _collection(collection, logs: list[bool]) -> dict:
    """Points by their places, areas by their outlines, meshes by what their colours say."""
    places, colours = collection.get_offsets(), collection.get_array()
    if not len(places) or (len(places) == 1 and not places.any()):
        paths = collection.get_paths() if colours is None else []
        places = [corner for path in _some(paths) for corner in path.vertices]
    x, y = ([place[i] for place in places] for i in (0, 1))
    shown = _drawn("points", _name(collection), x, y, logs)
    if colours is not None:
        low, high = collection.get_clim()
        values = _some(colours.ravel())
        shown["range"] = [_number(low), _number(high)]
        shown["values"] = [_number(value) for value in values]
    return shown


def _image(image) -> dict:
    """Its size, and the means of sixteen parts of it."""
    values = image.get_array()
    low, high = image.get_clim()
    if values.ndim == 3:  # colours; matplotlib clips them so
        low, high = (0, 255) if values.dtype.kind == "u" else (0, 1)
    rows, columns = values.shape[:2]
    means = []
    for i in range(4):
        for j in range(4):
            part = values[
                i * rows // 4 : max((i + 1) * rows // 4, i * rows // 4 + 1),
                j * columns // 4 : max((j + 1) * columns // 4, j * columns // 4 + 1),
            ]
            means.append(_number(part.mean()))
    return {
        "image": list(values.shape),
        "range": [_number(low), _number(high)],
        "values": means,
    }
