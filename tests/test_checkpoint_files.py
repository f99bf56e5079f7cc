"""Files that are no whole checkpoint are refused, take no memory, and run no code."""

import pickle
import zipfile

import pytest
import torch

from helper.checkpoints import load_checkpoint
from helper.networks import Network


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


def test_layers_without_weights_are_refused_before_any_is_built(saved, monkeypatch):
    path, model = saved
    settings = model.settings | {"hidden_sizes": [1] * 60_000}
    torch.save({"settings": settings, "state_dict": model.state_dict()}, path)
    monkeypatch.setattr(torch.nn, "Linear", None)  # isn't reached
    with pytest.raises(ValueError, match="60000 hidden layers, but 6 tensors"):
        load_checkpoint(path)


def test_a_file_that_unpacks_to_more_takes_no_memory(saved, monkeypatch):
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


def test_what_torch_says_of_a_file_is_passed_on(saved, monkeypatch):
    def refuse(*_, **__):
        raise RuntimeError("odd bytes")

    monkeypatch.setattr(torch, "load", refuse)
    with pytest.raises(ValueError, match="read as a checkpoint: odd bytes"):
        load_checkpoint(saved[0])
