"""helper.train holds what notebook 05 wrote."""

import ast
import inspect

import pytest
from course import LESSONS, code_cells

from helper import train

# What helper does beyond the lesson, line by line, and what the lesson has in that place: checks,
# and the count of what a loss with weights is the mean over. Without them it is the same code.
BEYOND = {
    "evaluate": [
        ("total_loss, total_weight, correct, seen = (0.0, 0, 0, 0)",)
        + ("total_loss, correct, seen = (0.0, 0, 0)",),
        ("        losses.expect_classes(logits, labels)\n", ""),
        (
            "        if (weight := losses.weight_of(loss_function, logits, labels)):\n            "
            "total_loss += loss_function(logits, labels).item() * weight\n"
            "        total_weight += weight\n",
            "        total_loss += loss_function(logits, labels).item() * len(labels)\n",
        ),
        ("        counted = losses.counted_by(loss_function, labels)\n", ""),
        ("(logits.argmax(dim=1) == labels)[counted].sum()",)
        + ("(logits.argmax(dim=1) == labels).sum()",),
        ("seen += counted.sum().item()", "seen += len(labels)"),
        ("if total_weight == 0:", "if seen == 0:"),
        ("NO_EXAMPLES", "'the loader gave no examples: is its data set empty?'"),
        ("return (total_loss / total_weight,", "return (total_loss / seen,"),
    ],
    "train_epoch": [
        ("    _expect_parameters_of(model, optimizer)\n", ""),
        ("total_loss, total_weight = (0.0, 0)", "total_loss, seen = (0.0, 0)"),
        ("for batch, (images, labels) in enumerate(train_loader, 1):",)
        + ("for images, labels in train_loader:",),
        (
            "        logits = model(images)\n"
            "        weight = losses.weight_of(loss_function, logits, labels)\n"
            "        if weight == 0:\n            continue\n"
            "        loss = loss_function(logits, labels)\n"
            "        losses.expect_finite(loss.item(), f'batch {batch}')\n",
            "        loss = loss_function(model(images), labels)\n",
        ),
        (", scheduler=None", ""),
        ("        if scheduler is not None:\n            scheduler.step()\n", ""),
        ("loss.item() * weight", "loss.item() * len(labels)"),
        ("total_weight += weight", "seen += len(labels)"),
        ("if total_weight == 0:", "if seen == 0:"),
        ("NO_EXAMPLES", "'the loader gave no examples: is its data set empty?'"),
        ("return total_loss / total_weight", "return total_loss / seen"),
    ],
    "fit": [
        (", scheduler=None", ""),
        (", scheduler=scheduler)", ")"),
        ("    _expect_counts(epochs=epochs, patience=patience)\n", ""),
        (
            "        losses.expect_finite(measured[0], 'validation')\n",
            "        if not train_loss + measured[0] < float('inf'):\n            "
            "raise ValueError(f'epoch {epoch}: the loss is NaN or infinite')\n",
        ),
        (
            "    if best_weights is not None:\n        model.load_state_dict(best_weights)",
            "    model.load_state_dict(best_weights)",
        ),
    ],
}


class Plain(ast.NodeTransformer):
    """Without annotations, progress bar, and what a `try` does after an error."""

    def visit_arg(self, node):
        return ast.arg(node.arg)

    def visit_Call(self, node):
        self.generic_visit(node)
        bar = isinstance(node.func, ast.Name) and node.func.id == "progress"
        return node.args[0] if bar else node

    def visit_Try(self, node):
        self.generic_visit(node)
        return node.body + node.finalbody


def body_of(function):
    """The code of a function, in one form, without its docstring."""
    function.returns = None
    if ast.get_docstring(function) is not None:
        function.body = function.body[1:]
    return ast.unparse(Plain().visit(function))


@pytest.mark.parametrize("name", ["evaluate", "train_epoch", "fit"])
def test_helper_holds_what_notebook_05_wrote(name):
    path = next(path for path in LESSONS if path.stem.startswith("05"))
    (written,) = [
        node
        for cell in code_cells(path)
        for node in ast.parse(cell.source).body
        if isinstance(node, ast.FunctionDef) and node.name == name
    ]
    (kept,) = [
        node
        for node in ast.parse(inspect.getsource(train)).body
        if isinstance(node, ast.FunctionDef) and node.name == name
    ]
    plain = body_of(kept)
    for more, lesson in BEYOND[name]:
        assert plain.count(more) == 1, more
        plain = plain.replace(more, lesson)
    assert body_of(written) == plain
