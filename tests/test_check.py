"""check() survives whatever a learner answers, and says something that helps."""

import html
import io
import os
import re
import subprocess
import sys
from contextlib import redirect_stdout

import numpy as np
import pytest
import torch
from course import LESSONS
from exercises import said, share
from torch import nn

from helper import check as room
from helper.check import check
from helper.exercises import NOTEBOOKS, exercises_of
from helper.expect import (
    Case,
    Wrong,
    call,
    describe,
    expect_function,
    expect_in_each,
    expect_no_loop,
    expect_number,
    expect_results,
    expect_tensor,
)

UTF8 = {**os.environ, "PYTHONIOENCODING": "utf-8"}


class Hostile:
    """Raises whatever one does with it."""

    def __getattr__(self, name):
        raise RuntimeError("hands off")

    def __eq__(self, other):
        raise RuntimeError("hands off")

    def __repr__(self):
        raise RuntimeError("hands off")

    __len__ = __iter__ = __bool__ = __call__ = __hash__ = __eq__


def endless(*_):
    return endless(*_)


def leaves(*_):
    raise SystemExit("bye")


looping = []
looping.append(looping)

STRANGE = [
    Hostile(),
    Hostile,
    endless,
    leaves,
    looping,
    *(0, 7, -1.5, True, 1j, 10**400, float("nan"), None),
    *("", "7", "text", b"bytes", [], [1, 2, 3], {}, {"a": 1}, range(3), iter([])),
    *(object(), int, print, len, torch, torch.relu),
    *(np.float32(2), np.array("x"), np.array(["a"]), np.array([None]), np.ones((0, 3))),
    *(torch.tensor(3), torch.tensor(torch.nan), torch.zeros(0), torch.ones(2, 2)),
    torch.ones(3, 100, 160),
    torch.zeros(3, 4).to_sparse(),
    torch.zeros(1).expand(3, 4),
    torch.zeros(3, 4, dtype=torch.complex64),
    torch.zeros(3, 4, device="meta"),
    torch.zeros(3, 4, requires_grad=True) * 2,
    nn.Linear(1, 1),
    nn.Linear(1, 1, device="meta"),
    nn.Sequential(),
    nn.Sequential,
    nn.ModuleList(),
    torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=0.1),
]
STRANGE += [lambda *_, odd=odd, **__: odd for odd in STRANGE]
STRANGE += [lambda *a: a, lambda *a: a[0], lambda *a: a[-1], lambda: 1]
NAMES = [
    f"{notebook}.{number}"
    for notebook in NOTEBOOKS
    for number, _ in enumerate(exercises_of(notebook), 1)
]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_breaks_it(name, capsys):
    for answer in share(STRANGE, NAMES.index(name)):
        check(name, answer)
        sentence = said(capsys.readouterr().out)
        assert sentence.startswith(f"Exercise {name}: not yet: "), (
            type(answer),
            sentence,
        )
        if "hands off" not in sentence:  # an answer that can't even be looked at
            assert "could not be checked" not in sentence, (type(answer), sentence)
        assert len(sentence) < 400


@pytest.mark.parametrize("name", NAMES)
def test_unsolved_is_not_wrong(name, capsys):
    check(name, ...)
    assert "not tried yet" in said(capsys.readouterr().out)


def test_a_function_as_published_is_not_tried_yet(capsys):
    def dots(labels): ...

    def documented(labels):
        """Labels to one-hot rows."""

    def forgot_to_return(labels):
        labels + 1

    for function in (dots, documented):
        check("01.3", function)
        assert "not tried yet" in said(capsys.readouterr().out)
    check("01.3", forgot_to_return)
    assert "is a `return` missing?" in said(capsys.readouterr().out)


@pytest.mark.parametrize(
    "name", ["01.9", "01.0", "01.", "77.1", "1.1", "", "01.exercise_1", 3]
)
def test_an_unknown_name_is_the_callers_mistake(name):
    with pytest.raises(ValueError, match="there is no exercise"):
        check(name, 1)


def test_it_says_which_exercises_there_are():
    with pytest.raises(ValueError, match=r"notebook 02 has 02\.1 to 02\.5"):
        check("02.6", 1)


def test_answers_and_random_state_stay_as_they_are():
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU()
    ).append(nn.Linear(64, 10))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state()
    check("03.3", model)
    check("03.4", lambda x, p, training: x * torch.rand_like(x))
    assert torch.equal(torch.get_rng_state(), state)
    assert model.training
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])


def test_works_where_gradients_are_off(capsys):
    with torch.no_grad():
        check("02.4", lambda f, x: torch.func.grad(f)(x))
        assert not torch.is_grad_enabled()
    assert "right." in said(capsys.readouterr().out)


def test_interrupting_an_endless_answer_works():
    def interrupted(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check("01.3", interrupted)


@pytest.mark.parametrize(
    "answer, says",
    [
        ([1.0, 2.0], "a list, not a tensor"),
        (np.ones(2), "a numpy array, and a tensor is asked for"),
        (torch.ones(2, 1), r"shape of your answer is \(2, 1\), expected \(2,\)"),
        (torch.ones(2).double(), "dtype of your answer is torch.float64"),
        (
            torch.ones(2, device="meta"),
            "your answer is a tensor on meta, which has no values",
        ),
        (torch.tensor([1.0, torch.nan]), "1 of 2 values of your answer are NaN"),
        (torch.tensor([1.0, 2.5]), r"1 of 2 values .* at \[1\], where you have 2.5"),
        (torch.tensor([1.0, torch.inf]), "1 of 2 values"),
    ],
)
def test_tensor_answers_are_told_apart(answer, says):
    with pytest.raises(Wrong, match=says):
        expect_tensor(answer, torch.tensor([1.0, 2.0]))


def test_tensor_answers_within_rounding_are_right():
    expected = torch.tensor([1.0, 1000.0])
    expect_tensor(expected * (1 + 1e-6), expected)
    with pytest.raises(Wrong):
        expect_tensor(expected * (1 + 1e-4), expected)
    with pytest.raises(Wrong):
        expect_tensor(torch.tensor([2]), torch.tensor([3]), tolerance=10)
    inf = torch.tensor([torch.inf])
    assert expect_tensor(inf, inf) is inf


@pytest.mark.parametrize(
    "answer", [14, 14.0, torch.tensor(14), np.float32(14), np.array([14])]
)
def test_a_number_may_come_in_any_clothes(answer):
    assert expect_number(answer, 14) == 14


def test_call_says_what_the_learners_code_raised():
    with pytest.raises(Wrong, match="raises, given a batch, ValueError: odd"):
        call(
            lambda _: (_ for _ in ()).throw(ValueError("odd\nmore")).send(None),
            1,
            given="given a batch",
        )


def test_expect_function_refuses_a_class():
    with pytest.raises(Wrong, match="not a function"):
        expect_function(nn.Linear)


def test_every_notebook_with_exercises_has_its_module():
    stems = [path.stem for path in LESSONS]
    assert stems == [f"{number}_{name}" for number, name in NOTEBOOKS.items()]


def test_an_exercise_is_found_by_what_is_asked(capsys):
    check("one_hot", lambda labels: (labels[:, None] == torch.arange(10)).float())
    assert said(capsys.readouterr().out).startswith("Exercise 01.3: right. ")


def wrong_by_far(labels):
    raise ValueError("`a<b>` & " + "a long story " * 12)


VERDICTS = [
    ("✓", lambda labels: (labels[:, None] == torch.arange(10)).float()),
    ("✗", wrong_by_far),
    ("○", ...),
]


@pytest.mark.parametrize("sign, answer", VERDICTS)
def test_a_terminal_shows_a_sign_and_lines_that_fit(sign, answer, capsys):
    check("one_hot", answer, seed=0)
    printed = capsys.readouterr().out
    assert printed.startswith(f"{sign} Exercise 01.3: ")
    assert max(map(len, printed.splitlines())) <= 80


@pytest.mark.parametrize("sign, answer", VERDICTS)
@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_any_terminal_can_write_it(sign, answer, encoding):
    written = io.BytesIO()
    terminal = io.TextIOWrapper(written, encoding, write_through=True)
    with redirect_stdout(terminal):
        check("one_hot", answer, seed=0)
    printed = written.getvalue().decode(encoding)
    assert " Exercise 01.3: " in printed
    assert printed[0] in ("✓✗○" if encoding == "utf-8" else "+xo")


@pytest.mark.parametrize("sign, answer", VERDICTS)
def test_a_notebook_shows_the_same_words_as_html(sign, answer, monkeypatch, capsys):
    shown = []
    monkeypatch.setattr(room, "_in_notebook", lambda: True)
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    for _ in range(2):
        check("one_hot", answer, seed=0)
    assert shown[0] == shown[1] and not capsys.readouterr().out
    monkeypatch.undo()
    check("one_hot", answer, seed=0)
    assert capsys.readouterr().out == shown[0]["text/plain"] + "\n"
    rich = shown[0]["text/html"]
    assert rich.count("<div") == 1 and f">{sign}</span> Exercise 01.3: <b>" in rich
    words = re.sub(r"</?(div|span|b)\b.*?>", "", rich)
    words = html.unescape(re.sub(r"</?code>", "`", words))
    assert words.split() == shown[0]["text/plain"].split()
    if sign == "✗":
        assert "<code>a&lt;b&gt;</code> &amp; a long" in rich


def luminance(colour):
    """How bright #rrggbb is, by the rules for readable pages (WCAG 2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    parts = [p / 12.92 if p <= 0.04 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(p * w for p, w in zip(parts, (0.2126, 0.7152, 0.0722), strict=True))


@pytest.mark.parametrize("sign, colour", room.SIGNS.values())
def test_signs_can_be_read_on_light_and_on_dark_pages(sign, colour):
    def contrast(one, other):
        low, high = sorted((luminance(one), luminance(other)))
        return (high + 0.05) / (low + 0.05)

    assert contrast("#ffffff", colour) >= 4.5  # the sign
    for ground in (
        "#ffffff",
        "#111111",
        "#1f1f1f",
    ):  # of JupyterLab, twice, and VS Code
        assert (
            contrast(ground, colour) >= 3
        )  # the bar; the words have the page's colour


def test_in_a_plain_ipython_it_prints():
    code = "from helper.check import check; check('01.1', ...)"
    command = [sys.executable, "-m", "IPython", "--no-banner", "-c", code]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", env=UTF8)
    assert "○ Exercise 01.1: not tried yet" in done.stdout, done


def test_the_same_seed_draws_the_same_cases(capsys):
    sentences = []
    for seed in (1, 1, 2):
        check("one_hot", lambda labels: labels, seed=seed)
        sentences.append(said(capsys.readouterr().out))
    assert sentences[0] == sentences[1] != sentences[2]


def test_defaults_that_were_changed_are_not_met_and_stay(capsys):
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    try:
        check("one_hot", lambda labels: torch.eye(10)[labels])
        assert torch.ones(1).dtype == torch.float64 and torch.ones(1).is_meta
    finally:
        torch.set_default_dtype(torch.float32)
        torch.set_default_device(None)
    assert "right." in said(capsys.readouterr().out)


@pytest.mark.parametrize(
    "answer, expected, right",
    [
        (1000.0009, 1000, True),  # a millionth of what is expected
        (1000.0011, 1000, False),
        (0.5 + 0.9e-6, 0.5, True),  # a millionth, where less than 1 is expected
        (0.5 + 1.1e-6, 0.5, False),
        (1e-6, 0, True),
    ],
)
def test_numbers_within_rounding_are_right(answer, expected, right):
    if right:
        assert expect_number(answer, expected) == answer
    else:
        with pytest.raises(Wrong, match="is not the number"):
            expect_number(answer, expected)


@pytest.mark.parametrize("answer", [2.0, float("nan"), "two", torch.ones(2)])
def test_a_sentence_without_a_hint_ends_with_its_point(answer):
    with pytest.raises(Wrong) as caught:
        expect_number(answer, 1.0)
    assert str(caught.value).endswith((".", "number.")) and "X" not in str(caught.value)


def test_a_long_error_becomes_one_short_line():
    said = describe(ValueError("a " * 200 + "\nb\nc"))
    assert said == "ValueError: " + "a " * 98 + "..."  # 199 letters
    assert describe(ValueError("one\ntwo\nthree")) == "ValueError: one two"
    assert describe(ValueError()) == "ValueError"


@pytest.mark.parametrize(
    "answer",
    [np.ones(2), torch.ones(3), torch.ones(2).double(), torch.tensor([1, torch.nan])],
)
def test_what_is_said_of_a_tensor_ends_with_its_point(answer):
    with pytest.raises(Wrong, match=r"\.$"):
        expect_tensor(answer, torch.ones(2))


def test_tensors_are_compared_to_a_millionth():
    expected = torch.tensor([0.5, 1000.0], dtype=torch.float64)
    near = torch.tensor([0.9e-6, 0.9e-3], dtype=torch.float64)
    expect_tensor(expected + near, expected, tolerance=1e-6)
    with pytest.raises(Wrong, match="2 of 2 values"):
        expect_tensor(expected + 1.3 * near, expected, tolerance=1e-6)


def test_whole_numbers_are_shown_whole():
    with pytest.raises(Wrong, match="123456"):
        expect_tensor(torch.tensor([123456]), torch.tensor([123457]))


def test_a_check_that_breaks_says_what_broke(monkeypatch, capsys):
    def breaks(_):
        raise RuntimeError("the check itself")

    monkeypatch.setattr(room, "find", lambda name: (name, breaks))
    check("01.1", 3)
    assert "could not be checked (RuntimeError: the check itself)" in said(
        capsys.readouterr().out
    )


def countdown(numbers):
    while numbers:
        numbers = numbers[1:]


def again(numbers):
    return again(numbers[1:]) if numbers else 0


@pytest.mark.parametrize(
    "function, says",
    [
        (countdown, "there is a loop"),
        (lambda numbers: [n for n in numbers], "there is a loop"),
        (lambda numbers: list(map(str, numbers)), "there is a loop"),
        (lambda numbers: countdown(numbers), "there is a loop"),
        (again, "calls itself"),
    ],
)
def test_a_loop_is_seen_wherever_it_hides(function, says):
    with pytest.raises(Wrong, match=says):
        expect_no_loop(function, "")
    expect_no_loop(lambda numbers: sum(numbers), "")


def test_what_an_earlier_call_returned_must_stay():
    kept = torch.zeros(2)
    cases = [Case((n,), torch.full((2,), float(n))) for n in (1, 2)]
    expect_results(lambda n: torch.full((2,), float(n)), cases, what="it")
    with pytest.raises(Wrong, match="a later call"):
        expect_results(lambda n: kept.fill_(n), cases, what="it")


def test_results_are_made_anew_where_the_sizes_differ():
    """One tensor for each size: no second case changes it, a second call gives it again."""
    cases = [Case((n,), torch.zeros(n)) for n in (2, 3)]
    kept = {2: torch.zeros(2), 3: torch.zeros(3)}
    with pytest.raises(Wrong, match="a later call"):
        expect_results(kept.get, cases, what="it")


def test_nothing_goes_on_from_call_to_call():
    seen = []

    def count(n):
        seen.append(n)
        return seen.count(n)

    with pytest.raises(Wrong, match="called a second time"):
        expect_results(count, [Case((1,), 1), Case((2,), 1)], what="it")


def test_trials_go_through_the_first_one_again():
    tried = []

    def attempt(n):
        tried.append(n)
        if n < 0 or (remembers and tried.count(n) > 1):
            raise Wrong("so")
        return n

    remembers = False
    expect_in_each(attempt, [(1,), (2,)])
    assert tried == [1, 2, 1]
    with pytest.raises(Wrong, match="^so$"):
        expect_in_each(attempt, [(3,), (-1,)])
    remembers = True
    with pytest.raises(Wrong, match="called a second time"):
        expect_in_each(attempt, [(4,), (-1,)])


def test_trials_keep_what_they_returned():
    kept = []
    with pytest.raises(Wrong, match="what an earlier call returned"):
        expect_in_each(lambda n: kept.append(n) or kept, [(1,), (2,)])


def test_a_changed_default_dtype_is_told_and_put_back():
    with pytest.raises(Wrong, match="default dtype"):
        call(lambda: torch.set_default_dtype(torch.float64))
    assert torch.get_default_dtype() == torch.float32


@pytest.mark.parametrize(
    "function, says",
    [
        (lambda n: print(n), "behind its `return` is None"),
        (eval("lambda n: None"), "is a `return` missing"),
        (countdown, "is a `return` missing"),
    ],
)
def test_none_is_told_by_where_it_comes_from(function, says):
    with pytest.raises(Wrong, match=says):
        call(function, [])


def test_one_way_without_a_return():
    def sometimes(n):
        if n > 1:
            return n

    with pytest.raises(Wrong, match="given 0: one way through it has no"):
        call(sometimes, 0, given="given 0")


@pytest.mark.parametrize("answer", ["784", " 7.0 "])
def test_a_number_in_quotes(answer):
    with pytest.raises(Wrong, match="leave out the quotes"):
        expect_number(answer, 784)
