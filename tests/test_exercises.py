"""Every published solution passes its check, and plausible wrong answers get their hint.

As plain Python, an exercise's cell runs as published, then each wrong answer, then the
solution that stands below it; and before all of that, those cells of the notebook that
define a name it uses. (nbval runs all cells, in order.)
"""

import copy
import dis
import json
import os
import re
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import pytest
import torch
from test_notebooks import LESSONS, read, tags
from torch import nn

# Every word that the checks say to the answers below. To renew it, after reading what is new:
# `COURSE_WRITE_ANSWERS=1 pytest tests/test_exercises.py`.
SAID = Path(__file__).with_name("exercise_answers.json")

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
        ("[False, True, False, False, False]", "think again about x[1:3]"),
        ("[True, False, False, False, False]", "think again about x.flatten()"),
        ("[True, True, False, True, False]", "think again about x + 0"),
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
        ("lambda a, b: [4, 1, 7, 7, 0]", "a list, not a tensor"),
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
        ("lambda a: 1 / 0", "raises, given an array (5, 28, 28),"),
    ],
    "01.6": [
        ("DataLoader(dataset, batch_size=100)", "a batch of 37 at the end"),
        ("DataLoader(dataset, batch_size=64, drop_last=True)", "hold 64 pictures"),
        ("DataLoader(dataset, 100, shuffle=True, drop_last=True)", "is shuffle on?"),
        ("dataset", "TensorDataset, not a DataLoader"),
        (
            "DataLoader(TensorDataset(torch.empty(0, 2), torch.empty(0)), 100)",
            "hold 0 pictures",
        ),
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
        ("lambda f, x, h=1e-3: 1 / 0", "raises, given f and an x of shape (3,),"),
        ("lambda f, x, h=1e-3: f", "a function, not a tensor"),
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
        ("lambda f, x: x.add_(1)", "the x that came has changed"),
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
        (
            "lambda w, loss, lr: (loss.backward(), w.data.sub_(lr * w.grad), w.clone())[2]",
            "return weights",
        ),
        (
            "lambda w, loss, lr: (loss.backward(), w.data.sub_(lr * w.grad), "
            "w.requires_grad_(False))[2]",
            "no longer requires grad",
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
        ("nn.Sequential(nn.Flatten())", "in it are none; expected"),
        (
            "nn.Sequential(nn.Linear(784, 128), nn.Linear(128, 10))",
            "784 → 128, 128 → 10; expected",
        ),
        ("probabilities()", "the rows add up to 1"),
        (
            "nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.Tanh(), "
            "nn.Linear(128, 64), nn.Tanh(), nn.Linear(64, 10))",
            "values of the model's result",
        ),
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
        ("lambda x, p, training: 1 / 0", "raises, with training=False,"),
        (
            "lambda x, p, training: 1 / 0 if training else x",
            "raises, with training=True,",
        ),
        (
            "lambda x, p, training: x[0] if training else x",
            "not a tensor shaped like x",
        ),
        ("lambda x, p, training: p if training else x", "not a tensor shaped like x"),
        (
            "lambda x, p, training: x / (torch.rand_like(x) >= p) if training else x",
            "not finite numbers",
        ),
    ],
    "03.5": [
        ("lambda rows, weight, bias: rows @ weight + bias", "cannot be multiplied"),
        ("lambda rows, weight, bias: rows @ weight.T + bias", "NoneType"),
        ("lambda rows, weight, bias: rows @ weight.T", "values of linear(...)"),
        (
            "lambda rows, weight, bias: rows @ weight.T + (7 if bias is None else bias)",
            "values of linear(rows, weight, None)",
        ),
    ],
    "04.1": [
        ("1 / 26", "that is the probability"),
        ("math.log2(26)", "what does that cost"),
        ("-math.log(26)", "is not the number"),
    ],
    "04.2": [
        (
            "lambda x, y: -torch.log(torch.softmax(x, 1))[range(len(y)), y].mean()",
            "never take log of softmax",
        ),
        ("lambda x, y: torch.log_softmax(x, 1)[range(len(y)), y].mean()", "the sign"),
        (
            "lambda x, y: -torch.log_softmax(x, 1)[range(len(y)), y].sum()",
            "the sum over the batch",
        ),
        ("lambda x, y: -torch.log_softmax(x, 1)[range(len(y)), y]", "expected ()"),
        ("lambda x, y: -torch.log_softmax(x, 0)[range(len(y)), y].mean()", "1 of 1"),
        ("lambda x, y: 1 / 0", "your code raises"),
    ],
    "04.3": [
        (
            "lambda w, v, lr, m: (w.data.sub_(lr * w.grad), m * v + w.grad)[1]",
            "a plain",
        ),
        ("lambda w, v, lr, m: m * v + w.grad", "weights did not change"),
        (
            "lambda w, v, lr, m: (w.data.sub_(lr * (m * v + w.grad)), v)[1]",
            "values of the velocity",
        ),
        (
            "lambda w, v, lr, m: (w.data.add_(lr * (m * v + w.grad)), m * v + w.grad)[1]",
            "values of weights",
        ),
    ],
    "04.4": [
        ("lambda m, loader, f, o: 0.5", "is there a step for each batch?"),
        ("wrong_epoch(clear=False)", "clear them"),
        ("wrong_epoch(mean_of_means=True)", "the mean of the batch means"),
        ("wrong_epoch(divide=False)", "divide by all pictures"),
        ("wrong_epoch(give=False)", "a `return` missing"),
        ("wrong_epoch(twice=True)", "values of the trained weight"),
    ],
    "05.1": [
        ("wrong_accuracy(mean_of_means=True)", "the mean of the batch means"),
        ("wrong_accuracy(evaluation=False)", "not in evaluation mode"),
        ("wrong_accuracy(no_grad=False)", "gradients were recorded"),
        ("wrong_accuracy(divide=False)", "divide by how many"),
        (
            "lambda m, l: torch.tensor(wrong_accuracy(mean_of_means=True)(m, l))",
            "the mean of the batch means",
        ),
        ("lambda m, loader: 1 / 0", "raises, given batches 32, 32, 6,"),
        ("lambda m, loader: 0.5", "Correct over seen, both added up"),
    ],
    "05.2": [
        (
            "lambda x, y, k: (x.argmax(dim=1) == y).float().mean().item()",
            "With k=3",
        ),
        (
            "lambda x, y, k: (x.topk(k, dim=1).indices == y).any(1).float().mean().item()",
            "as a column",
        ),
        (
            "lambda x, y, k: (x.topk(k, dim=1).indices == y[:, None]).float().mean().item()",
            "With k=3",
        ),
        ("lambda x, y, k: 1 / 0", "raises, with k=1,"),
    ],
    "05.3": [
        ("lambda losses, patience: losses.index(min(losses))", "patience 2"),
        ("lambda losses, patience: min(losses)", "is not the number"),
        ("lambda losses, patience: len(losses) - 1", "is not the number"),
    ],
    "05.4": [
        (
            "lambda y, p, c: (p * c + y).bincount(minlength=c * c).reshape(c, c)",
            "swapped",
        ),
        (
            "lambda y, p, c: torch.zeros(c, c).long().index_put((y, p), torch.tensor(1))",
            "counted once",
        ),
        ("lambda y, p, c: (y * c + p).bincount().reshape(c, c)", "raises, with 5"),
        (
            "lambda y, p, c: (y * c + p).bincount(minlength=c * c).reshape(c, c) / 1",
            "dtype of confusion_matrix",
        ),
        ("lambda y, p, c: c", "an int, not a tensor"),
    ],
    "06.1": [
        ("lambda d: {k.replace('module.', ''): v for k, v in d.items()}", "once"),
        ("lambda d: {k[7:]: v for k, v in d.items()}", "nowhere else"),
        ("lambda d: [d.update({k[7:]: d.pop(k)}) for k in list(d)]", "was changed"),
        ("lambda d: list(d)", "a list, not a dictionary"),
        (
            "lambda d: {k.removeprefix('module.'): v + 1 for k, v in d.items()}",
            "the entry output.bias",
        ),
    ],
    "06.2": [
        ("lambda thing, path: torch.save(thing, path)", "the old file"),
        ("lambda thing, path: str(path)", "no files"),
        (
            "lambda t, p: (torch.save(t, f'{p}.new'), Path(f'{p}.new').replace(p))",
            "half-written file is left",
        ),
        ("lambda thing, path: torch.save(thing, f'{path}.new')", "model.pt.new"),
        ("lambda t, p: torch.save({'epoch': 0}, p)", "doesn't hold what"),
        ("lambda t, p: 'bad' in t or torch.save(t, p)", "nobody heard of it"),
        (
            "lambda t, p: (torch.save({'epoch': t['epoch']}, p), 'bad' in t and 1 / 0)",
            "the old file has changed",
        ),
        ("lambda t, p: 1 / 0", "your code raises"),
    ],
    "06.3": [
        (
            "lambda m, o, s, e: {'model': m.state_dict(), 'optimizer': o.state_dict(), "
            "'scheduler': s.state_dict(), 'epoch': e, "
            "'random_state': torch.get_rng_state()}",
            "after training went on",
        ),
        ("lambda m, o, s, e: {'model': m.state_dict(), 'epoch': e}", "missing"),
        ("lambda m, o, s, e: m.state_dict()", "the keys are not the five"),
        ("lambda m, o, s, e: [m, o, s, e]", "a list, not a dictionary"),
        ("wrong_everything(epoch=6)", "the epoch is not"),
        ("wrong_everything(model=nn.Linear(2, 1))", "not the model"),
        ("wrong_everything(scheduler={})", "the scheduler's state"),
        ("wrong_everything(random_state=torch.zeros(3))", "random_state"),
        (
            "lambda m, o, s, e: {**wrong_everything()(m, o, s, e), 'optimizer': o.state_dict()}",
            "the optimizer's average",
        ),
        ("lambda m, o, s, e: {1: m, 'two': o}", "too many [1, 'two']"),
    ],
    "06.4": [
        ("lambda m, d: m.load_state_dict(d, strict=False)", "size mismatch"),
        ("lambda m, d: sorted(k for k in d if k[0] != '0')", "Its shape fits"),
        (
            "lambda m, d: (m.load_state_dict({k: v for k, v in d.items() if k[0] == '0'}, "
            "strict=False), [])[1]",
            "that were not taken",
        ),
        ("lambda m, d: [d.pop('other')]", "that came was changed"),
        (
            "lambda m, d: [m.requires_grad_(False)[2].bias.zero_(), m.load_state_dict("
            "{k: v for k, v in d.items() if k[0] == '0'}, strict=False)]",
            "leave it",
        ),
    ],
    "07.1": [
        ("lambda d: {d.classes[y]: d.targets.count(y) for y in d.targets}", "empty"),
        ("lambda d: {y: d.targets.count(y) for y in range(4)}", "the keys are labels"),
        ("lambda d: {d.classes[y]: 1 for _, y in d}", "pictures were opened"),
        ("lambda d: [d.targets.count(y) for y in range(4)]", "a list, expected a dict"),
        ("lambda d: {name: len(d) for name in d.classes}", "it gave"),
    ],
    "07.2": [
        ("(3, 160, 100)", "the height first"),
        ("(3, 100, 100)", "the proportions stay"),
        ("(100, 160, 3)", "the colours first"),
        ("(3, 62, 100)", "*shorter* side"),
        ("100", "is no shape"),
        ("(3, 63, 100)", "*shorter* side"),
        ("(3, 100)", "a shape of 2 numbers"),
        ("(3, 100, 150)", "not (3, 100, 150)"),
    ],
    "07.3": [
        ("v2.Compose([v2.RandomResizedCrop(96), v2.ToImage()])", "torch.uint8"),
        ("v2.RandomResizedCrop(96)", "not a tensor"),
        (
            "v2.Compose([v2.RandomResizedCrop(96), v2.ToImage(), "
            "v2.ToDtype(torch.float32)])",
            "scale=True",
        ),
        ("v2.Compose([v2.RandomResizedCrop(96), to_tensor])", "none of 60"),
        ("v2.Compose([v2.Resize(96), to_tensor])", "expected (3, 96, 96)"),
        (
            "v2.Compose([v2.Resize((96, 96)), v2.RandomHorizontalFlip(), to_tensor])",
            "the same part",
        ),
        (
            "v2.Compose([v2.RandomResizedCrop(96), v2.RandomHorizontalFlip(), "
            "v2.RandomVerticalFlip(), to_tensor])",
            "upside down",
        ),
        (
            "v2.Compose([v2.RandomResizedCrop(96), v2.RandomHorizontalFlip(1.0), "
            "to_tensor])",
            "60 of 60 were mirrored",
        ),
        (
            "v2.Compose([v2.RandomResizedCrop(96), to_tensor, v2.Normalize([0.5] * 3, [0.5] * 3)])",
            "below 0",
        ),
        (
            "v2.Compose([v2.RandomResizedCrop(96), to_tensor, v2.Lambda(lambda x: x / 255)])",
            "became black",
        ),
        ("lambda picture: 1 / 0", "raises, given a PIL picture,"),
    ],
    "07.4": [
        ("lambda images, mean, std: images * std + mean", "met the columns"),
        (
            "lambda i, m, s: (i + m[:, None, None]) * s[:, None, None]",
            "isn't the reverse",
        ),
        ("lambda i, m, s: i * s[:, None, None] + m[:, None, None]", ".clamp(0, 1)"),
        (
            "lambda i, m, s: i.mul_(s[:, None, None]).add_(m[:, None, None]).clamp(0, 1)",
            "was changed",
        ),
        ("lambda images, mean, std: 0", "an int, not a tensor"),
        ("lambda images, mean, std: images[0]", "shape"),
    ],
    "07.5": [
        ("lambda dataset: []", "found none"),
        ("lambda d: [p for p, _ in d.samples if not Path(p).stat().st_size]", "load()"),
        ("lambda d: [i for i in range(len(d))]", "must hold paths"),
        ("lambda d: [d[i] for i in range(len(d))]", "your code raises"),
        ("lambda d: 'rose'", "a str, expected a list"),
        (
            "lambda d: [p for p, _ in d.samples if p[-5] == 'b']",
            "no bytes was not found",
        ),
        ("lambda d: [p for p, _ in d.samples if p[-5] in 'ace']", "the good ones"),
        ("lambda d: [Path(p) for p, _ in d.samples if p[-5] in 'bd']", "as text"),
    ],
    "08.1": [
        ("lambda m: sum(p.numel() for p in m.parameters())", "frozen ones are counted"),
        ("lambda m: sum(p.requires_grad for p in m.parameters())", "p.numel()"),
        (
            "lambda m: sum(p.numel() for p in m.parameters() if not p.requires_grad)",
            "these are the frozen ones",
        ),
        (
            "lambda m: sum(p.numel() for p in m.classifier.parameters())",
            "your code raises",
        ),
        ("lambda m: 70", "all frozen has 0"),
        ("lambda m: 71", "71 is not the number. Here"),
    ],
    "08.2": [
        ("lambda m, n: wrong_prepare(m, n, freeze=False)", "not frozen: conv0.weight"),
        ("lambda m, n: wrong_prepare(m, n, late=True)", "freeze first"),
        ("lambda m, n: wrong_prepare(m, 10)", "for 3 classes"),
        ("lambda m, n: wrong_prepare(m, n, inputs=10)", "in_features"),
        ("lambda m, n: wrong_prepare(m, n).classifier", "give the model back"),
        ("lambda m, n: wrong_prepare(type(m)(), n)", "their weights must be kept"),
        ("lambda m, n: n", "a int, expected the model"),
        (
            "lambda m, n: nn.ModuleDict({'classifier': nn.Linear(6, 3)})",
            "no features and classifier",
        ),
        (
            "lambda m, n: (setattr(m, 'classifier', nn.Identity()), m)[1]",
            "the classifier is a Identity",
        ),
    ],
    "08.3": [
        ("lambda m, images: m.eval()(images)", "these are logits"),
        ("lambda m, images: m.features(images)", "not pooled yet"),
        ("wrong_features()", "a gradient's graph"),
        ("torch.no_grad()(wrong_features(restore=False))", "put it back"),
        ("torch.no_grad()(wrong_features(evaluation=False))", "statistics moved"),
        ("torch.no_grad()(wrong_features(identity=False))", "logits"),
        (
            "torch.no_grad()(lambda m, i: m.eval().features(i).relu().mean(dim=(2, 3)))",
            "came with training=True",
        ),
        ("lambda m, images: torch.full((5, 6), 7.0)", "30 of 30 values of the result"),
        (
            "torch.no_grad()(lambda m, i: m.features.eval()(i).relu().mean(dim=(2, 3)))",
            "came with training=True",
        ),
    ],
    "08.4": [
        ("lambda m: m.train()", "model.eval() reaches all"),
        ("lambda m: m.eval()", "classifier is not in training mode"),
        ("lambda m: m.classifier.train()", "give back the model that came"),
        ("lambda m: (m.classifier.train(), m.eval())[1]", "comes after model.eval()"),
        ("lambda m: (m.train(), m.features.eval())[0]", "itself says training"),
    ],
    "08.5": [
        ("lambda m: optim.Adam(m.parameters(), lr=0.002)", "has the rate 0.002"),
        ("lambda m: optim.Adam(m.classifier.parameters(), lr=0.002)", "is in no group"),
        ("lambda m: optim.SGD(m.parameters(), lr=0.002)", "expected Adam"),
        (
            "lambda m: optim.Adam([{'params': m.features.parameters(), 'lr': 0.0001}, "
            "{'params': m.classifier.parameters(), 'lr': 0.002}])",
            "only two were asked",
        ),
        ("lambda m: 0.002", "a float, not an optimizer"),
    ],
    "09.1": [
        ("lambda n, rank, world_size: range(n)", "picture 0 is counted 4 times"),
        (
            "lambda n, r, w: range(r * (n // w), (r + 1) * (n // w))",
            "picture 8 is left out",
        ),
        (
            "lambda n, r, w: list(DistributedSampler(range(n), w, r, shuffle=False))",
            "counted 2 times",
        ),
        ("lambda n, r, w: range(n if r == 0 else 0)", "has 10 more than the smallest"),
        ("lambda n, r, w: n // w", "expected whole numbers"),
        ("lambda n, r, w: range(r + 1, n + 1, w)", "none with number 10"),
        (
            "lambda n, r, w: [i for i in range(n) if (0 if i == 9 else i % w) == r]",
            "has 2 more than the smallest",
        ),
    ],
    "09.2": [
        ("lambda correct, seen, all_reduce: correct / seen", "one process alone"),
        ("wrong_global_accuracy(2)", "mean of the processes' accuracies"),
        ("wrong_global_accuracy(1)", "sum of the processes' accuracies"),
        (
            "lambda c, s, r: r(torch.tensor([c, s]))[0] / 2",
            "all_reduce returns nothing",
        ),
        (
            "lambda c, s, all_reduce: all_reduce(torch.tensor([c, s]))",
            "`return` missing",
        ),
        ("lambda c, s, all_reduce: all_reduce(c)", "all_reduce takes a tensor"),
        (
            "lambda c, s, all_reduce: (c > 9 and all_reduce(torch.tensor([c, s])), 1)[1]",
            "waits for another",
        ),
        ("lambda c, s, r: (t := torch.tensor([c, s]), r(t), t[0])[2]", "96 of 120"),
    ],
    "09.3": [
        (
            "lambda m, all_reduce, w: [all_reduce(p.grad) for p in m.parameters()]",
            "is the sum over the processes",
        ),
        (
            "lambda m, all_reduce, w: [p.grad.div_(w) for p in m.parameters()]",
            "gradient of weight",
        ),
        (
            "lambda m, all_reduce, w: [all_reduce(p.grad / w) for p in m.parameters()]",
            "still those of each process alone",
        ),
        (
            "lambda m, r, w: (r(m.weight.grad), m.weight.grad.div_(w))",
            "gradient of bias",
        ),
        ("lambda m, r, w: m.zero_grad()", "is gone"),
    ],
    "09.4": [
        ("lambda n, c, b, link: c / (2 * (n - 1) / n * b / link)", "0.15 s"),
        ("lambda n, c, b, link: c / (c + (n == 1) + 1.5 * b / link)", "nobody to send"),
        ("lambda n, c, b, link: c / (c + 2 * (n - 1) * b / link)", "divided by n"),
        ("lambda n, c, b, link: 1 + 2 * (n - 1) / n * b / link / c", "upside down"),
        ("lambda n, c, b, link: c / (c + (n - 1) / n * b / link)", "0.15 s"),
        (
            "lambda n, c, b, link: c / (c + 2 * (n - 1) / n * b / link) if n < 9 else 0.5",
            "With many cards",
        ),
    ],
}


# Right answers other than the published solution.
RIGHT = {
    "01.2": ["(True, True, False, False, False)"],
    "02.5": [
        "lambda w, loss, lr: (loss.backward(), w.data.sub_(lr * w.grad), "
        "w.grad.zero_(), w)[3]"
    ],
    "04.1": ["3.26"],
    "05.1": ["lambda m, loader: torch.tensor(wrong_accuracy()(m, loader))"],
    "06.4": [
        "lambda m, d: (m.load_state_dict({k: v for k, v in d.items() if k[0] == '0'}, "
        "strict=False), {'2.bias', '2.weight', 'other'})[1]"
    ],
    "07.2": ["torch.Size([3, 100, 160])", "[3.0, 100.0, 160.0]"],
}


def wrong_epoch(clear=True, mean_of_means=False, divide=True, give=True, twice=False):
    """train_epoch with one mistake."""

    def train_epoch(model, train_loader, loss_function, optimizer):
        losses, sizes = [], []
        for images, labels in train_loader:
            loss = loss_function(model(images), labels)
            if clear:
                optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if twice:
                optimizer.step()
            losses.append(loss.item())
            sizes.append(1 if mean_of_means else len(labels))
        total = sum(loss * size for loss, size in zip(losses, sizes, strict=True))
        return (total / sum(sizes) if divide else total) if give else None

    return train_epoch


def wrong_accuracy(mean_of_means=False, evaluation=True, no_grad=True, divide=True):
    """accuracy_of with one mistake."""

    def accuracy_of(model, loader):
        model.train(not evaluation)
        correct, seen = 0, 0
        with torch.set_grad_enabled(not no_grad):
            for images, labels in loader:
                right = (model(images).argmax(dim=1) == labels).sum().item()
                correct += right / len(labels) if mean_of_means else right
                seen += 1 if mean_of_means else len(labels)
        return correct / seen if divide else correct

    return accuracy_of


def probabilities():
    """All that 03.3 asks for, and a softmax that no module shows."""

    class Probabilities(nn.Sequential):
        def forward(self, images):
            return super().forward(images).softmax(dim=1)

    layers = [nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU()]
    return Probabilities(nn.Flatten(), *layers, nn.Linear(64, 10))


def wrong_everything(**changes):
    """everything with one entry changed."""

    def everything(model, optimizer, scheduler, epoch):
        parts = {"model": model, "optimizer": optimizer, "scheduler": scheduler}
        states = {name: part.state_dict() for name, part in parts.items()}
        states |= {"epoch": epoch, "random_state": torch.get_rng_state()}
        return copy.deepcopy(states) | changes

    return everything


def wrong_prepare(model, num_classes, freeze=True, late=False, inputs=6):
    """prepare with one mistake."""
    model.requires_grad_(not freeze)
    model.classifier = nn.Linear(inputs, num_classes)
    return model.requires_grad_(False) if late else model


def wrong_features(restore=True, evaluation=True, identity=True):
    """features_of with one mistake; without no_grad, another."""

    def features_of(model, images):
        classifier, was_training = model.classifier, model.training
        if identity:
            model.classifier = nn.Identity()
        model.train(was_training and not evaluation)
        features = model(images)
        if restore:
            model.classifier = classifier
        model.train(was_training)
        return features

    return features_of


def wrong_global_accuracy(divide):
    """A mean of means, over two processes, or their sum."""

    def global_accuracy(correct, seen, all_reduce):
        accuracy = torch.tensor(correct / seen)
        all_reduce(accuracy)
        return accuracy.item() / divide

    return global_accuracy


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


def names_in(source):
    """The names that a piece of code sets, and those that it looks up."""
    code = compile(source, "<cell>", "exec")
    sets, looks_up, parts = set(), set(), [code]
    for part in parts:
        for instruction in dis.get_instructions(part):
            if instruction.opname in ("LOAD_NAME", "LOAD_GLOBAL"):
                looks_up.add(instruction.argval)
            if instruction.opname == "STORE_NAME" and part is code:
                sets.add(instruction.argval)
        parts += [const for const in part.co_consts if hasattr(const, "co_code")]
    return sets, looks_up


def needed(sources, *pieces):
    """Those of the cells before an exercise that its pieces of code build upon."""
    wanted = set().union(*(names_in(piece)[1] for piece in pieces))
    chosen = []
    for source in reversed(sources):
        sets, looks_up = names_in(source)
        if sets & wanted:
            wanted |= looks_up
            chosen.append(source)
    return reversed(chosen)


def exercises():
    for path in LESSONS:
        cells = [cell for cell in read(path).cells]
        before = []
        for cell, below in zip(cells, [*cells[1:], None], strict=True):
            if cell.cell_type != "code":
                continue
            if "exercise" in tags(cell):
                name = re.search(r'check\("([\d.]+)"', cell.source)[1]
                solution = re.search(r"```python\n(.*?)```", below.source, re.S)[1]
                yield pytest.param(name, list(before), cell.source, solution, id=name)
            before.append(cell.source)


@pytest.mark.parametrize("name, before, published, solution", list(exercises()))
def test_solution_passes_and_wrong_answers_get_their_hint(
    name, before, published, solution, capsys
):
    namespace = {"__name__": "__main__"}
    wrong = [f'check("{name}", {answer})' for answer, _ in WRONG[name]]
    for source in needed(before, published, solution, *wrong):
        run(source, namespace, capsys)
    assert run(published, namespace, capsys) == (
        f"Exercise {name}: not tried yet: replace the ... and run this cell again.\n"
    )
    words = {}
    for check, (answer, hint) in zip(wrong, WRONG[name], strict=True):
        here = {
            **namespace,
            "wrong_epoch": wrong_epoch,
            "wrong_accuracy": wrong_accuracy,
            "wrong_prepare": wrong_prepare,
            "wrong_features": wrong_features,
            "wrong_global_accuracy": wrong_global_accuracy,
            "wrong_everything": wrong_everything,
            "probabilities": probabilities,
        }
        said = run(check, here, capsys)
        assert said.startswith(f"Exercise {name}: not yet: "), (answer, said)
        assert hint in said, (answer, said)
        assert said.count("\n") == 1
        words[answer] = said
    for answer in RIGHT.get(name, []):
        said = run(f'check("{name}", {answer})', here, capsys)
        assert said.startswith(f"Exercise {name}: right. "), (answer, said)
    said = run(solution, namespace, capsys)
    assert re.fullmatch(rf"Exercise {name}: right\. .+\n", said), said
    words["the solution"] = said
    if "temporary" in namespace:
        namespace["temporary"].cleanup()
    known = json.loads(SAID.read_text(encoding="utf-8")) if SAID.exists() else {}
    if os.environ.get("COURSE_WRITE_ANSWERS"):
        known[name] = words
        text = json.dumps(known, indent=1, sort_keys=True, ensure_ascii=False)
        SAID.write_text(text + "\n", encoding="utf-8", newline="\n")
    assert words == known[name]


def test_each_exercise_has_wrong_answers():
    assert {param.id for param in exercises()} == set(WRONG)
    assert all(len(answers) >= 2 for answers in WRONG.values())
