"""Read a number as people write it: "1,437", "twenty-four", "half a million", "200 kB"."""

import re
import unicodedata
from typing import NamedTuple

ONES = "two three four five six seven eight nine ten eleven twelve thirteen fourteen".split()
ONES += "fifteen sixteen seventeen eighteen nineteen".split()
WORDS = {"zero": 0, "one": 1} | {word: n for n, word in enumerate(ONES, start=2)}
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
WORDS |= {word: n for n, word in zip(range(20, 100, 10), TENS, strict=True)}
SCALES = {"dozen": 12, "hundred": 100, "thousand": 1000, "million": 1e6, "billion": 1e9}
# Parts of a whole; or the third, the fourth.
PARTS = {"half": 2, "halves": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5}
PARTS |= {"sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10, "twelfth": 12}
PARTS |= {"twentieth": 20, "hundredth": 100, "thousandth": 1000, "millionth": 1e6}
FACTORS = {"twice": 2, "thrice": 3, "doubl": 2, "tripl": 3, "quadrupl": 4, "halv": 2}
# Of each unit, what one of it may be in code: 200 kB is 200, 200,000 or 204,800.
UNITS = {"‰": [1, 0.001], "%": [1, 0.01], "percent": [1, 0.01], "per cent": [1, 0.01]}
for power, prefix in enumerate("kMGT", start=1):
    for name in ("B", "iB", "bit", "Hz"):
        UNITS[prefix + name] = [1, 1000**power, 1024**power]
UNITS |= {"KB": UNITS["kB"], "ms": [1, 1e-3], "milliseconds?": [1, 1e-3]}
UNITS |= {"[µμ]s": [1, 1e-6], "microseconds?": [1, 1e-6], "ns": [1, 1e-9]}
UNITS |= {"minutes?": [1, 60], "hours?": [1, 60, 3600], "days?": [1, 24, 86400]}
UNITS |= {"[kK]": [1, 1000], "M": [1, 1e6], "weeks?": [1, 7]}
UNITS |= dict.fromkeys(["s", "seconds?", "bytes?", "bits?", "epochs?", "steps?"], [1])
MULTIPLE = r"[×x](?! ?\d)|-?fold|times"
MULTIPLE += (
    r"(?: (?:as|more|less|fewer|larger|smaller|faster|slower|longer|shorter)\b)?"
)
SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


def _any(words) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


DIGITS = r"(?:(?<!\w)[-−+])?(?:(?<![\w.])|(?<=\dx))(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?"
DIGITS += r"(?:e[-+−]?\d+)?[⁻⁰¹²³⁴-⁹]*"
FRACTION = r"(?<![\w.])\d*[½⅓⅔¼¾]"
SCALE = rf"(?:{_any(SCALES)})s?"
WORD = rf"(?:{SCALE}|{_any(WORDS)})"
WHOLE = rf"{WORD}(?:(?:[ -]|(?<=dred) and |(?<=sand) and ){WORD}\b)*(?:-?fold)?"
PART = rf"(?:half an? (?=(?:{SCALE})\b)(?:{SCALE})|(?:{WHOLE}[ -])?(?:{_any(PARTS)})s?)"
FACTOR = r"(?:twice|thrice|(?:doubl|tripl|quadrupl|halv)(?:e[sd]?|ing))"
WORDED = (
    rf"\b(?:{PART}|{FACTOR}|{WHOLE}(?: and a half)?)\b(?!-way|[- ](?:party|precision))"
)
NUMBER = rf"(?:{FRACTION}|{DIGITS}(?:[ -]{SCALE}\b)?|{WORDED})"
UNIT = rf"(?:(?:[ -]?|(?: of)? an? )(?:{_any(UNITS)}|{MULTIPLE})(?!\w)(?:/\w+)?)"
ONE_NUMBER = re.compile(rf"(?P<number>{NUMBER})(?P<unit>{UNIT})?", re.I)


class Number(NamedTuple):
    """A number as it is written, and what may stand for it in code: 90 and 0.9 for "90 %"."""

    text: str
    values: tuple[float, ...]


def _in_digits(text: str) -> float:
    """ "−1,437", "1e-5", "10⁻³": its size, for the sign is another operator in code."""
    base, power = re.fullmatch(r"(.*?)([⁻⁰¹²³⁴-⁹]*)", text).groups()
    number = abs(float(base.replace(",", "").replace("−", "-")))
    return number ** float(power.translate(SUPERSCRIPTS)) if power else number


def _in_words(words: list[str]) -> float:
    """ "two hundred and fifty", "two and a half"."""
    total = current = 0
    for word in words:
        if word in SCALES:
            current = max(current, 1) * SCALES[word]
            if word != "hundred":
                total, current = total + current, 0
        else:
            current += 0.5 if word == "half" else WORDS.get(word, 0)
    return total + current


def value(text: str) -> tuple[float, bool]:
    """The value of a number, and whether it is a share or a factor: its inverse may be meant."""
    text = text.lower()
    if re.fullmatch(FRACTION, text):
        return float(text[:-1] or 0) + unicodedata.numeric(text[-1]), len(text) == 1
    if match := re.fullmatch(rf"({DIGITS})(?:[ -]({SCALE}))?", text):
        scale = SCALES[match[2].rstrip("s")] if match[2] else 1
        return _in_digits(match[1]) * scale, False
    for factor in FACTORS:
        if text.startswith(factor) and text != "halves":
            return FACTORS[factor], True
    words = re.findall(r"[a-z]+", text.replace("fold", " "))
    words = [w if w in WORDS or w in PARTS else w.rstrip("s") for w in words]
    if words[0] == "half" and len(words) > 1:  # a million
        return SCALES[words[-1]] / 2, False
    if words[-1] in PARTS and "and" not in words[-3:]:
        return (_in_words(words[:-1]) or 1) / PARTS[words[-1]], True
    return _in_words(words), "fold" in text


def numbers(text: str) -> tuple[Number, ...]:
    """The numbers of a quantity. What has no unit has the next one's: "94 to 97 %"."""
    result, unit = [], ""
    for match in reversed(list(ONE_NUMBER.finditer(text))):
        unit = (
            re.sub("^( of)? an? ", "", match["unit"] or unit).strip(" -").split("/")[0]
        )
        number, inverse = value(match["number"])
        factors = next((UNITS[name] for name in UNITS if re.fullmatch(name, unit)), [1])
        values = [number * factor for factor in factors]
        if number and (inverse or re.fullmatch(MULTIPLE, unit)):
            values += [1 / number] + [100 * number] * (number < 1)
        result.append(Number(match[0], tuple(values)))
    return tuple(reversed(result))
