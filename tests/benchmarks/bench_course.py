"""What the course costs: `make bench`. Nothing here is part of `make test`."""

import copy
import functools
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from importlib.util import find_spec
from pathlib import Path

import convolutions
import course
import nbformat
import pytest
import refresh_outputs
import threads
import torch
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.flop_counter import FlopCounterMode
from torchvision import transforms as v1
from torchvision.datasets import MNIST, ImageFolder
from torchvision.transforms import v2

from helper.data import DOWNLOADS, Digits
from helper.networks import Network
from helper.pictures import FLOWERS
from helper.pretrained import load_backbone
from helper.train import evaluate, fit, train_epoch

ROOT = Path(__file__).resolve().parents[2]
TRAIN = ROOT / "notebooks" / "scripts" / "12_train.py"
LOSS = nn.CrossEntropyLoss()


def floor_of(notebook):
    """A notebook with its imports alone, and a first optimizer if there is one.

    torch imports a third of itself when the first optimizer is made. A module of the notebook's
    own folder is left out: the notebook says first where it lies.
    """
    code = "\n".join(c.source for c in notebook.cells if c.cell_type == "code")
    imports = re.finditer(r"^(?:import|from) (\w+).*$", code, re.MULTILINE)
    lines = [found[0] for found in imports if find_spec(found[1])]
    if "optim." in code:
        lines += ["import torch", "torch.optim.SGD([torch.zeros(1)], lr=0.1)"]
    return new_notebook(cells=[new_code_cell("\n".join(dict.fromkeys(lines)))])


def seconds_of(notebook) -> float:
    begin = time.perf_counter()
    refresh_outputs.execute(copy.deepcopy(notebook))
    return time.perf_counter() - begin


SERIES = []


@pytest.mark.parametrize("path", course.PATHS, ids=lambda path: path.stem)
def test_notebook(path, benchmark, note):
    notebook = nbformat.read(path, as_version=4)
    floor = floor_of(notebook)
    pairs = []

    def turn():
        pairs.append([seconds_of(notebook), seconds_of(floor)])

    benchmark.pedantic(turn, rounds=1)
    SERIES.extend(pairs)
    note(f"{path.stem}, to a kernel that imports what it uses", pairs)


def test_series(benchmark, note):
    if len(SERIES) < len(course.PATHS):
        pytest.skip("not all notebooks were run")
    total = sum(seconds for seconds, _ in SERIES)
    benchmark.pedantic(lambda: None, rounds=1)
    row = "all notebooks one after another, to the 150 s that they may take"
    floors = sum(floor for _, floor in SERIES)
    note("all notebooks, to kernels that import what they use", [(total, floors)])
    note(row, [(total, 150.0)], at_most=1)


@pytest.mark.parametrize("number", ["02", "05", "08"])
def test_a_lesson_beside_another_training(number, benchmark, note):
    """A learner who lets one notebook train, and goes on with the next."""
    (path,) = (path for path in course.LESSONS if path.stem.startswith(number))
    notebook = nbformat.read(path, as_version=4)
    pairs = []

    def turn():
        quiet = seconds_of(notebook)
        other = threads.start("forever", threads.SETTINGS["one thread"])
        try:
            time.sleep(5)  # until it trains
            pairs.append((seconds_of(notebook), quiet))
        finally:
            other.kill()
            other.communicate()

    benchmark.pedantic(turn, rounds=3)
    row = f"{path.stem} beside another training, to itself on a quiet machine"
    note(row, pairs, at_most=2.5)


def digits(train: bool) -> TensorDataset:
    """As notebook 05 has them: all at once."""
    data = Digits(train=train)
    return TensorDataset(data.data.float().unsqueeze(1) / 255, data.targets)


def test_fit_against_the_bare_loop(ratio):
    train_loader = DataLoader(digits(True), 64)
    valid_loader = DataLoader(digits(False), 256)

    def begin():
        torch.manual_seed(0)
        model = Network(784, [256, 128], 10)
        return model, optim.Adam(model.parameters(), lr=0.001)

    def by_fit():
        model, optimizer = begin()
        fit(model, train_loader, valid_loader, LOSS, optimizer, epochs=10)

    def bare():
        """Both losses and the accuracy, as one writes it by hand; nothing is kept."""
        model, optimizer = begin()
        for _ in range(10):
            model.train()
            running_loss = 0.0
            for images, labels in train_loader:
                loss = LOSS(model(images), labels)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                running_loss += loss.item()
            model.eval()
            valid_loss, correct = 0.0, 0
            with torch.no_grad():
                for images, labels in valid_loader:
                    logits = model(images)
                    valid_loss += LOSS(logits, labels).item()
                    correct += (logits.argmax(dim=1) == labels).sum().item()

    def seconds(work):
        """Of the processor: what else runs on the machine doesn't count."""
        begin = time.process_time()
        work()
        return time.process_time() - begin

    row = "helper.train.fit to the bare loop"
    ours, by_hand = (functools.partial(seconds, work) for work in (by_fit, bare))
    ratio(row, ours, by_hand, rounds=40, at_most=1.03)


def textbook(open_data, epochs: int = 5) -> tuple[float, float, float]:
    """The textbook's way: seconds to its last epoch, and that epoch's accuracy."""
    torch.manual_seed(0)
    transform = v1.Compose([v1.ToTensor(), v1.Normalize((0.5,), (0.5,))])
    train_loader = DataLoader(open_data(True, transform), 64, shuffle=True)
    test_loader = DataLoader(open_data(False, transform), 64)
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU())
    model.extend([nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10), nn.LogSoftmax(1)])
    optimizer = optim.SGD(model.parameters(), lr=0.003)
    begin = time.perf_counter()
    for _ in range(epochs):
        train_epoch(model, train_loader, nn.NLLLoss(), optimizer)
    seconds = time.perf_counter() - begin
    return seconds, evaluate(model, test_loader, nn.NLLLoss())[1]


def course_way(open_data, goals: list[float], patience: int = 60) -> dict[float, float]:
    """The course's way: seconds until each accuracy on the test part is reached.

    Measured after every fifth step at first, so that an early goal is seen, later after
    every twentieth; the time of measuring is not counted, nor is it in the textbook's.
    """
    begin = time.perf_counter()
    sets = []
    for train in (True, False):
        data = open_data(train, None)
        sets.append((data.data.float().unsqueeze(1) / 255, data.targets))
    mean, std = sets[0][0].mean(), sets[0][0].std()
    train_set, test_set = (
        TensorDataset((images - mean) / std, labels) for images, labels in sets
    )
    torch.manual_seed(0)
    model = Network(784, [256, 128], 10, dropout=0.2)
    optimizer = optim.Adam(model.parameters(), lr=0.001)
    train_loader = DataLoader(train_set, 64, shuffle=True)
    test_loader = DataLoader(test_set, 1000)
    reached, paused, steps = {}, 0.0, 0
    for _ in range(patience):
        for images, labels in train_loader:
            model.train()
            loss = LOSS(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            steps += 1
            if steps % 5 == 0 and steps < 100 or steps % 20 == 0:
                pause = time.perf_counter()
                accuracy = evaluate(model, test_loader, LOSS)[1]
                for goal in goals:
                    if accuracy >= goal:
                        reached.setdefault(goal, pause - begin - paused)
                paused += time.perf_counter() - pause
                if len(reached) == len(set(goals)):
                    return reached
    return reached


def open_digits_data(train, transform):
    return Digits(train=train, transform=transform)


def open_mnist(train, transform):
    """A real copy: in the folder that COURSE_MNIST names, or downloaded by the course."""
    root = os.environ.get("COURSE_MNIST", DOWNLOADS)
    return MNIST(root, train=train, transform=transform)


@pytest.mark.parametrize("name", ["digits", "mnist"])
def test_time_to_accuracy(name, benchmark, note):
    open_data = {"digits": open_digits_data, "mnist": open_mnist}[name]
    try:
        open_data(True, None)
    except RuntimeError:
        pytest.skip("no MNIST here: COURSE_MNIST may name a folder that has it")
    rounds, ends = [], []

    def turn():
        seconds, accuracy = textbook(open_data)
        ends.append(accuracy)
        rounds.append((seconds, course_way(open_data, [accuracy, 0.95, 0.97])))

    benchmark.pedantic(turn, rounds=3 if name == "digits" else 1)
    for goal in (0.95, 0.97):
        reached = [(at.get(goal, float("inf")), seconds) for seconds, at in rounds]
        row = f"{name}: the course's way to {goal:.0%}, to the textbook's five epochs"
        note(row, reached)
    pairs = [
        (seconds, at[end]) for (seconds, at), end in zip(rounds, ends, strict=True)
    ]
    row = (
        f"{name}: textbook's way to its end ({ends[0]:.1%}), to the course's way there"
    )
    note(row, pairs, at_least=10)


TRANSFORM = v2.Compose(
    [
        v2.RandomResizedCrop(224),
        v2.RandomHorizontalFlip(),
        v2.ToImage(),
        v2.ToDtype(torch.float32, scale=True),
    ]
)


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_input_pipeline(workers, ratio):
    dataset = ImageFolder(FLOWERS / "train", TRANSFORM)
    paths = [path for path, _ in dataset.samples]
    loader = DataLoader(
        dataset, 40, num_workers=workers, persistent_workers=workers > 0
    )

    def load():
        for _ in loader:
            pass

    def decode():
        for path in paths:
            with Image.open(path) as image:
                image.convert("RGB")

    row = f"flowers through a loader with {workers} workers, to decoding alone"
    ratio(row, load, decode, rounds=3)


def test_kept_features(ratio):
    backbone = load_backbone()
    dataset = ImageFolder(FLOWERS / "train", backbone.transforms)
    model = backbone.model
    size = model.classifier.in_features
    model.classifier = nn.Identity()
    labels = torch.tensor(dataset.targets)
    with torch.no_grad():
        kept = torch.cat([model(images) for images, _ in DataLoader(dataset, 40)])
    classifier = nn.Sequential(nn.BatchNorm1d(size), nn.Linear(size, 5))
    optimizer = optim.Adam(classifier.parameters(), lr=0.005)

    def step(features, labels):
        loss = LOSS(classifier(features), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    def through_the_network():
        for images, labels in DataLoader(dataset, 20, shuffle=True):
            with torch.no_grad():
                features = model(images)
            step(features, labels)

    def kept_features():
        for features, few in DataLoader(TensorDataset(kept, labels), 20, shuffle=True):
            step(features, few)

    row = "an epoch through the frozen network, to one on kept features"
    ratio(row, through_the_network, kept_features, rounds=3, at_least=10)


def test_compute_rate(ratio):
    """Seconds for as many multiplications; so 3 is a third of the matrix product's rate."""
    model = load_backbone().model
    images = torch.rand(40, 3, 48, 48)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(images)
    size = 1024
    times = counter.get_total_flops() / (2 * size**3)
    left, right = torch.rand(size, size), torch.rand(size, size)

    def network():
        with torch.no_grad():
            model(images)

    def products() -> float:
        begin = time.perf_counter()
        for _ in range(10):
            left @ right
        return (time.perf_counter() - begin) / 10 * times

    row = "the frozen network, to matrix products with as many multiplications"
    ratio(row, network, products, rounds=9)


IMPORTS = """
import time
begin = time.perf_counter()
import torch
middle = time.perf_counter()
import helper
print(time.perf_counter() - begin, middle - begin)
"""


def test_import_helper(benchmark, note):
    pairs = []

    def turn():
        command = [sys.executable, "-c", IMPORTS]
        said = subprocess.check_output(command, cwd=ROOT, text=True)
        pairs.append([float(seconds) for seconds in said.split()])

    benchmark.pedantic(turn, rounds=5, warmup_rounds=1)
    note("importing torch and helper, to importing torch alone", pairs[1:])
    assert all(both - alone < 0.05 for both, alone in pairs[1:])


ENDS = """
import time
import torch
torch.optim.SGD([torch.zeros(1)], lr=0.1)
print(time.time(), flush=True)
"""


def test_end_of_a_process(ratio):
    def end(code: str) -> float:
        """Seconds from the last line of the code to the end of its process."""
        command = [sys.executable, "-c", code]
        said = subprocess.check_output(command, cwd=ROOT, text=True)
        return time.time() - float(said)

    row = "the end of a process with helper and an optimizer, to one without helper"
    ratio(
        row,
        lambda: end("import helper\n" + ENDS),
        lambda: end(ENDS),
        rounds=5,
        at_most=0.8,
    )


def answers(command: list[str]) -> float:
    """Seconds from the command to a JupyterLab that answers."""
    begin = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # make and its JupyterLab, to end both
    )
    try:
        for line in process.stdout:
            if match := re.search(r"http://127\.0\.0\.1:\d+/lab\S*token=\w+", line):
                break
        while True:
            try:
                with urllib.request.urlopen(match[0]) as reply:
                    assert reply.status == 200
                return time.perf_counter() - begin
            except urllib.error.URLError:
                time.sleep(0.02)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate()


def test_compile(benchmark, note, monkeypatch, tmp_path):
    """What notebook 10 says of it: the first batch, and the steps afterwards."""
    if not (shutil.which("c++") or shutil.which("cl")):
        pytest.skip("no compiler of C++ here")
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    images, labels = digits(True)[:64]
    torch.manual_seed(0)
    plain = Network(784, [256, 128], 10)
    compiled = torch.compile(plain)
    optimizer = optim.Adam(plain.parameters(), lr=0.001)

    def seconds(model, steps):
        begin = time.perf_counter()
        for _ in range(steps):
            loss = LOSS(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return (time.perf_counter() - begin) / steps

    seconds(plain, 20)
    step = seconds(plain, 200)
    benchmark.pedantic(
        lambda: note(
            "torch.compile: the first batch, to a step without it",
            [(seconds(compiled, 1), step)],
            at_least=1000,
        ),
        rounds=1,
    )
    pairs = [(seconds(compiled, 200), seconds(plain, 200)) for _ in range(5)]
    note("torch.compile: a later step, to one without it", pairs, at_least=0.95)


def test_deterministic_algorithms(ratio):
    """What notebook 06 says they cost on a CPU."""
    torch.manual_seed(0)
    network = convolutions.make_cnn(3, 5)
    images, labels = torch.rand(40, 3, 20, 20), torch.arange(40) % 5
    optimizer = optim.Adam(network.parameters())

    def steps(deterministic):
        torch.use_deterministic_algorithms(deterministic)
        try:
            for _ in range(30):
                loss = LOSS(network(images), labels)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        finally:
            torch.use_deterministic_algorithms(False)

    row = "a step of 08's network by deterministic algorithms, to one by any"
    with_them, without = functools.partial(steps, True), functools.partial(steps, False)
    ratio(row, with_them, without, rounds=11, at_least=0.9, at_most=1.1)


def test_second_make_lab(benchmark, note):
    lab = [sys.executable, "tools/open_lab.py", "--no-browser"]
    pairs = []

    def turn():
        pairs.append((answers(["make", "lab"]), answers(lab)))

    benchmark.pedantic(turn, rounds=3, warmup_rounds=1)
    row = "a second `make lab` until it answers, to JupyterLab's own start"
    note(row, pairs[1:], at_most=1.5)
