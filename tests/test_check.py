"""check() survives whatever a learner answers, and says something that helps."""

import html
import io
import os
import re
import subprocess
import sys
from contextlib import redirect_stdout
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from course import LESSONS
from exercises import said, share
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from helper import check as room
from helper.check import check
from helper.exercises import NOTEBOOKS, exercises_of

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


# Python 3.13 tells of an error in somebody's __getattr__ that it swallows, as it always did.
@pytest.mark.filterwarnings(
    "ignore:Exception ignored in PyObject_HasAttr:pytest.PytestUnraisableExceptionWarning"
)
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

    def explained_and_passed(labels):
        """Labels to one-hot rows."""
        pass
        ...

    for function in (dots, documented, explained_and_passed):
        check("01.2", function)
        assert "not tried yet" in said(capsys.readouterr().out)
    check("01.2", forgot_to_return)
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
        check("02.3", lambda f, x: torch.func.grad(f)(x))
        assert not torch.is_grad_enabled()
    assert "right." in said(capsys.readouterr().out)


def test_interrupting_an_endless_answer_works():
    def interrupted(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check("01.2", interrupted)


def test_every_notebook_with_exercises_has_its_module():
    stems = [path.stem for path in LESSONS]
    assert stems == [f"{number}_{name}" for number, name in NOTEBOOKS.items()]


def test_an_exercise_is_found_by_what_is_asked(capsys):
    check("one_hot", lambda labels: (labels[:, None] == torch.arange(10)).float())
    assert said(capsys.readouterr().out).startswith("Exercise 01.2: right. ")


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
    assert printed.startswith(f"{sign} Exercise 01.2: ")
    assert max(map(len, printed.splitlines())) <= 80


@pytest.mark.parametrize("sign, answer", VERDICTS)
@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_any_terminal_can_write_it(sign, answer, encoding):
    written = io.BytesIO()
    terminal = io.TextIOWrapper(written, encoding, write_through=True)
    with redirect_stdout(terminal):
        check("one_hot", answer, seed=0)
    printed = written.getvalue().decode(encoding)
    assert " Exercise 01.2: " in printed
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
    assert rich.count("<div") == 1 and f">{sign}</span> Exercise 01.2: <b>" in rich
    words = re.sub(r"</?(div|span|b)\b.*?>", "", rich)
    words = html.unescape(re.sub(r"</?code>", "`", words))
    assert words.split() == shown[0]["text/plain"].split()
    if sign == "✗":
        assert "<code>a&lt;b&gt;</code> &amp; a long" in rich


def test_only_a_kernel_shows_html(monkeypatch):
    monkeypatch.setattr("IPython.get_ipython", lambda: None)
    assert not room._in_notebook()
    monkeypatch.setattr("IPython.get_ipython", lambda: SimpleNamespace(kernel=1))
    assert room._in_notebook()
    monkeypatch.delitem(sys.modules, "IPython")
    assert not room._in_notebook()


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
    # The bar; the words have the page's colour. Of JupyterLab, twice, and VS Code:
    for ground in ("#ffffff", "#111111", "#1f1f1f"):
        assert contrast(ground, colour) >= 3


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


def test_a_check_that_breaks_says_what_broke(monkeypatch, capsys):
    def breaks(_):
        raise RuntimeError("the check itself")

    monkeypatch.setattr(room, "find", lambda name: (name, breaks))
    check("01.1", 3)
    assert "could not be checked (RuntimeError: the check itself)" in said(
        capsys.readouterr().out
    )


# The same answers on every run: derandomize.
SHAPES = st.lists(st.integers(0, 4), max_size=4).map(tuple)


TENSORS = st.builds(
    lambda shape, dtype, value: torch.full(shape, value).to(dtype),
    SHAPES,
    st.sampled_from(
        [torch.float32, torch.float64, torch.int64, torch.uint8, torch.bool]
        + [torch.bfloat16, torch.complex64]
    ),
    st.sampled_from([0.0, 1.0, -3.5, torch.nan, torch.inf]),
)


ARRAYS = st.builds(
    lambda shape, dtype: np.zeros(shape, dtype),
    SHAPES,
    st.sampled_from(["f4", "f8", "i8", "u1", "?", "O", "U3", "M8[s]"]),
)


THINGS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
)


ANSWERS = st.recursive(
    THINGS | TENSORS | ARRAYS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        | inner.map(lambda value: lambda *_, **__: value)
    ),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.sampled_from(NAMES), ANSWERS)
def test_check_takes_any_answer(name, answer):
    # Bytes below, as a terminal has them: a text may hold what can't be written.
    written = io.BytesIO()
    terminal = io.TextIOWrapper(written, "utf-8", write_through=True)
    with redirect_stdout(terminal):
        check(name, answer)
    printed = written.getvalue().decode()
    assert printed[:1] in "✓✗○" and printed.endswith("\n") and len(printed) < 500
    assert said(printed).startswith(f"Exercise {name}: ")
