"""What an exercise's check is made of: what it takes, and what it says of the rest.

Most of its sentences stand in tests/bad_input/exercises.toml.
"""

import numpy as np
import pytest
import torch

from helper.expect import (
    Case,
    Wrong,
    call,
    describe,
    expect_in_each,
    expect_no_loop,
    expect_number,
    expect_results,
    expect_tensor,
)


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


def test_a_tensor_that_is_no_plain_one_is_called_by_its_kind():
    nested = torch.nested.as_nested_tensor([torch.ones(2)], layout=torch.jagged)
    for answer, kind in ((nested, "nested"), (torch.ones(2).to_sparse(), "sparse")):
        with pytest.raises(Wrong, match=f"is a {kind} tensor, expected a plain one"):
            expect_tensor(answer, torch.ones(2))


def test_a_mistake_that_fails_itself_explains_no_result():
    case = Case((torch.zeros(2),), torch.zeros(2), "given zeros")
    mistakes = {"this has a third.": lambda x: x[2]}
    with pytest.raises(Wrong, match="2 of 2 values"):
        expect_results(lambda x: x + 1, [case], what="f(x)", mistakes=mistakes)
    with pytest.raises(Wrong, match="this has a third"):
        expect_results(lambda x: x[2], [case], what="f(x)", mistakes=mistakes)


@pytest.mark.parametrize("number", [1, 2])
def test_an_argument_without_a_name_has_a_number(number):
    def changes(*arguments):
        arguments[number - 1].zero_()
        return torch.zeros(2)

    case = Case((torch.ones(2), torch.ones(2)), torch.zeros(2), "given ones")
    with pytest.raises(Wrong, match=f"the argument number {number} was changed"):
        expect_results(changes, [case], what="f(x)")
