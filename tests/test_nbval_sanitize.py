"""What nbval_sanitize.cfg replaces before outputs are compared, and what it leaves alone."""

import re

import pytest
from course import ROOT
from nbval.plugin import get_sanitize_patterns

RULES = (ROOT / "tests" / "nbval_sanitize.cfg").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "before, after",
    [
        ("torch        2.14.1+cu130   fine", "torch VERSION fine"),
        ("torchvision  0.30.0         fine", "torchvision VERSION fine"),
        ("device: cuda:0", "device: DEVICE"),
    ],
)
def test_sanitize_rules_fire(before, after):
    rules = get_sanitize_patterns(RULES)
    assert len(rules) == RULES.count("\nregex: ") == RULES.count("\nreplace: ")
    result = before
    for regex, replacement in dict(rules).items():
        result = re.sub(regex, replacement, result)
    assert result == after


def test_sanitize_rules_leave_a_verdict_alone():
    old = "torch        1.9.0          too old, the course needs 2.14: run make env"
    for regex, replacement in dict(get_sanitize_patterns(RULES)).items():
        assert re.sub(regex, replacement, old) == old
