"""What the code of a notebook says about its prose: asserts that quote it, outputs, numbers."""

import ast
import functools
import io
import math
import re
import tokenize
from collections.abc import Iterator
from typing import NamedTuple

import course
from nbformat import NotebookNode
from number_words import Number
from prose import BEFORE, Quantity, quantities

FAR = 0.25  # bounds farther than this share from a value don't hold it
MANY = 20  # among more numbers than these, a wrong one is found by chance
EXPRESSION = (ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop, ast.Constant)
ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)


class Claim(NamedTuple):
    """An assert's quotation of the prose, and the numbers that the assert compares with."""

    phrase: str
    test: str
    constants: tuple[float, ...]
    bounds: tuple[float, ...]

    def _holds(self, values: tuple[float, ...], in_bounds: bool = True) -> bool:
        """Is one of these compared with, or between two bounds that are near it?"""
        for value in values:
            if any(math.isclose(value, c, rel_tol=1e-9) for c in self.constants):
                return True
            below = [b for b in self.bounds if value * (1 - FAR) <= b <= value]
            above = [b for b in self.bounds if value <= b <= value * (1 + FAR)]
            if below and above and in_bounds:
                return True
        return False

    def agrees(self, quantity: Quantity) -> bool:
        one = len(quantity.numbers) == 1  # both ends of "94 to 97" are compared with
        each = all(self._holds(number.values, one) for number in quantity.numbers)
        return each or self._holds(quantity.whole)


def _number(node: ast.AST) -> float | None:
    """What an expression of constants alone is: 9 / 10, -1, 2**20."""
    if not all(isinstance(part, EXPRESSION) for part in ast.walk(node)):
        return None
    try:
        number = eval(ast.unparse(node), {})
    except Exception:
        return None
    return abs(float(number)) if type(number) in (int, float) else None


def constants(tree: ast.AST) -> tuple[float, ...]:
    """The numbers in code, and those in its strings. 9 / 10 is one number."""
    if isinstance(tree, ast.Constant) and isinstance(tree.value, str):
        return tuple(float(n) for n in re.findall(r"\d+(?:\.\d+)?", tree.value))
    if isinstance(tree, ast.expr) and (number := _number(tree)) is not None:
        return (number,)
    parts = map(constants, ast.iter_child_nodes(tree))
    return tuple(number for numbers in parts for number in numbers)


def quotations(source: str) -> Iterator[tuple[ast.Assert, str]]:
    """What the asserts of a code cell quote, in their sentence or in a comment beside them."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return  # a line is for IPython
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = {t.start[0]: t.string for t in tokens if t.type == tokenize.COMMENT}
    lines = source.splitlines()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assert):
            continue
        said = [
            part.value
            for part in (ast.walk(node.msg) if node.msg else ())
            if isinstance(part, ast.Constant) and isinstance(part.value, str)
        ]
        first = node.lineno
        while lines[first - 2].lstrip().startswith("#") and first > 1:
            first -= 1  # a comment above it
        for number in range(first, node.end_lineno + 1):
            said.append(comments.get(number, "").lstrip("# "))
        for phrase in re.findall("“([^”]*)”", " ".join(said)):
            yield node, phrase


@functools.lru_cache(maxsize=1000)
def claims(source: str) -> tuple[Claim, ...]:
    """The quotations with a quantity in them, and what their asserts compare."""
    result = []
    for node, phrase in quotations(source):
        if not quantities(phrase):
            continue
        compared = [
            part
            for part in ast.walk(node.test)
            if isinstance(part, ast.Compare) and isinstance(part.ops[0], ORDER)
        ]
        bounds = tuple(number for part in compared for number in constants(part))
        test = ast.unparse(node.test)
        result.append(Claim(phrase, test, constants(node.test), bounds))
    return tuple(result)


def _printed(cell: NotebookNode) -> str:
    """The text under a code cell, if nbval compares it letter by letter, and numbers are few."""
    excused = any(tag.startswith("nbval-") for tag in course.tags(cell))
    if excused or "tolerance" in cell.metadata:
        return ""
    texts = []
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        texts.append(output.get("text", ""))
        texts.append("" if "image/png" in data else data.get("text/plain", ""))
    text = "\n".join(texts).replace(",", "")
    return text if len(re.findall(r"\d+(?:\.\d+)?", text)) <= MANY else ""


@functools.lru_cache(maxsize=1000)
def _code(source: str) -> tuple[float, ...]:
    try:
        return constants(ast.parse(source))
    except SyntaxError:
        return ()


def _is_telling(number: Number) -> bool:
    """Two digits or more, or words such as twenty-four: others are met by chance."""
    if number.text[-1:].isalpha() and not re.search(r"\d", number.text):
        return len(f"{number.values[0]:g}".strip("0")) > 1
    return bool(re.match(r"0?\.\d\d|[1-9]\D?\d", number.text.lstrip("-−+")))


def _prints(cell: NotebookNode, number: Number) -> bool:
    """Are these digits, with their unit, in the output of a code cell?"""
    text = re.escape(re.sub("[-−+,]", "", number.text)).replace(r"\ ", " ?")
    return bool(re.search(rf"(?<![\w.]){text}(?!\w)(?!\.\d)", _printed(cell)))


def shows(cell: NotebookNode, quantity: Quantity) -> bool:
    """Does a code cell print what is said, or have such numbers in its code?"""
    numbers = quantity.numbers
    if quantity.text[0] == "(" and len(numbers) > 1:  # a shape
        sizes = re.escape(quantity.text.strip("(),").replace(",", ""))
        text = _printed(cell) + cell.source.replace(",", "")
        return bool(re.search(rf"[\[(]{sizes}[\])]", text))
    if re.match(BEFORE, quantity.text, re.I):  # "more than": no number says it
        return False
    if not all(_is_telling(number) for number in numbers):
        return False
    code = _code(cell.source)
    return all(_prints(cell, number) for number in numbers) or all(
        number.values[0] in code and len(number.values) == 1 for number in numbers
    )
