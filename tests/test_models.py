"""Network, and checkpoints that survive crashes and say what is wrong with them."""

import hashlib
import os
import pickle
import re
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from PIL import Image
from torch import nn
from torchvision.models import densenet121

from helper import models
from helper.models import (
    Network,
    SmallDenseNet,
    load_backbone,
    load_checkpoint,
    save_checkpoint,
)

ROOT = Path(__file__).resolve().parents[1]


def test_network_is_linear_relu_linear():
    torch.manual_seed(0)
    model = Network(12, [5], 3)
    images = torch.randn(4, 1, 3, 4)
    by_hand = torch.relu(
        images.flatten(1) @ model.hidden[0].weight.T + model.hidden[0].bias
    )
    by_hand = by_hand @ model.output.weight.T + model.output.bias
    assert torch.allclose(model(images), by_hand, atol=1e-6)
    assert Network(12, [], 3)(images).shape == (4, 3)
    assert sum(p.numel() for p in Network(784, [128, 64], 10).parameters()) == 109_386


def test_network_drops_only_while_training():
    model = Network(12, [50], 3, dropout=0.5)
    images = torch.randn(4, 12)
    assert not torch.equal(model(images), model(images))
    model.eval()
    assert torch.equal(model(images), model(images))


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
    with pytest.raises(FileNotFoundError, match="no checkpoint at .*nothing.pt"):
        load_checkpoint(tmp_path / "nothing.pt")
    with pytest.raises(FileNotFoundError):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.9, 0.999])
def test_a_truncated_file(saved, share):
    path, _ = saved
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match="is empty|is cut off|is no checkpoint"):
        load_checkpoint(path)


def test_truncated_is_said_to_be_truncated(saved):
    path, _ = saved
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(ValueError, match="is cut off.*Use the checkpoint before it"):
        load_checkpoint(path)


@pytest.mark.parametrize(
    "content", [b"\x89PNG\r\n\x1a\n" + bytes(500), b"hello", pickle.dumps({"a": 1})]
)
def test_a_foreign_file(tmp_path, content):
    (tmp_path / "odd.pt").write_bytes(content)
    with pytest.raises(ValueError, match="is no checkpoint: torch.save did not write"):
        load_checkpoint(tmp_path / "odd.pt")


def test_a_zip_that_torch_did_not_write(tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "odd.pt", "w") as file:
        file.writestr("readme.txt", "hello")
    with pytest.raises(ValueError, match="can't be read as a checkpoint"):
        load_checkpoint(tmp_path / "odd.pt")


@pytest.mark.parametrize("thing", [[1, 2], torch.ones(3), {"epoch": 1}, 5])
def test_something_else_that_torch_saved(tmp_path, thing):
    torch.save(thing, tmp_path / "odd.pt")
    with pytest.raises(ValueError, match="not a checkpoint of this course"):
        load_checkpoint(tmp_path / "odd.pt")
    torch.save(Network(4, [], 2).state_dict(), tmp_path / "bare.pt")
    with pytest.raises(ValueError, match="Is it a bare state dict"):
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
    with pytest.raises(ValueError, match="the weights don't fit the network"):
        load_checkpoint(path)
    torch.save({"settings": model.settings, "state_dict": 5}, path)
    with pytest.raises(ValueError, match="the weights don't fit the network"):
        load_checkpoint(path)


class Touch:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


def test_a_pickle_that_runs_code_is_refused_and_runs_nothing(tmp_path):
    trace = tmp_path / "trace"
    torch.save({"settings": {}, "state_dict": Touch(str(trace))}, tmp_path / "bad.pt")
    with pytest.raises(ValueError, match="could run code, and was not loaded"):
        load_checkpoint(tmp_path / "bad.pt")
    assert not trace.exists()
    # The file is a real attack: loaded carelessly, it does run.
    torch.load(tmp_path / "bad.pt", weights_only=False)["state_dict"].close()
    assert trace.exists()


def test_a_whole_model_is_refused(tmp_path):
    torch.save(nn.Linear(2, 2), tmp_path / "whole.pt")
    with pytest.raises(ValueError, match="could run code"):
        load_checkpoint(tmp_path / "whole.pt")


def test_a_save_that_fails_leaves_the_old_file(saved, monkeypatch):
    path, model = saved
    before = path.read_bytes()

    def fail(checkpoint, file):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(models.torch, "save", fail)
    with pytest.raises(OSError, match="No space left"):
        save_checkpoint(path, model)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["model.pt"]


def test_saving_where_there_is_no_folder(tmp_path):
    with pytest.raises(FileNotFoundError):
        save_checkpoint(tmp_path / "nowhere" / "model.pt", Network(2, [], 2))


SAVE_FOR_EVER = """
import sys, torch
from helper.models import Network, save_checkpoint
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


def test_weights_are_what_the_readme_says():
    text = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    row = re.search(r"\| `weights/(.*)` \| ([\d,]+) \| `([0-9a-f]{64})` \|", text)
    path = models.WEIGHTS / row[1]
    assert list(models.WEIGHTS.iterdir()) == [path]
    assert path.stat().st_size == int(row[2].replace(",", "")) <= 2_000_000
    assert hashlib.sha256(path.read_bytes()).hexdigest() == row[3]
    saved = torch.load(path)["state_dict"].values()
    assert {value.dtype for value in saved} == {torch.half, torch.int64}
    numbers = sum(parameter.numel() for parameter in SmallDenseNet().parameters())
    assert f"{numbers:,} numbers" in text


def test_small_densenet_has_the_names_of_the_large_one():
    small, large = SmallDenseNet(), densenet121()
    assert [name for name, _ in small.named_children()] == ["features", "classifier"]
    names = [name for name, _ in small.features.named_children()]
    assert names == [name for name, _ in large.features.named_children()]
    assert small(torch.rand(2, 3, 32, 32)).shape == (2, 10)


def test_backbone_is_ready_for_use():
    backbone = load_backbone()
    picture = Image.new("RGB", (300, 200), (255, 0, 0))
    image = backbone.transforms(picture)
    assert image.shape == (3, backbone.size, backbone.size)
    white = (
        torch.tensor([1.0, 0.0, 0.0]) - torch.tensor(backbone.mean)
    ) / torch.tensor(backbone.std)
    assert torch.allclose(image[:, 5, 5], white, atol=1e-5)
    assert not backbone.model.training
    assert {p.dtype for p in backbone.model.parameters()} == {torch.float32}
    assert backbone.model(image.unsqueeze(0)).shape == (1, 10)
    assert len(backbone.classes) == 10 and backbone.classes[5] == "dog"


def test_backbone_that_is_unknown():
    with pytest.raises(ValueError, match="no backbone is called 'vgg': choose 'small'"):
        load_backbone("vgg")


def test_backbone_that_is_missing_or_cut_off(tmp_path, monkeypatch):
    whole = (models.WEIGHTS / "small_densenet.pt").read_bytes()
    monkeypatch.setattr(models, "WEIGHTS", tmp_path)
    with pytest.raises(
        FileNotFoundError, match="no small_densenet.pt in .*git checkout"
    ):
        load_backbone()
    for wrong in (whole[:5000], b"", b"<html>403</html>"):
        (tmp_path / "small_densenet.pt").write_bytes(wrong)
        with pytest.raises(ValueError, match="is damaged: bring .*git checkout"):
            load_backbone()


def test_densenet121_from_the_cache_and_without_a_network(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise URLError("no network")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", refuse)
    with pytest.raises(FileNotFoundError, match=r"densenet121-.*no network.*'small'"):
        load_backbone("densenet121")
    model = densenet121()
    file = tmp_path / "hub" / "checkpoints" / "densenet121-a639ec97.pth"
    torch.save(model.state_dict(), file)
    backbone = load_backbone("densenet121")
    assert torch.equal(backbone.model.classifier.weight, model.classifier.weight)
    assert backbone.size == 224 and backbone.mean == [0.485, 0.456, 0.406]
    assert backbone.std == [0.229, 0.224, 0.225] and not backbone.model.training
    picture = Image.new("RGB", (300, 300), "white")
    white = (1 - torch.tensor(backbone.mean)) / torch.tensor(backbone.std)
    assert torch.allclose(backbone.transforms(picture)[:, 5, 5], white, atol=1e-5)
    assert len(backbone.classes) == 1000 and "daisy" in backbone.classes
    file.write_bytes(file.read_bytes()[:100_000])
    with pytest.raises(ValueError, match="is damaged.*delete the file"):
        load_backbone("densenet121")


def test_a_long_error_becomes_one_short_line():
    assert models._shorten(ValueError("a\n" * 200)) == "a " * 98 + "..."  # 199 letters
    assert models._shorten(ValueError("two\nwords")) == "two words"


def test_small_densenet_begins_as_its_weights_were_trained():
    model = models.SmallDenseNet(7)
    assert model.settings == {"num_classes": 7}
    first = "3, 48, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), bias=False"
    assert str(model.features.conv0) == f"Conv2d({first})"
    assert model(torch.zeros(2, 3, 32, 32)).shape == (2, 7)


def test_backbone_cuts_the_middle_64_of_80():
    backbone = models.load_backbone()
    picture = Image.new("RGB", (320, 240), "white")
    assert backbone.size == 64 and backbone.transforms(picture).shape == (3, 64, 64)
    said = repr(backbone.transforms)
    assert "Resize(size=[80]," in said and "CenterCrop(size=(64, 64))" in said


def test_a_save_that_can_not_begin_says_why(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError("not here")

    monkeypatch.setattr(models, "open", refuse, raising=False)
    with pytest.raises(PermissionError, match="not here"):
        models.save_checkpoint(tmp_path / "m.pt", models.Network(2, [2], 2))
    assert not list(tmp_path.iterdir())


def test_what_torch_says_of_a_file_is_passed_on(saved, monkeypatch):
    def refuse(*_, **__):
        raise RuntimeError("odd bytes")

    monkeypatch.setattr(torch, "load", refuse)
    with pytest.raises(ValueError, match="read as a checkpoint: odd bytes"):
        load_checkpoint(saved[0])
