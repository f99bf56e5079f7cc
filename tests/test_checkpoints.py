"""Checkpoints survive crashes, run no code, and say what is wrong with them.

Their sentences stand whole in test_sentences.py.
"""

import os
import pickle
import re
import subprocess
import sys
import time
from argparse import Namespace
from collections import Counter, OrderedDict, defaultdict
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import torch
from course import LESSONS, markdown
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from helper.checkpoints import load_checkpoint, save_checkpoint, saving
from helper.networks import Network
from helper.pretrained import SmallDenseNet


@pytest.fixture
def saved(tmp_path):
    torch.manual_seed(0)
    model = Network(12, [5, 4], 3, dropout=0.2)
    path = tmp_path / "model.pt"
    save_checkpoint(path, model, epoch=3, history={"train_loss": [1.0, 0.5]})
    return path, model


def test_round_trip(saved):
    path, model = saved
    rebuilt, checkpoint = load_checkpoint(str(path))
    images = torch.randn(4, 12)
    assert torch.equal(rebuilt(images), model.eval()(images))
    assert not rebuilt.training and rebuilt.settings == model.settings
    assert checkpoint["epoch"] == 3
    assert checkpoint["history"] == {"train_loss": [1.0, 0.5]}
    assert [file.name for file in path.parent.iterdir()] == ["model.pt"]


def test_an_optimizer_survives(tmp_path):
    model = Network(4, [], 2)
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(1, 4)).sum().backward()
    optimizer.step()
    save_checkpoint(tmp_path / "run.pt", model, optimizer=optimizer.state_dict())
    rebuilt, checkpoint = load_checkpoint(tmp_path / "run.pt")
    again = torch.optim.Adam(rebuilt.parameters())
    again.load_state_dict(checkpoint["optimizer"])
    assert again.state_dict()["state"][0]["step"] == 1


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_checkpoint(tmp_path / "nothing.pt")
    with pytest.raises(FileNotFoundError):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.9, 0.999])
def test_a_truncated_file(saved, share):
    path, _ = saved
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError):
        load_checkpoint(path)


@pytest.mark.parametrize(
    "content", [b"\x89PNG\r\n\x1a\n" + bytes(500), b"hello", pickle.dumps({"a": 1})]
)
def test_a_foreign_file(tmp_path, content):
    (tmp_path / "odd.pt").write_bytes(content)
    with pytest.raises(ValueError):
        load_checkpoint(tmp_path / "odd.pt")


def test_a_zip_that_torch_did_not_write(tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "odd.pt", "w") as file:
        file.writestr("readme.txt", "hello")
    with pytest.raises(ValueError):
        load_checkpoint(tmp_path / "odd.pt")


@pytest.mark.parametrize("thing", [[1, 2], torch.ones(3), {"epoch": 1}, 5])
def test_something_else_that_torch_saved(tmp_path, thing):
    torch.save(thing, tmp_path / "odd.pt")
    with pytest.raises(ValueError):
        load_checkpoint(tmp_path / "odd.pt")
    torch.save(Network(4, [], 2).state_dict(), tmp_path / "bare.pt")
    with pytest.raises(ValueError):
        load_checkpoint(tmp_path / "bare.pt")


@pytest.mark.parametrize(
    "settings",
    [
        {"input_size": 12, "hidden_sizes": [5], "output_size": 3},
        {"input_size": 12, "hidden_sizes": [5, 4], "output_size": 4},
        {"input_size": -1, "hidden_sizes": [5, 4], "output_size": 4},
        {"input_size": "12", "hidden_sizes": [5, 4], "output_size": 3},
        {"inputs": 12},
        None,
    ],
)
def test_weights_of_another_shape(saved, settings):
    path, model = saved
    torch.save({"settings": settings, "state_dict": model.state_dict()}, path)
    with pytest.raises(ValueError):
        load_checkpoint(path)
    torch.save({"settings": model.settings, "state_dict": 5}, path)
    with pytest.raises(ValueError):
        load_checkpoint(path)


class Touch:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


def test_a_pickle_that_runs_code_is_refused_and_runs_nothing(tmp_path):
    trace = tmp_path / "trace"
    torch.save({"settings": {}, "state_dict": Touch(str(trace))}, tmp_path / "bad.pt")
    with pytest.raises(ValueError):
        load_checkpoint(tmp_path / "bad.pt")
    assert not trace.exists()
    # The file is a real attack: loaded carelessly, it does run.
    torch.load(tmp_path / "bad.pt", weights_only=False)["state_dict"].close()
    assert trace.exists()


def test_a_save_that_fails_leaves_the_old_file(saved, monkeypatch):
    path, model = saved
    before = path.read_bytes()

    def fail(checkpoint, file):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", fail)
    with pytest.raises(OSError, match="No space left"):
        save_checkpoint(path, model)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["model.pt"]


def test_saving_where_there_is_no_folder(tmp_path):
    with pytest.raises(FileNotFoundError):
        save_checkpoint(tmp_path / "nowhere" / "model.pt", Network(2, [], 2))


def test_a_save_through_a_link_leaves_the_link(saved, tmp_path):
    path, model = saved
    (tmp_path / "runs").mkdir()
    (tmp_path / "latest.pt").symlink_to(path)
    (tmp_path / "new.pt").symlink_to(tmp_path / "runs" / "first.pt")  # isn't there yet
    save_checkpoint(tmp_path / "latest.pt", model, epoch=9)
    save_checkpoint(tmp_path / "new.pt", model, epoch=8)
    assert (tmp_path / "latest.pt").is_symlink() and (tmp_path / "new.pt").is_symlink()
    assert load_checkpoint(path)[1]["epoch"] == 9
    assert load_checkpoint(tmp_path / "runs" / "first.pt")[1]["epoch"] == 8
    names = {"latest.pt", "new.pt", "model.pt", "runs"}
    assert {file.name for file in tmp_path.iterdir()} == names


def test_a_save_keeps_who_may_read_the_file(saved):
    path, model = saved
    path.chmod(0o600)
    save_checkpoint(path, model)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_may_not_be_written_to_stays(saved, monkeypatch):
    path, model = saved
    before = path.read_bytes()
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    with pytest.raises(PermissionError, match="model.pt may not be written to: choose"):
        save_checkpoint(path, model)
    assert path.read_bytes() == before and len(list(path.parent.iterdir())) == 1


@pytest.mark.skipif(os.name != "posix", reason="has no such files")
def test_what_is_no_file_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError):
        save_checkpoint(tmp_path / "pipe", Network(2, [], 1))
    assert (tmp_path / "pipe").is_fifo()


# What a checkpoint may hold: it comes back as it was, or nothing is written.
KEPT = [
    (1 + 2j, 1 + 2j),
    (np.float64(0.9), 0.9),
    (np.float32(0.5), 0.5),
    (np.int64(3), 3),
    (np.bool_(True), True),
    ({"train_loss": [np.float64(1.5)], 2: (np.int8(1), None)},)
    + ({"train_loss": [1.5], 2: (1, None)},),
    ({np.int64(1): "a"}, {1: "a"}),
    (np.mean([1.0, 2.0]), 1.5),
    (np.random.default_rng(0).bit_generator.state,) * 2,
    (OrderedDict(a=1), OrderedDict(a=1)),
    (Counter("aab"), Counter("aab")),
    ({1, 2}, {1, 2}),
    (b"bytes", b"bytes"),
    (10**40, 10**40),
    (torch.float16, torch.float16),
    (torch.Size([1, 2]), torch.Size([1, 2])),
    ([True, None, "ü", -1.5], [True, None, "ü", -1.5]),
]


@pytest.mark.parametrize("value, expected", KEPT, ids=range(len(KEPT)))
def test_what_can_be_kept(tmp_path, value, expected):
    save_checkpoint(
        tmp_path / "m.pt", Network(2, [], 1), run={"all": [value]}, it=value
    )
    _, checkpoint = load_checkpoint(tmp_path / "m.pt")
    assert checkpoint["it"] == expected and type(checkpoint["it"]) is type(expected)
    assert checkpoint["run"] == {"all": [expected]}


endless = []
endless.append(endless)
REFUSED = [
    (np.ones(3), "numpy.*_reconstruct"),
    (np.random.get_state(), "numpy.*_reconstruct"),
    (np.longdouble(1), "numpy.*scalar"),
    (np.datetime64("2026-01-01"), "numpy.*scalar"),
    (np.dtype("f4"), "numpy.dtype"),
    (Path("x"), "Path"),
    (Namespace(lr=0.1), "argparse.Namespace"),
    (datetime(2026, 1, 1), "datetime"),
    (defaultdict(list), "defaultdict"),
    (frozenset([1]), "frozenset"),
    (range(3), "range"),
    (torch.Generator(), "Generator"),
    (nn.Linear(1, 1), "Linear"),
    (lambda: 1, "lambda"),
    ((i for i in [1]), "generator"),
    (sys.stdout.__class__, "."),
    (endless[0], "recursion"),
]


@pytest.mark.parametrize("value, says", REFUSED, ids=range(len(REFUSED)))
@pytest.mark.parametrize("nested", [False, True])
def test_what_can_not_be_kept_is_refused_before_it_is_written(
    saved, value, says, nested
):
    path, model = saved
    before = path.read_bytes()
    value = {"all": [value]} if nested else value
    with pytest.raises(ValueError, match=says) as caught:
        save_checkpoint(path, model, odd=value)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before and len(list(path.parent.iterdir())) == 1


THINGS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3)
        | inner.map(lambda value: defaultdict(list, a=value))
        | st.sampled_from([np.float64(1), np.int8(2), np.ones(2), Path("a"), torch.nan])
    ),
    max_leaves=6,
)


@settings(deadline=None, derandomize=True, database=None, max_examples=150)
@given(THINGS)
def test_what_is_accepted_can_be_loaded(tmp_path_factory, value):
    path = tmp_path_factory.getbasetemp() / "any.pt"
    path.unlink(missing_ok=True)
    try:
        save_checkpoint(path, Network(2, [], 1), value=value)
    except ValueError:
        assert not path.exists()
        return
    # NaN isn't equal to itself; what is written is.
    assert repr(load_checkpoint(path)[1]["value"]) == repr(
        saving._with_plain_numbers(value)
    )


@pytest.mark.parametrize("name", ["settings", "state_dict"])
def test_more_does_not_replace_the_model(saved, name):
    path, model = saved
    before = path.read_bytes()
    with pytest.raises(ValueError):
        save_checkpoint(path, model, **{name: {}})
    assert path.read_bytes() == before


def test_small_densenet_comes_back(tmp_path):
    torch.manual_seed(0)
    model = SmallDenseNet(np.int64(5))
    model(torch.randn(4, 3, 32, 32))  # moves the batch norms' averages
    save_checkpoint(tmp_path / "m.pt", model, epoch=1)
    rebuilt, checkpoint = load_checkpoint(tmp_path / "m.pt")
    images = torch.randn(2, 3, 32, 32)
    assert type(rebuilt) is SmallDenseNet and checkpoint["epoch"] == 1
    assert torch.equal(rebuilt(images), model.eval()(images))


def test_the_names_are_plain_whatever_is_around_the_model(tmp_path):
    model = Network(4, [3], 2)
    for wrapped in (
        torch.compile(model),
        nn.DataParallel(model),
        nn.DataParallel(torch.compile(model)),
        torch.compile(nn.DataParallel(model)),
    ):
        save_checkpoint(tmp_path / "m.pt", wrapped)
        rebuilt, checkpoint = load_checkpoint(tmp_path / "m.pt")
        assert list(checkpoint["state_dict"]) == list(model.state_dict())
        assert torch.equal(rebuilt.output.weight, model.output.weight)


DDP = """
import sys, torch, torch.distributed as dist, torch.distributed.nn
from torch.nn.parallel import DistributedDataParallel
from helper.checkpoints import load_checkpoint, save_checkpoint
from helper.networks import Network
dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
model = DistributedDataParallel(Network(4, [3], 2))
save_checkpoint(sys.argv[1], model, epoch=1)
assert torch.equal(load_checkpoint(sys.argv[1])[0].output.bias, model.module.output.bias)
dist.destroy_process_group()
"""


def test_a_model_of_several_processes_is_saved_under_its_plain_names(tmp_path):
    subprocess.run([sys.executable, "-c", DDP, str(tmp_path / "m.pt")], check=True)
    assert load_checkpoint(tmp_path / "m.pt")[1]["epoch"] == 1


def with_new_classifier():
    model = SmallDenseNet(10)
    model.classifier = nn.Linear(model.classifier.in_features, 5)
    return model


def with_compiled_part():
    model = Network(4, [3], 2)
    model.hidden[0] = torch.compile(model.hidden[0])
    return model


def with_other_dropout():
    model = Network(4, [3], 2)
    model.dropout.p = 0.5
    return model


class Residual(Network):
    def forward(self, images):
        return 2 * super().forward(images)


@pytest.mark.parametrize(
    "make, says",
    [
        (with_new_classifier, "size mismatch for classifier.weight"),
        (with_compiled_part, "was changed"),
        (with_other_dropout, "other parts"),
        (lambda: Network(4, [3], 2).to("meta"), "output.* is no ordinary tensor"),
        (lambda: Residual(4, [3], 2), "Residual"),
        (lambda: nn.Sequential(nn.Linear(1, 1)), "Sequential"),
        (lambda: Network(4, [3], 2).state_dict(), "OrderedDict"),
    ],
)
def test_a_model_that_could_not_be_rebuilt_is_not_saved(tmp_path, make, says):
    with pytest.raises(ValueError, match=says):
        save_checkpoint(tmp_path / "m.pt", make())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("bad", [torch.nan, torch.inf, -torch.inf])
def test_weights_that_diverged_do_not_replace_good_ones(saved, bad):
    path, model = saved
    before = path.read_bytes()
    model.hidden[1].weight.data[0, 0] = bad
    with pytest.raises(ValueError, match="hidden.1.weight"):
        save_checkpoint(path, model)
    assert path.read_bytes() == before


def test_what_is_loaded_is_nobody_elses(saved):
    path, _ = saved
    model, checkpoint = load_checkpoint(path)
    weights = checkpoint["state_dict"]
    kept = {name: value.clone() for name, value in weights.items()}
    for name, value in model.state_dict().items():
        assert value.data_ptr() != weights[name].data_ptr()

    twin = Network(12, [5, 4], 3)
    optimizer = torch.optim.SGD(twin.parameters(), lr=0.1)
    twin.load_state_dict(weights)
    again = Network(12, [5, 4], 3)
    again.load_state_dict(weights)
    twin(torch.ones(2, 12)).sum().backward()
    optimizer.step()  # of the same parameters, still
    assert not torch.equal(twin.output.bias, kept["output.bias"])
    assert torch.equal(again.output.bias, kept["output.bias"])
    assert torch.equal(model.output.bias, kept["output.bias"])
    assert all(torch.equal(value, kept[name]) for name, value in weights.items())
    twin.load_state_dict(weights)  # goes back
    assert torch.equal(twin.output.bias, kept["output.bias"])


def test_two_models_of_one_file_are_independent(saved):
    path, _ = saved
    one, two = load_checkpoint(path)[0], load_checkpoint(path)[0]
    nn.init.zeros_(one.output.weight)
    assert two.output.weight.any()


@pytest.mark.parametrize("dtype", [torch.half, torch.bfloat16, torch.float64])
def test_a_file_of_other_precision(tmp_path, dtype):
    model = Network(4, [3], 2).to(dtype)
    save_checkpoint(tmp_path / "m.pt", model)
    rebuilt, checkpoint = load_checkpoint(tmp_path / "m.pt")
    expected = torch.float64 if dtype == torch.float64 else torch.float32
    assert {value.dtype for value in rebuilt.state_dict().values()} == {expected}
    assert checkpoint["state_dict"]["output.bias"].dtype == dtype
    assert torch.equal(rebuilt.output.weight.to(dtype), model.output.weight)


def test_the_default_dtype_does_not_matter(saved):
    torch.set_default_dtype(torch.float64)
    try:
        model, _ = load_checkpoint(saved[0])
    finally:
        torch.set_default_dtype(torch.float32)
    assert model.output.weight.dtype == torch.float32


def test_a_weight_that_repeats_one_number_can_be_trained_on(tmp_path):
    model = Network(50, [], 40)
    model.output.weight.data = torch.zeros(1, 1).expand(40, 50)
    model.output.bias.data = torch.arange(4000.0)[:40]  # would bring all 4000 along
    save_checkpoint(tmp_path / "m.pt", model)
    assert (tmp_path / "m.pt").stat().st_size < 13_000
    rebuilt, _ = load_checkpoint(tmp_path / "m.pt")
    rebuilt(torch.ones(1, 50))[0, 0].backward()
    torch.optim.SGD(rebuilt.parameters(), lr=1.0).step()
    assert rebuilt.output.weight.count_nonzero() == 50


@pytest.mark.parametrize("kind", ["repeats", "shares", "has none"])
def test_a_file_that_claims_more_than_it_holds_takes_no_memory(tmp_path, kind):
    model = Network(10**2, [10**2] * 20, 10**2)
    weights = model.state_dict()
    for name, value in weights.items():
        if kind == "shares":  # each is all there, but they are all the same one
            weights[name] = weights["output.weight"].flatten()[: value.numel()]
            weights[name] = weights[name].reshape(value.shape)
        elif kind == "repeats":
            weights[name] = torch.zeros(1).expand(value.shape)
        else:
            weights[name] = value.to("meta")
    torch.save({"settings": model.settings, "state_dict": weights}, tmp_path / "m.pt")
    says = "no ordinary tensor" if kind == "has none" else "848,400"
    with pytest.raises(ValueError, match=says):
        load_checkpoint(tmp_path / "m.pt")


def test_a_file_that_unpacks_to_more_takes_no_memory(saved, monkeypatch):
    import zipfile

    path, _ = saved
    whole = path.with_name("whole.pt")
    path.rename(whole)
    with zipfile.ZipFile(whole) as old:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
            for name in old.namelist():
                new.writestr(name, old.read(name) + bytes(10**6))
    monkeypatch.setattr(torch, "load", None)  # isn't reached
    with pytest.raises(ValueError, match="it is compressed, which torch.save never"):
        load_checkpoint(path)


def test_random_numbers_are_neither_drawn_nor_moved(saved, tmp_path):
    path, model = saved
    before = torch.get_rng_state()
    save_checkpoint(path, model, random_state=before)
    save_checkpoint(tmp_path / "other.pt", SmallDenseNet(), random_state=before)
    torch.set_rng_state(before)
    for name in (path, tmp_path / "other.pt"):
        save_checkpoint(tmp_path / "again.pt", load_checkpoint(name)[0])
    assert torch.equal(torch.get_rng_state(), before)
    rebuilt, checkpoint = load_checkpoint(path, map_location="meta")
    assert {value.device.type for value in rebuilt.state_dict().values()} == {"meta"}
    torch.set_rng_state(checkpoint["random_state"])
    assert checkpoint["state_dict"]["output.bias"].device.type == "cpu"


@pytest.mark.parametrize("protocol", [2, 4])
def test_the_older_file_format_is_named(tmp_path, protocol):
    path = tmp_path / "old.pt"
    model = Network(4, [], 2)
    content = {"settings": model.settings, "state_dict": model.state_dict()}
    options = {"_use_new_zipfile_serialization": False, "pickle_protocol": protocol}
    torch.save(content, path, **options)
    with pytest.raises(ValueError):
        load_checkpoint(path)
    if protocol == 2:  # what the sentence says works
        torch.save(torch.load(path), path)
        assert torch.equal(load_checkpoint(path)[0].output.bias, model.output.bias)


SAVE_FOR_EVER = """
import sys, torch
from helper.checkpoints import save_checkpoint
from helper.networks import Network
torch.manual_seed(0)
model = Network(784, [256], 10)
print("ready", flush=True)
for epoch in range(100000):
    save_checkpoint(sys.argv[1], model, epoch=epoch)
"""


def test_killed_while_saving_the_file_is_whole(tmp_path):
    """SIGKILL at several moments of a process that does nothing but save."""
    path = tmp_path / "model.pt"
    seen = 0
    process = subprocess.Popen(
        [sys.executable, "-c", SAVE_FOR_EVER, str(path)], stdout=subprocess.PIPE
    )
    process.stdout.readline()
    while not path.exists():
        assert process.poll() is None, "it ended before it had saved"
        time.sleep(0.001)
    for _ in range(20):  # what others see while it is being written
        load_checkpoint(path)
        seen += 1
    process.kill()
    process.communicate()
    model, checkpoint = load_checkpoint(path)
    assert seen == 20 and checkpoint["epoch"] >= 0
    assert model.settings["hidden_sizes"] == [256]


def test_the_file_may_be_read_by_whom_the_folder_allows(saved):
    path, _ = saved
    if os.name == "posix":
        mask = os.umask(0)
        os.umask(mask)
        assert path.stat().st_mode & 0o777 == 0o666 & ~mask


def test_a_save_that_can_not_begin_says_why(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError("not here")

    monkeypatch.setattr(saving, "open", refuse, raising=False)
    with pytest.raises(PermissionError, match="not here"):
        save_checkpoint(tmp_path / "m.pt", Network(2, [2], 2))
    assert not list(tmp_path.iterdir())


def test_what_torch_says_of_a_file_is_passed_on(saved, monkeypatch):
    def refuse(*_, **__):
        raise RuntimeError("odd bytes")

    monkeypatch.setattr(torch, "load", refuse)
    with pytest.raises(ValueError, match="read as a checkpoint: odd bytes"):
        load_checkpoint(saved[0])


def test_a_file_from_a_gpu_is_made_as_notebook_06_says(capsys):
    (lesson,) = (path for path in LESSONS if path.stem.startswith("06"))
    (fine,) = (text for text in markdown(lesson) if "Fine print: where the" in text)
    (code,) = re.findall(r"```python\n(.*?)```", fine, re.S)
    if torch.cuda.is_available():
        exec(code, {})
    else:
        with pytest.raises(RuntimeError, match="on a CUDA device but"):
            exec(code, {})
    assert capsys.readouterr().out == "cpu\n"
