"""An exception becomes one line, whatever it says."""

import pytest

from helper.errors import one_line


@pytest.mark.parametrize(
    "error, options, line",
    [
        (ValueError("two\nwords"), {}, "two words"),
        (ValueError("a\n" * 200), {}, "a " * 98 + "..."),  # 199 characters
        (ValueError("x" * 200), {}, "x" * 200),
        (ValueError("\n one\ntwo\nthree\n"), {"lines": 1}, "one"),
        (ValueError("\n one\ntwo\nthree\n"), {"lines": 2}, "one two"),
        (ValueError("one\ntwo"), {"lines": 1, "kind": True}, "ValueError: one"),
        (OSError(), {}, "OSError()"),
        (OSError(" \n "), {"kind": True}, "OSError"),
    ],
)
def test_one_line(error, options, line):
    assert one_line(error, **options) == line
