"""Whether something is as it was before a learner's function was called."""

import numpy as np
from torch import Tensor, nn

from helper.expect.sentences import Wrong


def expect_unchanged(thing: object, before: object, what: str, hint: str = "") -> None:
    """`thing` must be as it was when `before = remember(thing)` was made."""
    change = change_between(before, remember(thing))
    if change:
        raise Wrong(f"{what} {change}. {hint}".rstrip())


class Remembered(dict):
    """What a module was like, by the words for its change."""


def remember(thing: object) -> object:
    """A copy of what can change in `thing`, for `expect_unchanged`."""
    if isinstance(thing, nn.Module):
        parts = dict(thing.named_modules())
        parameters = dict(thing.named_parameters())
        hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks")
        return Remembered(
            {
                "has other parts now": {n: id(part) for n, part in parts.items()},
                "is in another mode now, training or evaluation": {
                    n: part.training for n, part in parts.items()
                },
                "has other values now": remember(dict(thing.state_dict())),
                "asks for other gradients now: requires_grad was changed": {
                    n: p.requires_grad for n, p in parameters.items()
                },
                "has other gradients now": {
                    n: remember(p.grad) for n, p in parameters.items()
                },
                "has another number of hooks now": {
                    n: [len(getattr(part, kind)) for kind in hooks]
                    for n, part in parts.items()
                },
            }
        )
    if isinstance(thing, Tensor):
        return thing.detach().clone(), thing.requires_grad, remember(thing.grad)
    if isinstance(thing, np.ndarray):
        return thing.copy()
    if isinstance(thing, dict):
        return {key: remember(value) for key, value in thing.items()}
    if isinstance(thing, (list, tuple)):
        return [remember(value) for value in thing]
    return thing


def change_between(before: object, after: object) -> str:
    """In words, what differs between two of `remember`; "" when nothing does."""
    if isinstance(before, Remembered):
        return next(
            (words for words in before if change_between(before[words], after[words])),
            "",
        )
    if isinstance(before, dict) and isinstance(after, dict):
        if list(before) != list(after):
            return "has other entries now"
        changes = [change_between(before[key], after[key]) for key in before]
        return next((change for change in changes if change), "")
    if isinstance(before, tuple) and len(before) == 3 and isinstance(before[0], Tensor):
        if not isinstance(after, tuple):
            return "was changed"
        if before[1] != after[1]:
            return f"now has requires_grad={after[1]}"
        if change_between(before[2], after[2]):
            return "has another gradient now"
        before, after = before[0], after[0]
    if isinstance(before, Tensor) and isinstance(after, Tensor):
        same = before.shape == after.shape and before.dtype == after.dtype
        same = same and bool(((before == after) | (before != before)).all())
        return "" if same else "was changed"
    if isinstance(before, np.ndarray):
        same = np.array_equal(before, after, equal_nan=before.dtype.kind in "fc")
        return "" if same else "was changed"
    if isinstance(before, (list, tuple)) and isinstance(after, (list, tuple)):
        if len(before) != len(after):
            return "has another length now"
        changes = [change_between(b, a) for b, a in zip(before, after, strict=True)]
        return next((change for change in changes if change), "")
    same = before is after or bool(before == after)
    return "" if same else "was changed"
