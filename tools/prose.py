"""Find the quantities in a lesson's prose: in digits and in words, with what belongs to them.

"nearly nine in ten", "96.4 %", "94 to 97", "200 kB", "twice", "28 × 28" are a quantity each. Not
prose: code, formulas, where links lead, the numbers of notebooks and exercises, versions, names
such as CIFAR-10, years of papers, the numbers of a list, "one" alone.
"""

import functools
import math
import re
from typing import NamedTuple

from number_words import NUMBER, UNIT, Number, numbers

# More of the kind: "notebooks 05, 06 and 07".
MORE = r"(?:(?:,|\ and|,\ and|\ or|\ to)\ "
NOT_PROSE = re.compile(
    rf"""
    ^[ >]*```.*?(?:^[ >]*```|\Z)                        # a block of code
    | (?P<tick>`+)(?!`).*?(?P=tick)                     # code in a sentence
    | \$\$.*?\$\$ | \$(?=\S)[^$\n]*?(?<=\S)\$(?!\d)     # formulas
    | <!--.*?--> | </?[a-zA-Z][^>]*>                    # HTML
    | !\[[^]]*(?:\][^]]*)*?\]\(pictures/[a-z_]+\.svg\)   # tests/test_drawings.py holds it
    | \[(?:←\ )?\d\d\b[^]]*\]\([^)]*\.ipynb[^)]*\)        # [05 · Check a network](05_...)
    | (?<=\])\([^)]*\) | https?://\S+                   # links
    | ^\#*\s*\d\d\ ·\                                   # the number in a title
    | ^[ >]*(?P<item>\d+)[.)]\s                         # in a list
    | (?:^|(?<=\ ))About\ \d+\ s\ on\ two\ CPU\ cores\. # tests/test_costs.py holds it
    | \b(?:[Nn]otebooks?|[Ll]essons?)\ \d\d\b{MORE}\d\d\b)*
    | \b[Ee]xercises?\ \d\d\.\d{MORE}\d\d\.\d)* | \b0\d\.\d\b
    | \b(?:Python|PyTorch|torch|torchvision|[Nn]um[Pp]y|[Mm]atplotlib|CUDA|cuDNN|macOS|Windows
        |Ubuntu|[Vv]ersions?|[Ii]ssues?)\ \d+(?:\.\d+)*{MORE}\d+\.\d+)*
    | \b[A-Z]\w*[A-Z]\w*-\d+\w*                         # CIFAR-10
    | \b[A-Za-z_]\w*\d\w* | \b\d-?[dD]\b                # float32, 2D
    | \b\d+_\w+(?:\.\w+)?                               # 12_train.py
    | (?:(?<=\()|(?<=,\ )|(?<=al\.\ ))(?:19[5-9]|20[0-4])\d(?=[]).;,])  # (Kingma, 2015)
    """,
    re.S | re.M | re.X,
)
# The brackets and the target of "[notebook 05](05_validation.ipynb)", and of "[05](05_...)".
LINK_TO_LESSON = (
    r"(?<!!)\[(?=(?:(?:[Nn]otebook|[Ll]esson) )?\d\d\]\(\d\d_\w+\.ipynb\))"
    r"|(?<=\d\d)\]\(\d\d_\w+\.ipynb\)"
)
# What is said of a number before it and after it belongs to the quantity.
BEFORE = r"(?:\w+er|more|less|worse) than|at least|at most|not quite|as (?:many|much|few) as|up to"
BEFORE += (
    "|about|around|approximately|roughly|close to|nearly|almost|over|under|above|below"
)
BEFORE = (
    rf"\b(?:not? )?(?:{BEFORE}|beyond|within|just|exactly|only) (?:an? )?|[~≈<>≤≥±] ?"
)
AFTER = r" or (?:more|less|fewer|so)\b| at (?:most|least)\b"
PRODUCT, RANGE = r"(?: ?[×x] ?| by )", r"(?: to | or | ?– ?|-)(?:an? )?"
RATIO = r"(?:(?:(?<=[a-z]) [a-z]+)? in | out of | of )(?:the |every |an? )?| ?/ ?"
QUANTITY = re.compile(
    rf"(?P<shape>\((?:\w+, ?)*\d+(?:, ?\w+)*,?\))"
    rf"|(?:{BEFORE})*(?:between {NUMBER}{UNIT}? and )?{NUMBER}"
    rf"(?:(?P<ratio>{RATIO}){NUMBER}|(?P<product>{PRODUCT}{NUMBER})+|{UNIT}?{RANGE}{NUMBER})?"
    rf"{UNIT}?(?:{AFTER})?",
    re.I,
)
ONE_ALONE = rf"(?:(?:only|just|exactly|over|under|above|below) )?one(?:{UNIT})?$"
# Where a paragraph begins, a row, an item.
NEW_LINE = r"\s*\n(?:\s*\n\s*|(?=\s*(?:[-*+] |\||\#|\d{1,2}[.)]\s)))"


class Quantity(NamedTuple):
    """A place in the text; its numbers; what the whole may be in code: 0.9 for "nine in ten"."""

    start: int
    end: int
    text: str
    numbers: tuple[Number, ...]
    whole: tuple[float, ...] = ()


def masked(source: str) -> str:
    """A cell's text, with bars for what is no prose."""
    items = ["0"]

    def hide(match: re.Match) -> str:
        if match["item"]:
            if int(match["item"]) not in (1, int(items[-1]) + 1):
                return match[0]  # a sentence ends: "in batches of\n64. Then"
            items.append(match["item"])
        return "|" * len(match[0])

    return NOT_PROSE.sub(hide, source)


@functools.lru_cache(maxsize=10_000)
def plain(source: str) -> tuple[str, str]:
    """A cell's text without emphasis and links to lessons, a line a paragraph; and with bars."""
    hidden = masked(source)
    unquoted = re.sub(r"(?m)^[ \t]*>[ \t]?", lambda match: " " * len(match[0]), source)
    text, prose = [""], [""]
    for match in re.finditer(
        rf"(?P<line>{NEW_LINE})|(?P<space>\s+)|(?P<unsaid>{LINK_TO_LESSON}|[*`]+)|.",
        unquoted,
    ):
        letter = "\n" if match["line"] else " " if match["space"] else match[0]
        if match["unsaid"] or (letter == " " and text[-1] in ("", " ", "\n")):
            continue
        text.append(letter)
        prose.append("|" if hidden[match.start()] == "|" else letter)
    return "".join(text), "".join(prose)


def _quantity(match: re.Match) -> Quantity:
    """A shape, such as (N, 1, 28, 28), is one quantity too."""
    text = match[0].replace(",", " ") if match["shape"] else match[0]
    found, whole = numbers(text), ()
    if match["product"]:
        whole = (math.prod(number.values[0] for number in found),)
    elif match["ratio"] and found[-1].values[0]:
        share = found[0].values[0] / found[1].values[0]
        whole = (share, 100 * share)
    return Quantity(match.start(), match.end(), match[0], found, whole)


@functools.lru_cache(maxsize=10_000)
def quantities(source: str) -> tuple[Quantity, ...]:
    """Every quantity in the prose of a markdown cell."""
    found = [_quantity(match) for match in QUANTITY.finditer(plain(source)[1])]
    return tuple(q for q in found if not re.match(ONE_ALONE, q.text, re.I))
