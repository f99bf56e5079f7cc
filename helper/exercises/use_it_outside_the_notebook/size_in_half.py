from collections.abc import Callable

import torch
from torch import nn

from helper.expect import (
    Wrong,
    call,
    distinct,
    expect_function,
    expect_in_each,
    expect_number,
    expect_unchanged,
    remember,
)


def size_in_half(answer: object) -> str:
    """size_in_half(state_dict): bytes, with 2 for each floating-point number."""
    function = expect_function(answer)
    inputs, hidden, classes, more = distinct(4, 5, 40)
    convolutional = nn.Sequential(
        nn.Conv2d(3, inputs, 3), nn.BatchNorm2d(inputs), nn.Linear(inputs, classes)
    )
    plain = nn.Sequential(nn.Linear(inputs, hidden), nn.Linear(hidden, classes))
    mixed = {
        "double": torch.rand(hidden, 3, dtype=torch.float64),
        "half": torch.rand(more).to(torch.bfloat16),
        "mask": torch.rand(classes, 5) > 0.5,
        "bytes": torch.randint(0, 9, (inputs,), dtype=torch.uint8),
        "steps": torch.tensor(more),
        "none": torch.rand(0, hidden),
    }
    trials = [
        (function, dict(d)) for d in (convolutional.state_dict(), plain.state_dict())
    ]
    trials += [
        (function, mixed),
        (function, {"only": torch.rand(more)}),
        (function, {}),
    ]
    expect_in_each(_try_counting, trials)
    return "Nearly half of float32: only the whole numbers keep their size."


def _try_counting(function: Callable, given: dict) -> object:
    before = remember(given)
    result = call(function, given, given=f"given {len(given)} tensors")
    expect_unchanged(given, before, "the state dict")
    floats = [v for v in given.values() if v.is_floating_point()]
    halved = sum(v.numel() * (v.element_size() // 2) for v in floats)
    others = [v for v in given.values() if not v.is_floating_point()]
    rest = sum(v.numel() * v.element_size() for v in others)
    numbers = sum(v.numel() for v in given.values())
    expected = 2 * sum(v.numel() for v in floats) + rest
    full = sum(v.numel() * v.element_size() for v in given.values())
    single = sum(v.numel() * 2 for v in floats if v.dtype == torch.float32)
    wider = [v for v in floats if v.dtype != torch.float32]
    mistakes = {
        "float32 alone was made smaller: each floating-point number has 2 bytes in half "
        "precision, float64 too.": single
        + sum(v.numel() * v.element_size() for v in wider)
        + rest,
        "that is the size as it is now: 2 bytes for each floating-point number.": full,
        "that is a number of numbers, not of bytes.": numbers,
        "all numbers were counted with 2 bytes: whole numbers and masks keep their size.": 2
        * numbers,
        "that is half of the size as it is now: only floating-point numbers shrink, to 2 "
        "bytes each, whatever they were.": full / 2,
        "only floating-point numbers were counted: the others take bytes, too.": expected
        - rest,
        "each floating-point number was counted with half of its bytes: in half precision it "
        "has 2, whatever it had before.": halved + rest,
        "that is the number of tensors.": len(given),
        "that is in bits: a byte has 8 of them.": 8 * expected,
        "that is in kilobytes: bytes are asked for.": expected / 1000,
        "that is in units of 1024 bytes: bytes are asked for.": expected / 1024,
        "that is in megabytes: bytes are asked for.": expected / 1e6,
    }
    if isinstance(result, (int, float)) and not isinstance(result, bool):
        for sentence, mistaken in mistakes.items():
            if result == mistaken != expected:
                raise Wrong(sentence)
    names = ", ".join(f"{tuple(v.shape)} {str(v.dtype)[6:]}" for v in given.values())
    said = f"size_in_half of the tensors {names}" if given else "size_in_half of {}"
    expect_number(result, expected, what=said, say_expected=True)
    return result
