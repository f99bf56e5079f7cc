"""The script of notebook 11, which a learner takes away: it needs no helper, and refuses well."""

import re
import runpy
import subprocess
import sys

import pytest
import torch
from course import LESSONS, NOTEBOOKS, markdown
from PIL import Image
from torchvision import models

from helper.pictures import open_picture

SCRIPT = NOTEBOOKS / "scripts" / "11_predict.py"
STEPS = [
    ["Resize", {"size": [32, 32]}],
    ["ToImage", {}],
    ["ToDtype", {"dtype": torch.float32, "scale": True}],
    ["Normalize", {"mean": [0.5] * 3, "std": [0.25] * 3}],
]


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(str(SCRIPT))


@pytest.fixture
def folder(tmp_path, script, monkeypatch):
    """With a checkpoint, and a picture of each kind; it is the working directory."""
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    settings = {"channels": [4, 8], "num_classes": 2}
    save("net.pt", "FlowerNet", settings, script["FlowerNet"](**settings))
    for mode, name in [("RGB", "a b.jpg"), ("L", "grey.png"), ("P", "palette.gif")]:
        Image.effect_noise((40, 30), 60).convert(mode).save(name)
    Image.new("RGBA", (40, 30), (255, 0, 0, 90)).save("glass.png")
    Image.new("I;16", (40, 30), 60_000).save("deep.png")
    (tmp_path / "notes.jpg").write_text("no picture")
    whole = (tmp_path / "a b.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.jpg").touch()
    return tmp_path


def save(path, name, settings, model, classes=("cat", "dög"), steps=STEPS, **more):
    checkpoint = {"model": name, "settings": settings, "classes": list(classes)}
    checkpoint |= {"state_dict": model.state_dict(), "transforms": steps}
    torch.save(checkpoint | more, path)


def call(script, capsys, *arguments):
    """What it prints, and what it ends with."""
    with pytest.raises(SystemExit) as end:
        script["main"](arguments[0], arguments[1:])
    return capsys.readouterr().out.splitlines(), end.value.code


def test_runs_without_helper_and_with_nothing_but_its_packages(folder):
    arguments = ["predict", "net.pt", "a b.jpg", "notes.jpg"]
    alone = f"import runpy, sys; sys.modules['helper'] = None; sys.argv = {arguments}; "
    alone += f"runpy.run_path({str(SCRIPT)!r}, run_name='__main__')"
    command = [sys.executable, "-I", "-W", "error", "-X", "utf8", "-c", alone]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 1, done.stderr
    assert re.fullmatch(
        r"a b\.jpg: (cat|dög) \d\.\d\d, (cat|dög) \d\.\d\d\n", done.stdout
    )
    assert re.fullmatch(r"notes\.jpg: not a picture \(.*\)\n", done.stderr)
    imported = re.findall(r"(?m)^(?:import|from) (\w+)", SCRIPT.read_text())
    assert set(imported) == {"argparse", "sys", "torch", "torchvision", "PIL"}


def test_says_what_is_on_pictures_of_every_kind(script, folder, capsys):
    names = ["a b.jpg", "grey.png", "palette.gif", "glass.png"]
    lines, end = call(script, capsys, "net.pt", *names)
    assert end == 0 and [line.split(": ")[0] for line in lines] == names
    for line in lines:
        shares = [float(share) for share in re.findall(r"\d\.\d\d", line)]
        assert sum(shares) == pytest.approx(1, abs=0.02) and shares[0] >= shares[1]
    for name in names:
        assert script["open_picture"](name).tobytes() == open_picture(name).tobytes()


@pytest.mark.parametrize(
    "name", ["deep.png", "notes.jpg", "cut.jpg", "empty.jpg", "none.jpg", "."]
)
def test_refuses_what_is_no_picture_and_answers_the_others(
    name, script, folder, capsys
):
    lines, end = call(script, capsys, "net.pt", name, "a b.jpg")
    assert len(lines) == 1 and lines[0].startswith("a b.jpg: ")
    assert re.fullmatch(rf"{re.escape(name)}: not a picture \(.+\)", end)


def wrong_checkpoints(script):
    settings = {"channels": [4, 8], "num_classes": 2}
    model = script["FlowerNet"](**settings)
    torch.save(model.features[0], "pickled.pt")
    torch.save(model.state_dict(), "bare.pt")
    save("unknown.pt", "os.system", settings, model)
    save("other.pt", "FlowerNet", settings | {"num_classes": 3}, model)
    save("step.pt", "FlowerNet", settings, model, steps=[["Lambda", {}]])
    return [
        "none.pt",
        "a b.jpg",
        "empty.jpg",
        "pickled.pt",
        "bare.pt",
        "unknown.pt",
        "other.pt",
        "step.pt",
    ]


def test_refuses_what_is_no_checkpoint_by_one_sentence(script, folder, capsys):
    for name in wrong_checkpoints(script):
        lines, end = call(script, capsys, name, "a b.jpg")
        assert lines == []
        assert re.fullmatch(
            rf"{name}: not a checkpoint for this script \(\w+: .*\)", end
        ), end


def test_a_network_of_torchvision_needs_no_class(script, folder, capsys):
    settings = {"num_classes": 4}
    model = models.get_model("squeezenet1_1", **settings)
    save(
        "squeeze.pt", "squeezenet1_1", settings, model, "abcd", versions={"torch": "2"}
    )
    lines, end = call(script, capsys, "squeeze.pt", "a b.jpg")
    assert end == 0 and len(lines[0].split(", ")) == 3


def test_the_lesson_shows_it_as_it_is():
    source = SCRIPT.read_text(encoding="utf-8")
    assert source.count("\n") < 80
    path = next(path for path in LESSONS if path.stem.startswith("11"))
    shown = [
        block
        for text in markdown(path)
        if "11_predict.py" in text
        for block in re.findall(r"```python\n(.*?)```", text, re.S)
    ]
    assert len(shown) >= 4
    for block in shown:
        assert block in source, block


def test_an_exported_program_runs_where_only_torch_is(script, tmp_path):
    """In another Python, in a folder without the script: its answers are those of the model."""
    model = script["FlowerNet"](channels=[4, 8], num_classes=2).eval()
    images = torch.rand(5, 3, 32, 32)
    example, free = (images[:2].clone(),), ({0: torch.export.Dim("batch")},)
    program = torch.export.export(model, example, dynamic_shapes=free)
    torch.export.save(program, tmp_path / "flowers.pt2")
    torch.save(images, tmp_path / "images.pt")
    code = (
        "import torch\n"
        "program = torch.export.load('flowers.pt2').module()\n"
        "torch.save(program(torch.load('images.pt')), 'answers.pt')\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    with torch.no_grad():
        assert torch.allclose(torch.load(tmp_path / "answers.pt"), model(images))
