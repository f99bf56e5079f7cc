"""Answers to the exercises: the files in tests/answers, and mutants of the published solutions."""

import ast
import copy
import functools
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

ANSWERS = Path(__file__).resolve().parents[1] / "tests" / "answers"
KEYS = ("exercise", "how", "kind", "ignores", "change", "answer", "says", "reason")


def load(stem: str) -> dict[str, list[dict[str, str]]]:
    """The answers to one notebook's exercises: lists "right", "wrong" and "mutant"."""
    path = ANSWERS / f"{stem}.toml"
    return _parse(path.read_text(encoding="utf-8")) if path.exists() else {}


# A file of two thousand lines takes a tenth of a second.
@functools.lru_cache(maxsize=32)
def _parse(text: str) -> dict[str, list[dict[str, str]]]:
    return tomllib.loads(text)


def dump(stem: str, answers: dict[str, list[dict[str, str]]]) -> None:
    """Write them back in one form, after a check has learned another sentence."""
    lines = [f"# What readers answer to the exercises of {stem}.ipynb."]
    for group, entries in answers.items():
        for entry in entries:
            lines += ["", f"[[{group}]]"]
            for key in sorted(entry, key=KEYS.index):
                text = entry[key].strip("\n")
                if key == "answer" and "\n" in text:
                    lines.append(f"{key} = '''\n{text}\n'''")
                elif key == "answer" and "'''" not in text:
                    lines.append(f"{key} = '''{text}'''")
                else:
                    lines.append(f"{key} = {json.dumps(text, ensure_ascii=False)}")
    path = ANSWERS / f"{stem}.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


# What stands for what, in a mutant.
OPERATORS = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
IN_PLACE = {ast.Add: "add_", ast.Sub: "sub_", ast.Mult: "mul_", ast.Div: "div_"}
METHODS = {
    "abs": "abs_",
    "add": "add_",
    "argmax": "argmin",
    "argmin": "argmax",
    "clamp": "clamp_",
    "div": "div_",
    "eval": "train",
    "get": "pop",
    "max": "min",
    "mean": "sum",
    "min": "max",
    "mul": "mul_",
    "sub": "sub_",
    "sum": "mean",
    "train": "eval",
    "zeros": "ones",
    "zeros_like": "ones_like",
}


def mutants(source: str) -> Iterator[tuple[str, str]]:
    """Each constant, operator, argument, call and statement of `source` changed, one at a time.

    Yields:
        What was changed, in words that a list can name it by, and the changed source.
    """
    tree = ast.parse(source)
    seen = {ast.unparse(tree)}
    for i, node in enumerate(ast.walk(tree)):
        for words, change in _changes(node):
            mutant = copy.deepcopy(tree)
            place = list(ast.walk(mutant))[i]
            new = change(place)
            if new is not None and new is not place:
                mutant = _Replace(place, new).visit(mutant)
            try:
                text = ast.unparse(ast.fix_missing_locations(mutant))
                compile(text, "<mutant>", "exec")
            except (SyntaxError, ValueError):
                continue
            if text not in seen:
                seen.add(text)
                yield words, text


class _Replace(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else self.generic_visit(node)


def _changes(node: ast.AST) -> Iterator[tuple[str, object]]:
    """Words, and a function that changes a copy of `node` or returns what stands for it."""
    here = ast.unparse(node) if not isinstance(node, ast.Module) else ""
    here = " ".join(here.split())[:70]
    if isinstance(node, ast.Constant):
        yield from _constants(node, f"{here} in line {node.lineno}")
    if isinstance(node, (ast.BinOp, ast.AugAssign, ast.BoolOp)):
        other = OPERATORS.get(type(node.op))
        if other:
            yield (f"{here}: {other.__name__}", lambda n: setattr(n, "op", other()))
    if isinstance(node, ast.BinOp):
        yield f"{here}: only the left", lambda n: n.left
        yield f"{here}: only the right", lambda n: n.right
        name = IN_PLACE.get(type(node.op))
        if name:
            yield f"{here}: {name}", lambda n: _method(n.left, name, [n.right])
    if isinstance(node, ast.Compare):
        for k, operator in enumerate(node.ops):
            other = OPERATORS[type(operator)]
            yield (
                f"{here}: {other.__name__}",
                lambda n, k=k, other=other: n.ops.__setitem__(k, other()),
            )
    if isinstance(node, ast.UnaryOp):
        yield f"{here}: without {type(node.op).__name__}", lambda n: n.operand
    if isinstance(node, ast.IfExp):
        yield f"{here}: always", lambda n: n.body
        yield f"{here}: never", lambda n: n.orelse
    if isinstance(node, ast.Call):
        yield from _calls(node, here)
    if isinstance(node, (ast.If, ast.While)):
        yield f"if {ast.unparse(node.test)}: always", lambda n: _set_test(n, True)
        yield f"if {ast.unparse(node.test)}: never", lambda n: _set_test(n, False)
    if isinstance(node, (ast.With, ast.Try)):
        yield f"{here}: only its body", lambda n: ast.If(ast.Constant(True), n.body, [])
    if isinstance(node, (ast.Assign, ast.AugAssign, ast.Expr, ast.Delete)):
        if not isinstance(getattr(node, "value", None), ast.Constant):
            yield f"{here}: left out", lambda n: ast.Pass()
    if isinstance(node, ast.AugAssign):
        yield (
            f"{here}: not in place",
            lambda n: ast.Assign(
                [n.target], ast.BinOp(_loaded(n.target), n.op, n.value)
            ),
        )
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        yield f"{here}: without the index", lambda n: n.value
    if isinstance(node, ast.Slice):
        for end in ("lower", "upper", "step"):
            if getattr(node, end):
                yield (
                    f"{here}: without {end}",
                    lambda n, end=end: setattr(n, end, None),
                )
    if isinstance(node, (ast.Break, ast.Continue)):
        yield f"{here}: left out", lambda n: ast.Pass()


def _constants(node: ast.Constant, here: str) -> Iterator[tuple[str, object]]:
    value = node.value
    if isinstance(value, bool):
        yield f"{here}: {not value}", lambda n: ast.Constant(not value)
    elif isinstance(value, (int, float)):
        for other in (value + 1, value - 1, 2 * value):
            yield f"{here}: {other}", lambda n, other=other: ast.Constant(other)
    elif isinstance(value, str) and value:
        yield f"{here}: another text", lambda n: ast.Constant(f"{value}X")


def _calls(node: ast.Call, here: str) -> Iterator[tuple[str, object]]:
    for k, keyword in enumerate(node.keywords):
        yield (
            f"{here}: without {keyword.arg}",
            lambda n, k=k: n.keywords.pop(k) and None,
        )
    for k, _ in enumerate(node.args):
        yield f"{here}: without argument {k + 1}", lambda n, k=k: n.args.pop(k) and None
    if len(node.args) == 1 and not node.keywords:
        yield f"{here}: only the argument", lambda n: n.args[0]
    if isinstance(node.func, ast.Attribute):
        yield f"{here}: not called", lambda n: n.func.value
        name = METHODS.get(node.func.attr)
        if name:
            yield f"{here}: {name}", lambda n: setattr(n.func, "attr", name)


def _method(value: ast.expr, name: str, arguments: list[ast.expr]) -> ast.Call:
    return ast.Call(ast.Attribute(value, name, ast.Load()), arguments, [])


def _set_test(node: ast.If | ast.While, value: bool) -> None:
    node.test = ast.Constant(value)


def _loaded(target: ast.expr) -> ast.expr:
    loaded = copy.deepcopy(target)
    loaded.ctx = ast.Load()
    return loaded
