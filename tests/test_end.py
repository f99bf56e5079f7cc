"""A process that has imported helper ends sooner, and leaves nothing behind all the same."""

import subprocess
import sys

PROGRAM = """
import atexit, gc
atexit.register(lambda: print("kept from the search:", gc.get_freeze_count() > 100_000))
import helper, tempfile, torch
from torch.utils.data import DataLoader

loader = DataLoader(range(8), 2, num_workers=2, persistent_workers=True)
batches = iter(loader)
print([worker.pid for worker in batches._workers], next(batches).tolist())
folder = tempfile.TemporaryDirectory()
print(folder.name)
file = open("written.txt", "w", encoding="utf-8")  # and never closed
file.write("all of it")
"""


def test_it_ends_in_good_order(tmp_path):
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0 and not done.stderr, done.stderr
    workers, folder, frozen = done.stdout.splitlines()
    assert frozen == "kept from the search: True"
    assert workers.endswith("[0, 1]")
    assert not (tmp_path / folder).exists()
    assert (tmp_path / "written.txt").read_text(encoding="utf-8") == "all of it"
