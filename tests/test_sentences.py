"""Each sentence that an exercise's check can say is said to an answer in tests/answers.

A sentence that nobody has ever got is a guess: it may never be reached, or be wrong when it is.
"""

import ast
import re

import answers
import pytest
from course import LESSONS, ROOT

EXERCISES = ROOT / "helper" / "exercises"
FOLDERS = [path.stem[3:] for path in LESSONS if (EXERCISES / path.stem[3:]).is_dir()]


def pattern_of(node, constants):
    """A regular expression for what a text in the code becomes; None if the code doesn't say."""
    match node:
        case ast.Constant(value=str(text)):
            return re.escape(text)
        case ast.JoinedStr(values=parts):
            return "".join(pattern_of(part, constants) or ".*" for part in parts)
        case ast.Name(id=name) if name in constants:
            return pattern_of(constants[name], constants)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return "".join(
                pattern_of(part, constants) or ".*" for part in (left, right)
            )
    return None


def sentences_of(path):
    """Patterns of what a module hands to Wrong, or to what makes a sentence of it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    constants = {
        node.targets[0].id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="Wrong"), args=[text, *_]):
                yield pattern_of(text, constants)
            case ast.Call(func=ast.Name(id="expect_unchanged"), args=[_, _, *texts]):
                yield from (pattern_of(text, constants) for text in texts)
            case ast.keyword(arg="what" | "given" | "hint", value=text):
                yield pattern_of(text, constants)
            case ast.IfExp(body=one, orelse=other):
                patterns = (pattern_of(text, constants) for text in (one, other))
                yield from (p for p in patterns if p and r"\ " in p)
            case ast.Dict(keys=keys):
                patterns = (pattern_of(key, constants) for key in keys if key)
                yield from (
                    p for p in patterns if p and re.search(r"\\ .*\\\.$|^given\\ ", p)
                )


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_sentence_is_said_to_an_answer(folder):
    (stem,) = [path.stem for path in LESSONS if path.stem[3:] == folder]
    said = [entry["says"] for entry in answers.load(stem)["wrong"]]
    never = []
    for path in sorted((EXERCISES / folder).glob("*.py")):
        for pattern in filter(None, sentences_of(path)):
            if not any(re.search(pattern, text, re.DOTALL) for text in said):
                never.append(f"{path.name}: {pattern}")
    assert not never, "\n".join(never)
