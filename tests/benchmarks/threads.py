"""How many threads should a notebook's kernel have? Measured alone and beside another notebook.

    python tests/benchmarks/threads.py

Prints milliseconds, the median of three runs each: a step of the network of lesson 05 (a batch
of 64 digits), one picture through a small convolutional network, and a step of it with a batch
of 32. "Beside" is while a second process trains, too, with the same settings.
"""

import os
import statistics
import subprocess
import sys
import time

SETTINGS = {
    "PyTorch's own": {},
    "that wait passively": {"OMP_WAIT_POLICY": "passive"},
    "one thread": {"OMP_NUM_THREADS": "1"},
}


def step_of(model, batch, optimizer):
    from torch.nn.functional import cross_entropy

    images, labels = batch

    def step():
        loss = cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def milliseconds(work, times: int) -> float:
    for _ in range(3):
        work()
    begin = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - begin) / times * 1000


def measure(forever: bool) -> None:
    import torch
    from torch import nn, optim

    torch.manual_seed(0)
    mlp = nn.Sequential(nn.Flatten(), nn.Linear(784, 256), nn.ReLU())
    mlp.extend([nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10)])
    cnn = nn.Sequential(nn.Conv2d(3, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU())
    cnn.extend([nn.MaxPool2d(2), nn.Conv2d(32, 64, 3, padding=1), nn.ReLU()])
    cnn.extend([nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)])
    small = torch.randn(64, 1, 28, 28), torch.randint(0, 10, (64,))
    large = torch.randn(32, 3, 64, 64), torch.randint(0, 10, (32,))
    one = torch.randn(1, 3, 64, 64)
    step = step_of(mlp, small, optim.Adam(mlp.parameters()))
    while forever:
        step()
    print(milliseconds(step, 300))
    with torch.inference_mode():
        print(milliseconds(lambda: cnn(one), 200))
    print(milliseconds(step_of(cnn, large, optim.Adam(cnn.parameters())), 20))


def start(what: str, settings: dict[str, str]) -> subprocess.Popen:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OMP_")}
    command = [sys.executable, __file__, what]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment | settings, stdout=pipe, text=True)


def medians(settings: dict[str, str]) -> list[float]:
    runs = [start("measure", settings).communicate()[0].split() for _ in range(3)]
    return [statistics.median(map(float, column)) for column in zip(*runs, strict=True)]


def row(numbers: list[float]) -> str:
    step, picture, large = numbers
    return f"{step:12.2f}{picture:14.2f}{large:12.1f}"


def main() -> None:
    print(f"{os.cpu_count()} cores; milliseconds")
    print(f"{'':30}{'step, MLP':>12}{'one picture':>14}{'step, CNN':>12}")
    for name, settings in SETTINGS.items():
        print(f"{name:30}{row(medians(settings))}", flush=True)
        other = start("forever", settings)
        try:
            time.sleep(5)
            print(f"{name + ', beside':30}{row(medians(settings))}", flush=True)
        finally:
            other.kill()
            other.wait()


if __name__ == "__main__":
    if sys.argv[1:]:
        measure(forever=sys.argv[1] == "forever")
    else:
        main()
