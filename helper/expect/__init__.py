"""For the authors of exercises: each function returns what it was given, or says what is wrong.

`Wrong` holds one sentence in a learner's words. `expect_results` tries a learner's function on
several cases; draw these before the first call, with `distinct` for sizes that must differ.

sentences   the two verdicts, and words for what came
answers     what an answer must be before it is tried
values      whether a tensor or a number is the expected one
mistakes    whether a known mistake explains an answer
calls       calling a function, and watching what it does
bytecode    what a function's code shows without a call
unchanged   whether something is as it was
results     trying a function on several cases
"""

from helper.expect.answers import expect_function, expect_model, expect_tried
from helper.expect.bytecode import expect_no_loop
from helper.expect.calls import Calls, call, call_for_effect, count_steps
from helper.expect.mistakes import alike, expect_no_mistake
from helper.expect.results import (
    AGAIN,
    REMEMBERS,
    Case,
    distinct,
    expect_in_each,
    expect_results,
)
from helper.expect.sentences import NotTried, Wrong, describe, kind_of
from helper.expect.unchanged import expect_unchanged, remember
from helper.expect.values import expect_number, expect_tensor

__all__ = [
    "AGAIN",
    "REMEMBERS",
    "Calls",
    "Case",
    "NotTried",
    "Wrong",
    "alike",
    "call",
    "call_for_effect",
    "count_steps",
    "describe",
    "distinct",
    "expect_function",
    "expect_in_each",
    "expect_model",
    "expect_no_loop",
    "expect_no_mistake",
    "expect_number",
    "expect_results",
    "expect_tensor",
    "expect_tried",
    "expect_unchanged",
    "kind_of",
    "remember",
]
