"""What the last cell of a lesson quotes without a number stands in its prose, in one place.

The numbers, and what is quoted with one, are test_quantities.py's.
"""

import re

import course
import pytest
from claims import quotations
from prose import plain, quantities


def places(phrase, texts):
    """In how many places does it stand, whatever is emphasised? “…” is any words."""
    parts = plain(phrase)[0].strip().split("…")
    pattern = rf"(?<!\w){'.*'.join(map(re.escape, parts))}(?!\w)"
    return sum(len(re.findall(pattern, plain(text)[0])) for text in texts)


def wrong_quotations(source, texts):
    for _, phrase in quotations(source):
        if not quantities(phrase):
            count = places(phrase, texts)
            if count != 1:
                yield f"“{phrase}” stands in {count} places of the prose: quote one"


@pytest.mark.parametrize("path", course.LESSONS, ids=lambda path: path.stem)
def test_each_quotation_stands_in_the_prose(path):
    *_, last = course.code_cells(path)
    wrong = list(wrong_quotations(last.source, course.markdown(path)))
    assert not wrong, "\n".join(wrong)


PROSE = [
    "It makes **fewer\nmistakes**, with [notebook 05](05_x.ipynb)'s `fit`.",
    "- The loss falls.\n- It falls, and falls.",
]


@pytest.mark.parametrize(
    "said, count",
    [
        ("makes fewer mistakes", 1),
        ("makes *fewer* mistakes", 1),
        ("makes more mistakes", 0),
        ("Makes fewer mistakes", 0),
        ("fewer mistake", 0),
        ("with notebook 05's fit", 1),
        ("It makes … mistakes, with", 1),
        ("It makes … falls", 0),  # in one paragraph
        ("falls", 3),
    ],
)
def test_a_quotation_is_found_where_it_stands(said, count):
    assert places(said, PROSE) == count


def test_quotations_of_asserts_alone_are_looked_at():
    code = (
        'assert a, f"“fewer mistakes”: {a}, “more mistakes”"\n'
        "assert b  # “It falls”, “The loss rises”\n"
        'print("“no word of it”")\n'
        'assert c == 3, "“three words”"\n'
    )
    first, second = wrong_quotations(code, PROSE)
    assert first.startswith("“more mistakes” stands in 0 places")
    assert second.startswith("“The loss rises” stands in 0 places")
