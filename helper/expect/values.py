"""Whether a tensor or a number is the expected one, and in what it differs if it isn't."""

import math
import numbers

import numpy as np
import torch
from torch import Tensor

from helper.expect.answers import expect_tried
from helper.expect.sentences import Wrong, kind_of


def expect_tensor(
    answer: object,
    expected: Tensor,
    *,
    hint: str = "",
    what: str = "your answer",
    tolerance: float = 1e-5,
    any_float: bool = False,
    say_expected: bool = False,
) -> Tensor:
    """`answer` must be like `expected`: type, shape, dtype, device and values.

    The values of a float tensor may be off by `tolerance`, relative to the larger of one
    and the expected value. `any_float` accepts every floating dtype for an expected one.
    `say_expected` as for `expect_number`.
    """
    expect_tried(answer)
    if isinstance(answer, np.ndarray):
        raise Wrong(
            f"{what} is a numpy array, and a tensor is asked for: leave .numpy() out, or "
            "use torch.from_numpy."
        )
    if not isinstance(answer, Tensor):
        raise Wrong(f"{what} is {kind_of(answer)}, not a tensor.")
    if answer.is_nested or answer.layout != expected.layout:
        kind = "nested" if answer.is_nested else "sparse"
        raise Wrong(f"{what} is a {kind} tensor, expected a plain one.")
    if answer.shape != expected.shape:
        raise Wrong(
            f"the shape of {what} is {tuple(answer.shape)}, expected "
            f"{tuple(expected.shape)}. {hint}".rstrip()
        )
    if answer.is_meta and not expected.is_meta:
        raise Wrong(f"{what} is a tensor on meta, which has no values.")
    if answer.device != expected.device:
        raise Wrong(
            f"the device of {what} is {answer.device}, expected {expected.device}: "
            f".to({str(expected.device)!r}) moves it."
        )
    floats = answer.is_floating_point() and expected.is_floating_point()
    if answer.dtype != expected.dtype and not (any_float and floats):
        raise Wrong(
            f"the dtype of {what} is {answer.dtype}, expected {expected.dtype}: "
            f".to({expected.dtype}) changes it."
        )

    got, want = answer.detach().double(), expected.detach().double()
    if got.isnan().any() and not want.isnan().any():
        many = f"{int(got.isnan().sum())} of {got.numel()}"
        raise Wrong(f"{many} values of {what} are NaN, not a number. {hint}".rstrip())
    wrong = ~close(got, want, tolerance if expected.is_floating_point() else 0)
    if wrong.any() and floats and answer.dtype != expected.dtype:
        if close(got, want, 0.01).all():
            raise Wrong(
                f"the dtype of {what} is {answer.dtype}, which has too few digits: stay in "
                f"{expected.dtype}."
            )
    if wrong.any() and expected.ndim == 0:
        value, right = _different(answer.detach().item(), expected.item())
        raise Wrong(f"{what} is {value}, expected {right}. {hint}".rstrip())
    if wrong.any():
        place = tuple(wrong.nonzero()[0].tolist())
        value, right = (t.detach()[place].item() for t in (answer, expected))
        value, right = _different(value, right)
        instead = f", expected {right}" if say_expected else ""
        raise Wrong(
            f"{int(wrong.sum())} of {wrong.numel()} values of {what} are not the expected "
            f"ones. The first is at {list(place)}, where you have {value}{instead}. "
            f"{hint}".rstrip()
        )
    return answer


def expect_number(
    answer: object,
    expected: float,
    *,
    hint: str = "",
    what: str = "your answer",
    tolerance: float = 1e-6,
    say_expected: bool = False,
) -> float:
    """`answer` must be a number, or a tensor or array with one, close to `expected`.

    `say_expected` tells a wrong one what was expected: where the question was drawn, not where
    it is the exercise's own.
    """
    expect_tried(answer)
    if isinstance(answer, (Tensor, np.ndarray, np.generic)):
        if math.prod(answer.shape) != 1:
            raise Wrong(
                f"{what} has shape {tuple(answer.shape)}, expected one number. "
                f"{hint}".rstrip()
            )
        if isinstance(answer, Tensor):
            if answer.is_meta:
                raise Wrong(f"{what} is a tensor on meta, which has no value.")
            answer = answer.detach().to_dense() if answer.is_sparse else answer.detach()
        answer = answer.item()
    if isinstance(answer, str) and _is_number(answer):
        raise Wrong(f"{what} is text, not a number: leave out the quotes.")
    if isinstance(answer, bool) or not isinstance(answer, numbers.Real):
        raise Wrong(f"{what} is {kind_of(answer)}, not a number.")
    try:
        number = float(answer)
    except OverflowError:
        number = math.inf
    if math.isnan(number):
        raise Wrong(f"{what} is NaN, not a number.")
    if not abs(number - expected) <= tolerance * max(1, abs(expected)):
        if say_expected:
            number, right = _different(number, float(expected))
            raise Wrong(f"{what} is {number}, expected {right}. {hint}".rstrip())
        shown = f"{number:.10g}" if number.is_integer() else f"{number:g}"
        raise Wrong(f"{shown} is not the number. {hint}".rstrip())
    return answer


def expect_like(
    outcome: object,
    expected: object,
    what: str,
    hint: str,
    tolerance: float,
    any_float: bool,
) -> None:
    """By `expect_tensor` or `expect_number`; a sentence may tell what was expected."""
    if isinstance(expected, Tensor):
        expect_tensor(
            outcome,
            expected,
            hint=hint,
            what=what,
            tolerance=tolerance,
            any_float=any_float,
            say_expected=True,
        )
    else:
        expect_number(
            outcome,
            expected,
            hint=hint,
            what=what,
            tolerance=tolerance,
            say_expected=True,
        )


def close(got: Tensor, want: Tensor, tolerance: float) -> Tensor:
    """Which values differ by `tolerance` at most, relative to the larger of one and `want`."""
    size = torch.where(want.isfinite(), want.abs().clamp(min=1), 0)
    allowed = tolerance * size
    both_nan = got.isnan() & want.isnan()
    return (got == want) | ((got - want).abs() <= allowed) | both_nan


def _different(value: object, right: object) -> tuple[str, str]:
    """Both numbers in so few digits as show that they differ."""
    for digits in range(4, 17):
        short = [
            f"{v:.{digits}g}" if isinstance(v, float) else f"{v}"
            for v in (value, right)
        ]
        if short[0] != short[1]:
            break
    return short[0], short[1]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
