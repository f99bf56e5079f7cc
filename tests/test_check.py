"""check() survives whatever a learner answers, and says something that helps."""

import io
from contextlib import redirect_stdout

import numpy as np
import pytest
import torch
from course import LESSONS
from exercises import share
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from helper import check as room
from helper.check import check
from helper.exercises import NOTEBOOKS, exercises_of


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
        said = capsys.readouterr().out.splitlines()[-1]
        assert said.startswith(f"Exercise {name}: not yet: "), (type(answer), said)
        if "hands off" not in said:  # an answer that can't even be looked at
            assert "could not be checked" not in said, (type(answer), said)
        assert len(said) < 400


@pytest.mark.parametrize("name", NAMES)
def test_unsolved_is_not_wrong(name, capsys):
    check(name, ...)
    assert "not tried yet" in capsys.readouterr().out


def test_a_function_as_published_is_not_tried_yet(capsys):
    def dots(labels): ...

    def documented(labels):
        """Labels to one-hot rows."""

    def forgot_to_return(labels):
        labels + 1

    for function in (dots, documented):
        check("01.3", function)
        assert "not tried yet" in capsys.readouterr().out
    check("01.3", forgot_to_return)
    assert "is a `return` missing?" in capsys.readouterr().out


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
    assert "right." in capsys.readouterr().out


def test_interrupting_an_endless_answer_works():
    def interrupted(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check("01.3", interrupted)


def test_every_notebook_with_exercises_has_its_module():
    stems = [path.stem for path in LESSONS]
    assert stems == [f"{number}_{name}" for number, name in NOTEBOOKS.items()]


def test_an_exercise_is_found_by_what_is_asked(capsys):
    check("one_hot", lambda labels: (labels[:, None] == torch.arange(10)).float())
    assert capsys.readouterr().out.startswith("Exercise 01.3: right. ")


def test_the_same_seed_draws_the_same_cases(capsys):
    said = []
    for seed in (1, 1, 2):
        check("one_hot", lambda labels: labels, seed=seed)
        said.append(capsys.readouterr().out)
    assert said[0] == said[1] != said[2]


def test_defaults_that_were_changed_are_not_met_and_stay(capsys):
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    try:
        check("one_hot", lambda labels: torch.eye(10)[labels])
        assert torch.ones(1).dtype == torch.float64 and torch.ones(1).is_meta
    finally:
        torch.set_default_dtype(torch.float32)
        torch.set_default_device(None)
    assert "right." in capsys.readouterr().out


def test_a_check_that_breaks_says_what_broke(monkeypatch, capsys):
    def breaks(_):
        raise RuntimeError("the check itself")

    monkeypatch.setattr(room, "find", lambda name: (name, breaks))
    check("01.1", 3)
    assert (
        "could not be checked (RuntimeError: the check itself)"
        in capsys.readouterr().out
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
    said = written.getvalue().decode()
    assert said.startswith(f"Exercise {name}: ") and said.count("\n") == 1
    assert said.endswith("\n") and len(said) < 500
