"""The colours, sizes and fonts of all drawings.

The accents can be told apart without seeing colours well. A line has a contrast of 3 : 1
or more on its ground, a text of 4.5 : 1.
"""

from typing import NamedTuple


class Accent(NamedTuple):
    """One colour, as strong as its use needs."""

    line: str
    text: str
    tint: str  # a ground for both


BLUE = Accent("#0072b2", "#005a8c", "#eaf4fa")
VERMILLION = Accent("#d55e00", "#a34400", "#fdf0e7")
GREEN = Accent("#009e73", "#006b4e", "#e8f6f1")
GREY = Accent("#595959", "#595959", "#f2f2f2")
INK, WHITE, PALE, BORDER = "#222222", "#ffffff", "#8c8c8c", "#cccccc"

SMALL, NORMAL, HUGE = 14, 16, 64  # text, as a drawing is shown
WORDS = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
NUMBERS = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
