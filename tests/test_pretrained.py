"""What the pretrained networks are, and that their weights are there, whole, or missed."""

import hashlib
import re
from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from PIL import Image
from torchvision.models import densenet121

from helper import pretrained
from helper.pretrained import SmallDenseNet, load_backbone

ROOT = Path(__file__).resolve().parents[1]


def test_weights_are_what_the_readme_says():
    text = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    row = re.search(r"\| `weights/(.*)` \| ([\d,]+) \| `([0-9a-f]{64})` \|", text)
    path = pretrained.WEIGHTS / row[1]
    assert list(pretrained.WEIGHTS.iterdir()) == [path]
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


def test_small_densenet_begins_as_its_weights_were_trained():
    model = SmallDenseNet(7)
    assert model.settings == {"num_classes": 7}
    first = "3, 48, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), bias=False"
    assert str(model.features.conv0) == f"Conv2d({first})"
    assert model(torch.zeros(2, 3, 32, 32)).shape == (2, 7)


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


def test_backbone_cuts_the_middle_32_of_40():
    backbone = load_backbone()
    picture = Image.new("RGB", (320, 240), "white")
    assert backbone.size == 32 and backbone.transforms(picture).shape == (3, 32, 32)
    assert backbone.resize == 40
    said = repr(backbone.transforms)
    assert "Resize(size=[40]," in said and "CenterCrop(size=(32, 32))" in said


def test_backbone_that_is_missing_or_cut_off(tmp_path, monkeypatch):
    whole = (pretrained.WEIGHTS / "small_densenet.pt").read_bytes()
    monkeypatch.setattr(pretrained, "WEIGHTS", tmp_path)
    with pytest.raises(FileNotFoundError):
        load_backbone()
    for wrong in (whole[:5000], b"", b"<html>403</html>"):
        (tmp_path / "small_densenet.pt").write_bytes(wrong)
        with pytest.raises(ValueError):
            load_backbone()


def test_densenet121_from_the_cache_and_without_a_network(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise URLError("no network")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", refuse)
    with pytest.raises(FileNotFoundError):
        load_backbone("densenet121")
    model = densenet121()
    file = tmp_path / "hub" / "checkpoints" / "densenet121-a639ec97.pth"
    torch.save(model.state_dict(), file)
    backbone = load_backbone("densenet121")
    assert torch.equal(backbone.model.classifier.weight, model.classifier.weight)
    assert (backbone.resize, backbone.size) == (256, 224)
    assert backbone.mean == [0.485, 0.456, 0.406]
    assert backbone.std == [0.229, 0.224, 0.225] and not backbone.model.training
    picture = Image.new("RGB", (300, 300), "white")
    white = (1 - torch.tensor(backbone.mean)) / torch.tensor(backbone.std)
    assert torch.allclose(backbone.transforms(picture)[:, 5, 5], white, atol=1e-5)
    assert len(backbone.classes) == 1000 and "daisy" in backbone.classes
    file.write_bytes(file.read_bytes()[:100_000])
    with pytest.raises(ValueError):
        load_backbone("densenet121")
