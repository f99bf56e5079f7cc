"""The script that trained the backbone: it learns from folders, and a killed run goes on."""

import importlib.util
from pathlib import Path

import pytest
import torch
from PIL import Image

SCRIPT = Path(__file__).resolve().parents[1] / "data" / "build" / "pretrain_densenet.py"


@pytest.fixture
def script(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("pretrain_densenet", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "WEIGHTS", tmp_path / "weights" / "small.pt")
    monkeypatch.setattr(module, "RESUME", tmp_path / "downloads" / "resume.pt")
    monkeypatch.setattr(module, "BATCH", 4)
    return module


@pytest.fixture
def folder(tmp_path):
    generator = torch.Generator().manual_seed(0)
    for split, number in (("train", 4), ("test", 4)):
        for kind, low in (("dark", 0), ("pale", 160)):
            path = tmp_path / "pictures" / split / kind
            path.mkdir(parents=True)
            for i in range(number):
                colour = low + torch.randint(90, (3,), generator=generator)
                Image.new("RGB", (32, 32), tuple(colour.tolist())).save(
                    path / f"{i}.png"
                )
    return tmp_path / "pictures"


def test_a_killed_run_goes_on_and_ends_the_same(script, folder, monkeypatch, capsys):
    script.pretrain(folder, 2)
    whole = torch.load(script.WEIGHTS)
    assert whole["classes"] == ["dark", "pale"] and not script.RESUME.exists()
    assert "of 8 test pictures, 2 epochs" in capsys.readouterr().out

    script.WEIGHTS.unlink()
    save = script.save_checkpoint

    def save_and_die(path, model, **more):
        save(path, model, **more)
        raise KeyboardInterrupt

    monkeypatch.setattr(script, "save_checkpoint", save_and_die)
    with pytest.raises(KeyboardInterrupt):
        script.pretrain(folder, 2)
    assert torch.load(script.RESUME)["epoch"] == 0 and not script.WEIGHTS.exists()
    monkeypatch.setattr(script, "save_checkpoint", save)
    with pytest.raises(SystemExit, match="is of 2 epochs: delete it first"):
        script.pretrain(folder, 5)
    script.pretrain(folder, 2)
    resumed = torch.load(script.WEIGHTS)
    assert resumed["mean"] == whole["mean"] and resumed["std"] == whole["std"]
    for name, tensor in whole["state_dict"].items():
        assert torch.equal(resumed["state_dict"][name], tensor), name


def test_a_run_begins_from_weights_and_is_ended_early(script, folder, monkeypatch):
    script.pretrain(folder, 1)
    start = script.WEIGHTS.with_name("start.pt")
    script.WEIGHTS.rename(start)
    begun = torch.load(start)["state_dict"]
    save, rates = script.save_checkpoint, []

    def save_and_die_in(*epochs):
        def save_or_die(path, model, **more):
            save(path, model, **more)
            if "optimizer" in more:
                rates.append(more["optimizer"]["param_groups"][0]["lr"])
                if more["epoch"] in epochs:
                    raise KeyboardInterrupt

        monkeypatch.setattr(script, "save_checkpoint", save_or_die)

    def end(*, dies_in):
        rates.clear()
        save_and_die_in(1)
        with pytest.raises(KeyboardInterrupt):
            script.pretrain(folder, 50, start=start)
        save_and_die_in(*dies_in)
        for _ in dies_in:
            with pytest.raises(KeyboardInterrupt):
                script.pretrain(folder, 50, start=start, fall=3)
        script.pretrain(folder, 50, start=start, fall=3)
        assert not script.RESUME.exists()
        return torch.load(script.WEIGHTS)["state_dict"]

    whole = end(dies_in=())
    # Two epochs of the fifty, and three that fall in a line to 0.
    assert len(rates) == 5
    assert rates[2] == pytest.approx(rates[1] * 2 / 3)
    assert rates[3] == pytest.approx(rates[1] / 3) and rates[4] == pytest.approx(0)
    killed = end(dies_in=[2])
    assert all(torch.equal(whole[name], killed[name]) for name in whole)
    assert any(not torch.equal(whole[name], begun[name]) for name in whole)


def test_augment_moves_and_mirrors(script):
    images = torch.arange(32.0).repeat(64, 3, 32, 1)  # every row is 0 to 31
    moved = script.augment(images, torch.Generator().manual_seed(0))
    assert moved.shape == images.shape and not torch.equal(moved, images)
    rising = (moved[:, 0, 0, 15] < moved[:, 0, 0, 16]).sum()
    assert 16 < rising < 48  # about half are mirrored
