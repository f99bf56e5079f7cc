"""What was saved comes back, on its own, whatever was around the model.

What is said of bad files stands in tests/bad_input/checkpoints.toml.
"""

import re

import numpy as np
import pytest
import torch
from course import LESSONS, markdown
from torch import nn

from helper.checkpoints import load_checkpoint, save_checkpoint
from helper.networks import Network
from helper.pretrained import SmallDenseNet


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
