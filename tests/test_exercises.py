"""Every published solution passes its check, and plausible wrong answers get their hint.

A notebook's cells run in order, as plain Python; where an exercise stands, its cell runs as
published, then each wrong answer, then the solution that stands below it.
"""

import re

import matplotlib
import matplotlib.pyplot as plt
import pytest
import torch
from test_notebooks import LESSONS, read, tags

# For each exercise: what a learner might write, and a part of what the check should say.
WRONG = {
    "00.1": [("28", "28 rows"), ('"784"', "a str, not a number")],
    "01.1": [
        ("torch.arange(12).reshape(3, 4)", "dtype of your answer is torch.int64"),
        ("torch.arange(12.0).reshape(4, 3)", "shape of your answer is (4, 3)"),
        ("torch.arange(1.0, 13).reshape(3, 4)", "12 of 12 values"),
        ("np.arange(12).reshape(3, 4)", "numpy array, not a tensor"),
        ("torch.full((3, 4), torch.nan)", "12 of 12 values of your answer are NaN"),
    ],
    "01.2": [
        ("[True, True, True, False, False]", "think again about x.t().flatten()"),
        ("[True, True, False, False, True]", "think again about x[[1, 2]]"),
        ("[True, True]", "your list has 2"),
        ("True", "a list of True and False"),
    ],
    "01.3": [
        (
            "lambda labels: labels.reshape(-1, 1) == torch.arange(10)",
            "turn it into floats",
        ),
        ("lambda labels: labels == torch.arange(10)", "your code raises"),
        (
            "lambda labels: (labels == torch.arange(10).reshape(10, 1)).float()",
            "(10, 3)",
        ),
        ("lambda labels: print(end='')", "None: is a `return` missing?"),
    ],
    "01.4": [
        (
            "lambda a, b: (a.flatten(1)[:, None] - b.flatten(1)).sum(2).argmin(1)",
            "cancel out",
        ),
        (
            "lambda a, b: (a.flatten(1)[:, None] - b.flatten(1)).abs().sum(2).argmax(1)",
            "farthest",
        ),
        (
            "lambda a, b: (a.flatten(1)[:, None] - b.flatten(1)).square().sum(2).argmin(1)",
            "1 of 5 values",
        ),
        ("lambda a, b: (a - b).abs().sum().argmin()", "must match the size"),
    ],
    "01.5": [
        (
            "lambda a: torch.from_numpy(a).float().unsqueeze(1)",
            "values of prepare(array)",
        ),
        ("lambda a: torch.from_numpy(a).float() / 255", "shape of prepare(array)"),
        ("lambda a: torch.from_numpy(a / 255).unsqueeze(1)", "dtype of prepare(array)"),
        ("lambda a: torch.from_numpy(a).fill_(0).float().unsqueeze(1)", "was changed"),
        ("lambda a: a[:, None] / 255", "numpy array, not a tensor"),
    ],
    "01.6": [
        ("DataLoader(dataset, batch_size=100)", "a batch of 37 at the end"),
        ("DataLoader(dataset, batch_size=64, drop_last=True)", "hold 64 pictures"),
        ("DataLoader(dataset, 100, shuffle=True, drop_last=True)", "is shuffle on?"),
        ("dataset", "TensorDataset, not a DataLoader"),
    ],
    "02.1": [("16", "f(2) itself"), ("12", "12 is not the number"), ("'x'", "a str")],
    "02.2": [
        ("A", "(2, 3), expected (3,)"),
        ("A.sum(0)", "3 of 3 values"),
        ("-(v @ A)", "3 of 3 values"),
        ("v[:, None] * A", "vector comes first"),
    ],
    "02.3": [
        (
            "lambda f, x, h=1e-3: torch.stack([(f(x + h * e) - f(x)) / h "
            "for e in torch.eye(3, dtype=x.dtype)])",
            "one side only",
        ),
        (
            "lambda f, x, h=1e-3: torch.stack([(f(x + h * e) - f(x - h * e)) / h "
            "for e in torch.eye(3, dtype=x.dtype)])",
            "twice as much",
        ),
        ("lambda f, x, h=1e-3: (f(x + h) - f(x - h)) / (2 * h)", "shape"),
        ("lambda f, x, h=1e-3: x.add_(h)", "x has changed"),
    ],
    "02.4": [
        (
            "lambda f, x: (x.requires_grad_(), f(x).backward(), x.grad)[2]",
            "now has requires_grad",
        ),
        ("lambda f, x: (f(x).backward(), x.grad)[1]", "does not require grad"),
        ("lambda f, x: x.detach().clone().requires_grad_().grad", "return` missing"),
        ("lambda f, x: f(x)", "shape of gradient(f, x) is ()"),
        ("lambda f, x: 2 * x", "1 of 3 values"),
    ],
    "02.5": [
        ("lambda w, loss, lr: (loss.backward(), w - lr * w.grad)[1]", "did not change"),
        (
            "lambda w, loss, lr: (loss.backward(), w.data.sub_(lr * w.grad), w)[2]",
            "a gradient is left",
        ),
        ("lambda w, loss, lr: (loss.backward(), w.sub_(lr * w.grad))[1]", "in-place"),
        (
            "lambda w, loss, lr: (loss.backward(), w.data.add_(lr * w.grad), w)[2]",
            "uphill",
        ),
        (
            "lambda w, loss, lr: (loss.backward(), w.data.sub_(w.grad), w)[2]",
            "lr times the gradient",
        ),
    ],
    "03.1": [
        ("784 * 128 + 128 * 64 + 64 * 10", "each output has a bias too"),
        ("784 + 128 + 64 + 10", "is not the number"),
        ("109_386.5", "is not the number"),
    ],
    "03.2": [
        ("Mended([784, 128, 64, 10])", "no parameters are found"),
        ("Mended", "is the class Mended itself"),
        ("nn.Sequential(nn.Linear(784, 10))", "784 → 10; expected 784 → 128 → 64 → 10"),
    ],
    "03.3": [
        (
            "nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.Linear(128, 64), "
            "nn.Linear(64, 10))",
            "no relu between",
        ),
        (
            "nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), "
            "nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10), nn.ReLU())",
            "relu after the last",
        ),
        (
            "nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), "
            "nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10), nn.Softmax(dim=1))",
            "there is a softmax",
        ),
        (
            "nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), "
            "nn.ReLU(), nn.Linear(64, 10))",
            "cannot be multiplied",
        ),
        ("nn.Linear(784, 10)", "a Linear, not an nn.Sequential"),
    ],
    "03.4": [
        ("lambda x, p, training: x * (torch.rand_like(x) >= p)", "values of drop"),
        (
            "lambda x, p, training: x * (torch.rand_like(x) >= p) if training else x",
            "must grow",
        ),
        (
            "lambda x, p, training: x * (torch.rand_like(x) < p) / p if training else x",
            "80% of the numbers became 0",
        ),
        (
            "lambda x, p, training: x * (torch.rand_like(x) >= p) / p if training else x",
            "1/(1 - p)",
        ),
    ],
    "03.5": [
        ("lambda rows, weight, bias: rows @ weight + bias", "cannot be multiplied"),
        ("lambda rows, weight, bias: rows @ weight.T + bias", "NoneType"),
        ("lambda rows, weight, bias: rows @ weight.T", "values of linear(...)"),
    ],
}


@pytest.fixture(autouse=True)
def as_in_a_notebook(monkeypatch):
    matplotlib.use("agg")
    monkeypatch.chdir(LESSONS[0].parent)
    grad = torch.is_grad_enabled()
    with torch.random.fork_rng(devices=[]), matplotlib.rc_context():
        yield
    plt.close("all")
    torch.set_grad_enabled(grad)


def run(source, namespace, capsys):
    capsys.readouterr()
    exec(compile(source, "<cell>", "exec"), namespace)
    return capsys.readouterr().out


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_solutions_pass_and_wrong_answers_get_their_hint(path, capsys):
    namespace = {"__name__": "__main__"}
    cells = read(path).cells
    tried = 0
    for cell, below in zip(cells, [*cells[1:], None], strict=True):
        if cell.cell_type != "code":
            continue
        printed = run(cell.source, namespace, capsys)
        if "exercise" not in tags(cell):
            continue
        name = re.search(r'check\("([\d.]+)"', cell.source)[1]
        assert printed == (
            f"Exercise {name}: not tried yet: replace the ... and run this cell again.\n"
        )
        for answer, hint in WRONG[name]:
            said = run(f'check("{name}", {answer})', dict(namespace), capsys)
            assert said.startswith(f"Exercise {name}: not yet: "), (answer, said)
            assert hint in said, (answer, said)
            assert said.count("\n") == 1
            tried += 1
        solution = re.search(r"```python\n(.*?)```", below.source, re.S)[1]
        said = run(solution, namespace, capsys)
        assert re.fullmatch(rf"Exercise {name}: right\. .+\n", said), said
    assert tried == sum(len(WRONG[name]) for name in WRONG if name[:2] == path.stem[:2])


def test_each_exercise_has_wrong_answers():
    exercises = {
        re.search(r'check\("([\d.]+)"', cell.source)[1]
        for path in LESSONS
        for cell in read(path).cells
        if "exercise" in tags(cell)
    }
    assert exercises == set(WRONG)
    assert all(len(answers) >= 2 for answers in WRONG.values())
