"""Every quantity in a lesson's prose is held by its code, or by a line with a reason."""

import re

import course
import number_words
import prose
import prose_mutants
import pytest
import quantities
from hypothesis import example, given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output


@pytest.mark.parametrize("path", course.LESSONS, ids=lambda path: path.stem)
def test_each_quantity_is_held(path):
    lesson = quantities.Lesson(course.read(path), quantities.ledger_of(path))
    assert not lesson.problems, "\n".join(
        [
            *lesson.problems,
            f"See `python tools/quantities.py {path.stem[:2]}` and CONTRIBUTING.md",
        ]
    )


def test_each_ledger_belongs_to_a_lesson():
    stems = {path.stem for path in course.LESSONS}
    assert {path.stem for path in quantities.LEDGERS.glob("*")} <= stems


def found(text):
    return [quantity.text for quantity in prose.quantities(text)]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("It is right in **more than nine in ten**.", ["more than nine in ten"]),
        ("96.4 % of 1,797 digits", ["96.4 %", "1,797"]),
        ("94 to 97 %, or 94–97%", ["94 to 97 %", "94–97%"]),
        ("between 94 and 97 in a hundred", ["between 94 and 97 in a hundred"]),
        ("28 × 28 pixels, 3x28x28", ["28 × 28", "3x28x28"]),
        ("the shape (N, 1, 28, 28)", ["(N, 1, 28, 28)"]),
        ("200 kB, 1.25 GB/s, 20 µs, 5ms", ["200 kB", "1.25 GB/s", "20 µs", "5ms"]),
        ("Twice, halved, a twofold", ["Twice", "halved", "twofold"]),
        ("Half of it, two thirds, a tenth", ["Half", "two thirds", "tenth"]),
        ("half a million, 2.5 million", ["half a million", "2.5 million"]),
        ("two hundred and fifty rows", ["two hundred and fifty"]),
        ("twenty-four hours or more", ["twenty-four hours or more"]),
        ("ten to a hundred times faster", ["ten to a hundred times faster"]),
        ("a ten-class, 5-fold test", ["ten", "5-fold"]),
        ("−1, 1e-5, 10⁻³", ["−1", "1e-5", "10⁻³"]),
        ("> three lines,\n> **two** of\nthree", ["three", "two of three"]),
        ("| 1437 | 28 |", ["1437", "28"]),
        ("in one or two steps, one in five", ["one or two steps", "one in five"]),
        ("more than one seed", ["more than one"]),
        ("A row has 5.", ["5"]),
        ("top-5 and at least 3", ["5", "at least 3"]),
        ("in half precision", []),
        ("one picture, only one, above one another, someone, often", []),
        ("`x[3]` ``a`2`` and $x_2 = 3$ and $$4$$", []),
        ("```python\nx = 3\n```", []),
        ("> ```\n> 3 rows\n> ```", []),
        ("notebook 05, notebooks 06 and 07, lesson 10", []),
        ("### Exercise 04.1\n\nLike 04.2, and exercise 10.3.", []),
        ("# 04 · Make a network learn", []),
        ("Needs it. About 6 s on two CPU cores.", []),
        ("float32, conv2d, x2, DenseNet-121, CIFAR-10, ResNet-50 in 2D", []),
        ("Python 3.11, PyTorch 2.5 and 2.6, issue 135712", []),
        ("[05 · Check it twice](05_x.ipynb) [paper](https://a.b/12)", []),
        ("Adam (Kingma and Ba, 2015), He et al. (2016)", []),
        ("1. first\n2. second\n\n1. A\n   2. third", ["third"]),
        ("In batches of\n64. Then\n**two of three**.", ["64", "two of three"]),
        ("See notebooks [06](06_x.ipynb) and [07](07_y.ipynb).", []),
        ("[← 03 · Build three](03_x.ipynb) · [05 · Two →](05_y.ipynb)", []),
        ("of [notebook 05](05_x.ipynb), 3 of\n[lesson 08](08_x.ipynb)", ["3"]),
        ("~96 %, < 5 ms; no more than 3", ["~96 %", "< 5 ms", "no more than 3"]),
        ("half an hour, a tenth of a second", ["half an hour", "tenth of a second"]),
        ("60k digits, doubling, five at most", ["60k", "doubling", "five at most"]),
        ("One digit in ten, 97 digits of the 100", ["One digit in ten", "97", "100"]),
        ("at most ¼, 1½ times", ["at most ¼", "1½ times"]),
        ("about\n*nine in ten*", ["about nine in ten"]),
        ("<details><summary>Solution</summary>Two ways</details>", ["Two"]),
        ('<img src="a.svg" width="400">', []),
    ],
)
def test_quantities_are_found(text, expected):
    assert found(text) == expected


UP_TO_NINETEEN = ["", *list(number_words.WORDS)[1:20]]


def in_words(number):
    """An integer up to 999,999 as one says it."""
    if number < 20:
        return UP_TO_NINETEEN[number]
    if number < 100:
        tens = number_words.TENS[number // 10 - 2]
        return f"{tens}-{in_words(number % 10)}".rstrip("-")
    scale, name = (1000, "thousand") if number >= 1000 else (100, "hundred")
    front, rest = divmod(number, scale)
    joined = " and " if rest < 100 else " "
    return f"{in_words(front)} {name}{joined}{in_words(rest)}".removesuffix(
        " and "
    ).strip()


@given(st.integers(2, 999_999))
@example(100_000)
def test_a_number_has_its_value_in_words_and_digits(number):
    for text in (in_words(number), str(number), f"{number:,}", f"{number:,}.0"):
        [quantity] = prose.quantities(f"It has {text} rows.")
        assert quantity.text == text
        assert quantity.numbers[0].values[0] == number


@given(st.text("ab*`$|[]()#> \n1,.5-–/%×²", max_size=40))
def test_any_text_can_be_read(text):
    plain, masked = prose.plain(text)
    assert len(plain) == len(masked)
    for quantity in prose.quantities(text):
        assert plain[quantity.start : quantity.end] == quantity.text


SAID = [*number_words.WORDS, *number_words.SCALES, *number_words.PARTS, "doubling"]
SAID += [
    "5",
    "1,437.5",
    "a",
    "and",
    "of",
    "in",
    "to",
    "times",
    "fold",
    "%",
    "kB",
    "at most",
]


@given(st.lists(st.sampled_from(SAID), max_size=9), st.sampled_from([" ", "-", "  "]))
def test_any_words_can_be_read(words, between):
    for quantity in prose.quantities(between.join(words)):
        assert quantity.numbers and all(number.values for number in quantity.numbers)


def problems(text, code="", ledger=None, output="", **metadata):
    outputs = [new_output("stream", text=output)]
    cell = new_code_cell(code, outputs=outputs, metadata=metadata)
    return quantities.Lesson(
        new_notebook(cells=[new_markdown_cell(text), cell]), ledger or {}
    ).problems


HELD = [
    ("About nine in ten are right.", 'assert a > 0.9, f"“nine in ten”: {a}"', False),
    (
        "About nine in ten are right.",
        'assert a > 0.9, f"“About nine in ten”: {a}"',
        True,
    ),
    ("*Nine* in ten.", "assert a > 9 / 10  # “Nine in ten”", True),
    ("Nine in ten.", "# “Nine in ten”\nassert a > 0.9", True),
    ("Nine in ten.", "# “Nine in ten”\n\nassert a > 0.9", False),
    ("Nine in ten.", "a > 0.9  # “Nine in ten”", False),
    ("Nine in ten.", "assert a > 0.8  # “Nine in ten”", False),
    ("Nine in ten.", "assert a > 0.9  # “nine in ten”", False),
    ("It fell twenty times.", "assert b < a / 20  # “twenty times”", True),
    ("It fell twenty times.", "assert a / b > 2  # “twenty times”", False),
    ("A file of 200 kB.", "assert size < 200_000  # “200 kB”", True),
    ("A file of 200 kB.", "assert size < 200_000  # “of 200”", False),
    ("A file of 200 kB.", "assert size < 200_000_000  # “200 kB”", False),
    ("It is 95 %, or so.", "assert 0.93 < a < 0.97  # “95 %”", True),
    ("It is 95 %, or so.", "assert 0.1 < a < 0.97  # “95 %”", False),
    ("It is 95 %, or so.", "assert 0.93 < a  # “95 %”", False),
    ("From 94 to 97 %.", "assert 0.94 <= a <= 0.97  # “From 94 to 97 %”", True),
    ("From 94 to 97 %.", "assert 0.9 <= a <= 0.97  # “From 94 to 97 %”", False),
    ("One image has 28 × 28 pixels.", "assert n == 784  # “28 × 28”", True),
    ("One label in five.", "assert a == 0.2  # “One label in five”", True),
    ("It is ¼ of it.", "assert a == 0.25  # “is ¼”", True),
    ("It has 3 rows.", "assert n == 3, 'not “3 rows”'", True),
    ("It has 25 rows.", "assert n == 5, 'not “5 rows”'", False),
    ("It has 0.5 rows.", "assert n == 5, 'not “5 rows”'", False),
    ("It has 3 rows.", "assert n == 3, 'not “3”'", False),
    ("It has 3 rows.", "assert n == 3, 'not “3 rows”, but “4 rows”'", False),
    ("Its error says 3 by 4.", "assert '3 x 4' in str(e)  # “3 by 4”", True),
    ("A third of it.", "assert a < b / 3  # “third”", False),
    ("A third of it.", "assert a < b / 3  # “third of it”", True),
    ("No number.", "assert a, 'say “please”'", True),
]


@pytest.mark.parametrize("text, code, held", HELD)
def test_an_assert_holds_what_it_quotes_and_compares(text, code, held):
    assert (problems(text, code) == []) == held


def test_what_is_printed_holds_digits():
    assert not problems("A loss of 2.30.", "f()", output="loss 2.30")
    assert not problems("All 1,437 digits: 30 kB.", "f()", output="1437 and 30 kB")
    assert not problems("It has (2, 3).", "f()", output="torch.Size([2, 3])")
    assert not problems("64 a batch", "f(batch_size=64)")
    assert problems("A loss of 2.30.", "f()", output="loss 2.305 or 12.30")
    assert problems("More than 2.30.", "f()", output="2.30")
    assert problems("30 kB", "f()", output="30 MB")
    assert problems("30 %", "f(30)")
    assert problems("3 rows", "f(3)", output="3")
    assert problems("64 rows", "f()", output=" ".join(map(str, range(99))))
    assert problems("A loss of 2.30.", "f()", output="2.30", tolerance={"absolute": 1})
    assert problems(
        "It took 2.30 s.", "f()", output="2.30 s", tags=["nbval-ignore-output"]
    )


@pytest.mark.parametrize(
    "ledger, says",
    [
        ({"counted": ["The four lines"]}, ""),
        ({"defined": ["four lines end"]}, ""),
        ({"elsewhere": {"four lines": "counted in tests/test_quantities.py"}}, ""),
        ({"elsewhere": {"four lines": "counted in tests/no_such.py"}}, "source"),
        ({"elsewhere": {"four lines": ""}}, "source"),
        ({"counted": ["The four lines", "The five lines"]}, "any more"),
        ({"counted": ["The four lines", "lines end"]}, "any more"),
        ({"counted": ["four"]}, "a word beside"),
        ({"others": ["The four lines"]}, "none of counted"),
    ],
)
def test_the_ledger_is_strict_both_ways(ledger, says):
    wrong = problems("The four lines end here.", ledger=ledger)
    assert all(says in problem for problem in wrong[:1]) and bool(wrong) == bool(says)


def test_what_is_measured_is_not_counted():
    for phrase in ("nine in ten", "a loss of 2.3", "200 kB more", "ten times faster"):
        assert "measured" in problems(phrase, ledger={"counted": [phrase]})[0]
        assert not problems(phrase, ledger={"defined": [phrase]})


def test_what_to_do_is_said():
    [wrong] = problems("It has **two** rows. And more.")
    assert wrong == 'cell 0: nothing holds "two" in "It has two rows"'
    cells = [new_markdown_cell("It has **two** rows. And 3 more.\n\nFour: all.")]
    cells += [new_markdown_cell("Nine in ten.")]
    lesson = quantities.Lesson(new_notebook(cells=cells), {})
    assert lesson.lines(measured=False) == ["It has two rows. And 3 more", "Four: all"]
    assert lesson.lines(measured=True) == ["Nine in ten"]
    [wrong, _] = problems("It is 95 % right.", "assert a > 0.95  # “is 95”")
    assert "a part of “95 %”: quote all of it" in wrong
    [wrong] = problems("It is 95 % right.", "assert a > 0.9  # “95 % right”")
    assert "`assert a > 0.9`, which has no 95 or 0.95, and no two bounds" in wrong


def test_a_lesson_is_reported(capsys):
    path = course.LESSONS[0]
    quantities.report(path)
    assert capsys.readouterr().out.startswith(f"{path.name}: ")


TEXT = """Nearly nine in ten are right, about 96 % at best: the loss of 2.303 fell twenty times,
from 1,437 digits in three files of 200 kB, in at most 5 s. See `x[3]` in notebook 04.

- Half of them, a third of **the** rest, ten, twice.
"""
CODE = """assert a < 0.9, f"“Nearly nine in ten” no longer holds: {a}"
assert 0.95 < best < 0.97  # “about 96 %”
assert loss < start / 20, "“fell twenty times”"
assert len(files) == 3 and max(sizes) == 200_000  # “three files of 200 kB”
assert seconds < 5, "not “at most 5 s”"
assert len(half) == len(all) / 2 and n / m < 1 / 3  # “Half of them, a third”
"""
PRINTED = "loss 2.303, 1437 digits\n"
LEDGER = {"counted": ["the rest, ten, twice"]}


def test_each_break_of_the_prose_is_noticed(monkeypatch, capsys):
    output = new_output("stream", text=PRINTED)
    cells = [new_markdown_cell(TEXT), new_code_cell(CODE, outputs=[output])]
    notebook = new_notebook(cells=cells)
    assert quantities.Lesson(notebook, LEDGER).problems == []
    changes = list(prose_mutants.mutants(TEXT))
    assert len(changes) >= 30
    assert {kind for kind, _ in changes} >= {"±1", "×2", "÷10", "swapped", "word"}
    assert {kind for kind, _ in changes} >= {"unit", "comparison"}
    assert len({changed for _, changed in changes}) == len(changes)
    monkeypatch.setattr(course, "read", lambda path: notebook)
    monkeypatch.setattr(quantities, "ledger_of", lambda path: LEDGER)
    assert prose_mutants.break_prose([course.LESSONS[0]])
    assert "NOT NOTICED" not in capsys.readouterr().out
    assert cells[0].source == TEXT


def test_each_break_of_an_assert_is_noticed():
    """Its numbers, those in its quotations too, are those of the prose."""
    assert not problems(TEXT, CODE, LEDGER, PRINTED)
    for match in re.finditer(r"\d[\d_.]*", CODE):
        broken = CODE[: match.start()] + "77" + CODE[match.end() :]
        assert problems(TEXT, broken, LEDGER, PRINTED), match
