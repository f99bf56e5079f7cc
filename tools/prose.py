"""Find the quantities in a lesson's prose: in digits and in words, with what belongs to them.

"nearly nine in ten", "96.4 %", "94 to 97", "200 kB", "twice", "28 × 28" are a quantity each. Not
prose: code, formulas, links, the numbers of notebooks and exercises, versions, names such as
CIFAR-10, years of papers, the numbers of a list, "one" alone.
"""

import functools
import math
import re
from typing import NamedTuple

NOT_PROSE = re.compile(
    r"""
    ^[ >]*```.*?(?:^[ >]*```|\Z)                        # a block of code
    | (?P<tick>`+)(?!`).*?(?P=tick)                     # code in a sentence
    | \$\$.*?\$\$ | \$(?=\S)[^$\n]*?(?<=\S)\$(?!\d)     # formulas
    | <!--.*?--> | </?[a-zA-Z][^>]*>                    # HTML
    | \[[^]]*\]\([^)]*\.ipynb[^)]*\) | (?<=\])\([^)]*\) # links
    | https?://\S+
    | ^\#*\s*\d\d\ ·\ | ^[ >]*\d+[.)]\s                 # the title's number, a list's
    | ^About\ \d+\ s\ on\ two\ CPU\ cores\.             # tests/test_costs.py holds it
    | (?<=\ )About\ \d+\ s\ on\ two\ CPU\ cores\.
    | \b(?:[Nn]otebooks?|[Ll]essons?)\ \d\d(?:(?:,|\ and|\ or|\ to)\ \d\d\b)*
    | \b[Ee]xercises?\ \d\d\.\d(?:(?:,|\ and|\ or|\ to)\ \d\d\.\d)* | \b0\d\.\d\b
    | \b(?:Python|PyTorch|torch|torchvision|[Nn]um[Pp]y|[Mm]atplotlib|CUDA|cuDNN|macOS|Windows
        |Ubuntu|[Vv]ersions?|[Ii]ssues?)\ \d+(?:\.\d+)*(?:(?:,|\ and|\ or|\ to)\ \d+\.\d+)*
    | \b[A-Z]\w*[A-Z]\w*-\d+\w*                         # CIFAR-10
    | \b(?<!\d)[A-Za-z_]\w*\d\w* | \b\d-?[dD]\b         # float32, 2D
    | (?:(?<=\()|(?<=,\ )|(?<=al\.\ ))(?:19[5-9]|20[0-4])\d(?=[]).;,])  # (Kingma, 2015)
    """,
    re.S | re.M | re.X,
)

ONES = "two three four five six seven eight nine ten eleven twelve thirteen fourteen".split()
ONES += "fifteen sixteen seventeen eighteen nineteen".split()
WORDS = {"zero": 0, "one": 1} | {word: n for n, word in enumerate(ONES, start=2)}
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
WORDS |= {word: n for n, word in zip(range(20, 100, 10), TENS, strict=True)}
SCALES = {"dozen": 12, "hundred": 100, "thousand": 1000, "million": 1e6, "billion": 1e9}
PARTS = {"half": 2, "halves": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5}
PARTS |= {"sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10, "twelfth": 12}
PARTS |= {"twentieth": 20, "hundredth": 100, "thousandth": 1000, "millionth": 1e6}
FACTORS = {"twice": 2, "thrice": 3, "double": 2, "triple": 3, "halve": 2}
# Of each unit, what one of it may be in code: 200 kB is 200, 200,000 or 204,800.
UNITS = {"‰": [1, 0.001], "%": [1, 0.01], "percent": [1, 0.01], "per cent": [1, 0.01]}
for power, prefix in enumerate("kMGT", start=1):
    for unit in ("B", "iB", "bit", "Hz"):
        UNITS[prefix + unit] = [1, 1000**power, 1024**power]
UNITS |= {"KB": UNITS["kB"], "ms": [1, 1e-3], "milliseconds?": [1, 1e-3]}
UNITS |= {"[µμ]s": [1, 1e-6], "microseconds?": [1, 1e-6], "ns": [1, 1e-9], "s": [1]}
UNITS |= {"minutes?": [1, 60], "hours?": [1, 60, 3600], "days?": [1, 24, 86400]}
UNITS |= dict.fromkeys(["bytes?", "bits?", "seconds?", "epochs?", "steps?"], [1])


def _any(words) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


DIGITS = r"(?:(?<!\w)[-−+])?(?:(?<![\w.])|(?<=\dx))(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?"
DIGITS += r"(?:e[-+−]?\d+)?[⁻⁰¹²³⁴-⁹]*"
SCALE = rf"(?:{_any(SCALES)})s?"
WORD = rf"(?:{SCALE}|{_any(WORDS)})"
WHOLE = rf"{WORD}(?:(?:[ -]|(?<=dred) and |(?<=sand) and ){WORD}\b)*(?:-?fold)?"
PART = rf"(?:half an? (?=(?:{SCALE})\b)(?:{SCALE})|(?:{WHOLE}[ -])?(?:{_any(PARTS)})s?)"
FACTOR = rf"(?:{_any(FACTORS)})[sd]?"
WORDED = rf"\b(?:{PART}|{FACTOR}|{WHOLE}(?: and a half)?)\b(?![- ]party|[- ]precision)"
NUMBER = rf"(?:{DIGITS}(?:[ -]{SCALE}\b)?|{WORDED})"
MULTIPLE = r"[×x](?! ?\d)|-?fold|times"
MULTIPLE += r"(?: (?:as|more|less|fewer|larger|smaller|faster|slower|longer)\b)?"
UNIT = rf"(?:[ -]?(?:{_any(UNITS)}|{MULTIPLE})(?!\w)(?:/\w+)?)"
PRODUCT, RANGE = r"(?: ?[×x] ?| by )", r"(?: to | or | ?– ?|-)(?:an? )?"
RATIO = r"(?: in | out of | of )(?:the |every |an? )?| ?/ ?"
BEFORE = r"(?:\w+er|more|less|worse) than|at least|at most|not quite|as (?:many|much) as|up to"
BEFORE += "|about|around|roughly|nearly|almost|over|under|above|below|exactly|only"
QUANTITY = re.compile(
    rf"(?P<shape>\((?:\w+, ?)*\d+(?:, ?\w+)*,?\))"
    rf"|(?:\b(?:{BEFORE}) (?:an? )?)?(?:between {NUMBER}{UNIT}? and )?{NUMBER}"
    rf"(?:(?P<ratio>{RATIO}){NUMBER}|(?P<product>{PRODUCT}{NUMBER})+|{UNIT}?{RANGE}{NUMBER})?"
    rf"{UNIT}?(?: or (?:more|less|fewer)\b)?",
    re.I,
)
ONE_NUMBER = re.compile(rf"(?P<number>{NUMBER})(?P<unit>{UNIT})?", re.I)
# Where a paragraph begins, a row, an item.
NEW_LINE = r"\s*\n(?:\s*\n\s*|(?=\s*(?:[-*|] ?|\#|\d+[.)]\s)))"
ONE_ALONE = rf"(?:(?:only|exactly|over|under|above|below) )?one(?:{UNIT})?$"
SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


class Number(NamedTuple):
    """One number of a quantity, and by what it may stand in code: 90 and 0.9 for "90 %"."""

    text: str
    values: tuple[float, ...]


class Quantity(NamedTuple):
    """A place in the text; its numbers; what the whole may be in code: 0.9 for "nine in ten"."""

    start: int
    end: int
    text: str
    numbers: tuple[Number, ...]
    whole: tuple[float, ...] = ()


@functools.lru_cache(maxsize=10_000)
def plain(source: str) -> tuple[str, str]:
    """A cell's text without emphasis, one line a paragraph; and with a bar for what is no prose."""
    masked = NOT_PROSE.sub(lambda match: "|" * len(match[0]), source)
    unquoted = re.sub(r"(?m)^[ \t]*>[ \t]?", lambda match: " " * len(match[0]), source)
    text, prose = [""], [""]
    for match in re.finditer(rf"(?P<line>{NEW_LINE})|(?P<space>\s+)|[*`]+|.", unquoted):
        letter = "\n" if match["line"] else " " if match["space"] else match[0]
        if letter[0] in "*`" or (letter == " " and text[-1] in ("", " ", "\n")):
            continue
        text.append(letter)
        prose.append("|" if masked[match.start()] == "|" else letter)
    return "".join(text), "".join(prose)


def value(text: str) -> tuple[float, bool]:
    """The value of a number, and whether it is a share or a factor: its inverse may be meant."""
    text = text.lower()
    if match := re.fullmatch(rf"({DIGITS})(?:[ -]({SCALE}))?", text):
        number, scale = match.groups()
        base, power = re.fullmatch(r"(.*?)([⁻⁰¹²³⁴-⁹]*)", number).groups()
        base = abs(float(base.replace(",", "").replace("−", "-")))
        base **= float(power.translate(SUPERSCRIPTS)) if power else 1
        return base * (SCALES[scale.rstrip("s")] if scale else 1), False
    words = re.findall(r"[a-z]+", text.replace("fold", " "))
    *front, last = [w if w in WORDS or w in PARTS else w.rstrip("s") for w in words]
    if last.rstrip("d") in FACTORS or last in FACTORS:
        return FACTORS.get(last) or FACTORS[last.rstrip("d")], True
    if front[:1] == ["half"]:  # a million
        return SCALES[last] / 2, False
    if last in PARTS and "and" not in front[-2:]:
        return (value(" ".join(front))[0] if front else 1) / PARTS[last], True
    total = current = 0
    for word in [*front, last]:
        if word in SCALES:
            current = max(current, 1) * SCALES[word]
            if word != "hundred":
                total, current = total + current, 0
        else:
            current += 0.5 if word == "half" else WORDS.get(word, 0)
    return total + current, "fold" in text


def numbers(text: str, unit: str = "") -> tuple[Number, ...]:
    """The numbers of a quantity. What has no unit has the next one's: "94 to 97 %"."""
    result = []
    for match in reversed(list(ONE_NUMBER.finditer(text))):
        unit = (match["unit"] or unit).strip(" -").split("/")[0]
        number, inverse = value(match["number"])
        factors = next((UNITS[name] for name in UNITS if re.fullmatch(name, unit)), [1])
        values = [number * factor for factor in factors]
        if number and (inverse or re.fullmatch(MULTIPLE, unit)):
            values += [1 / number] + [100 * number] * (number < 1)
        result.append(Number(match[0], tuple(values)))
    return tuple(reversed(result))


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
