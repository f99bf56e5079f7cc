"""Whether an answer is what a known mistake gives: then its sentence is said."""

from collections.abc import Mapping

import torch

from helper.expect.sentences import Wrong
from helper.expect.values import close


def expect_no_mistake(answer: object, mistakes: Mapping[str, object]) -> None:
    """`answer` must be none of the values that come of a mistake; its sentence stands before it."""
    for sentence, mistaken in mistakes.items():
        if alike(answer, mistaken):
            raise Wrong(sentence)


def alike(outcome: object, mistaken: object, tolerance: float = 1e-5) -> bool:
    """Would this mistake give this result? Its dtype, or that it is a tensor, may differ."""
    try:
        got, want = (
            torch.as_tensor(outcome).detach(),
            torch.as_tensor(mistaken).detach(),
        )
        if got.is_complex() or got.layout != torch.strided or got.is_meta:
            return False
        got, want = got.double(), want.double()
    except Exception:  # whatever the answer is, it is no number and no table of numbers
        return False
    same = got.shape == want.shape and got.device == want.device
    return same and bool(close(got, want, tolerance).all())
