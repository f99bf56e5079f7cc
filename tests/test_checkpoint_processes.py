"""Checkpoints of a process that is interrupted, killed, one of several, or runs out of room.

One process does it all, since importing torch takes its time.
"""

import errno
import json
import os
import random
import select
import signal
import subprocess
import sys
import time

import pytest

from helper.checkpoints import load_checkpoint, save_checkpoint
from helper.networks import Network

SECONDS_TO_ANSWER = 30  # on a busy machine

SCRIPT = """
import json, os, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, Dataset
from helper.checkpoints import load_checkpoint, save_checkpoint
from helper.networks import Network
from helper.train import fit

def wait(*_):
    print("inside", flush=True)
    time.sleep(600)

def attempt(function, *arguments, **more):
    try:
        function(*arguments, **more)
    except (KeyboardInterrupt, OSError) as error:
        print(type(error).__name__, getattr(error, "strerror", ""), flush=True)
    state = model.state_dict()
    assert {name: value.shape for name, value in state.items()} == shapes
    assert all(value.isfinite().all() for value in state.values())

for line in sys.stdin:
    path, body = json.loads(line)
    torch.manual_seed(0)
    model = Network(784, [256], 10)
    shapes = {name: value.shape for name, value in model.state_dict().items()}
    exec(body)
    print("done", flush=True)
"""


@pytest.fixture(scope="module")
def start():
    """Has the process run a piece of code, with the path of a checkpoint, and returns it."""
    started = []

    def start(body, path):
        if not started or started[-1].poll() is not None:
            command = [sys.executable, "-c", SCRIPT]
            both = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
            started.append(subprocess.Popen(command, text=True, **both))
        started[-1].stdin.write(json.dumps([str(path), body]) + "\n")
        started[-1].stdin.flush()
        return started[-1]

    yield start
    for process in started:
        process.communicate()


def told(process):
    """What it says until it is done. When it is "inside", or "soon", it gets Ctrl-C."""
    said, moments = [], random.Random(0)
    while (line := process.stdout.readline()) not in ("done\n", ""):
        if line == "soon\n":
            time.sleep(0.01 * moments.random())
        if line in ("inside\n", "soon\n"):
            process.send_signal(signal.SIGINT)
            # Python drops an exception in what runs when an object goes: then press again.
            while not select.select([process.stdout], [], [], SECONDS_TO_ANSWER)[0]:
                process.send_signal(signal.SIGINT)
        else:
            said.append(line.strip())
    return said


DDP = """
import torch.distributed as dist, torch.distributed.nn
from torch.nn.parallel import DistributedDataParallel
dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
whole = DistributedDataParallel(Network(4, [3], 2))
save_checkpoint(path, whole, epoch=1)
assert torch.equal(load_checkpoint(path)[0].output.bias, whole.module.output.bias)
dist.destroy_process_group()
print("saved")
"""


def test_a_model_of_several_processes_is_saved_under_its_plain_names(tmp_path, start):
    assert told(start(DDP, tmp_path / "m.pt")) == ["saved"]
    assert load_checkpoint(tmp_path / "m.pt")[1]["epoch"] == 1


FULL_DISK = """
import resource
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # an error, and not the end
for room in 0, 1000, 100_000, 800_000, resource.RLIM_INFINITY:
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
    if room < 0:
        break
    attempt(save_checkpoint, path, model, epoch=2)
"""

CTRL_C = """
class Slow:  # is pickled in the middle of a checkpoint
    def __reduce__(self):
        wait()

attempt(save_checkpoint, path, model, slow=Slow())

sync, os.fsync = os.fsync, wait  # all is written, and has no name yet
attempt(save_checkpoint, path, model)
os.fsync = sync

class SlowData(Dataset):
    def __len__(self):
        return 40

    def __getitem__(self, i):
        if i == 20:
            wait()
        return torch.rand(784), i % 10

loader = DataLoader(SlowData(), batch_size=4)
optimizer = optim.Adam(model.parameters())
attempt(fit, model, loader, loader, nn.CrossEntropyLoss(), optimizer, epochs=2)
"""

CTRL_C_ANYWHERE = """
def save_for_ever():
    print("soon", flush=True)
    while True:
        save_checkpoint(path + ".other", model)

save_checkpoint(path + ".other", model)
for _ in range(40):
    attempt(save_for_ever)
    load_checkpoint(path + ".other")
os.remove(path + ".other")
"""

ENDS = {
    "a full disk": (FULL_DISK, [f"OSError {os.strerror(errno.EFBIG)}"] * 4),
    "Ctrl-C": (CTRL_C, ["KeyboardInterrupt"] * 3),
    "Ctrl-C at any moment of a save": (CTRL_C_ANYWHERE, ["KeyboardInterrupt"] * 40),
}


@pytest.mark.skipif(os.name != "posix", reason="has no such limits or signals")
@pytest.mark.parametrize("body, says", ENDS.values(), ids=ENDS)
def test_the_checkpoint_before_it_stays(body, says, tmp_path, start):
    path = tmp_path / "model.pt"
    save_checkpoint(path, Network(784, [256], 10), epoch=1)
    before = path.read_bytes()
    assert told(start(body, path)) == says
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


SAVE_FOR_EVER = """
for epoch in range(100000):
    save_checkpoint(path, model, epoch=epoch)
"""


def test_killed_while_saving_the_file_is_whole(tmp_path, start):
    path = tmp_path / "model.pt"
    process = start(SAVE_FOR_EVER, path)
    while not path.exists():
        assert process.poll() is None, "it ended before it had saved"
        time.sleep(0.001)
    for _ in range(20):  # what others see while it is being written
        load_checkpoint(path)
    process.kill()
    process.wait()
    model, checkpoint = load_checkpoint(path)
    assert checkpoint["epoch"] >= 0 and model.settings["hidden_sizes"] == [256]
