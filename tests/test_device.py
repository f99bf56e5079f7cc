"""Which device the lessons and the recipes choose, and which half precision, on other machines.

No GPU is needed: what PyTorch says of the machine is replaced, and the lines that choose are run.
"""

import ast

import pytest
import torch
from course import LESSONS, code_cells

IDIOM = """\
{0}gpu = torch.accelerator.current_accelerator(check_available=True)
{0}device = {0}gpu or torch.device("cpu")
"""
CHOOSERS = [
    pytest.param(cell.source, id=f"{path.stem[:2]}.{number}")
    for path in LESSONS
    for number, cell in enumerate(code_cells(path))
    if "current_accelerator" in cell.source
]
# What `torch.cuda.is_bf16_supported` says: of itself, and where bfloat16 may be imitated.
CARDS = {
    "cpu": (None, None),
    "mps": (None, None),
    "xpu": (None, None),
    "cuda, a new card": (True, True),
    "cuda, an old card": (False, True),
}


def run_choices(source, names):
    """The statements of a cell that set these names, in their order; and what they set."""
    chosen = {"torch": torch}
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.Assign):
            targets = {t.id for t in statement.targets if isinstance(t, ast.Name)}
            if targets & names:
                exec(ast.unparse(statement), chosen)
    return chosen


@pytest.fixture(params=CARDS)
def machine(request, monkeypatch):
    """The type of a device that PyTorch says is there, and the best half precision of it."""
    kind = request.param.split(",")[0]
    gpu = None if kind == "cpu" else torch.device(kind)

    def current_accelerator(check_available=False):
        # Asked without the check, PyTorch names what it was built for, there or not.
        return gpu if check_available else torch.device("cuda")

    def is_bf16_supported(including_emulation=True):
        assert kind == "cuda", "there is no CUDA to ask"
        return CARDS[request.param][including_emulation]

    monkeypatch.setattr(torch.accelerator, "current_accelerator", current_accelerator)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", is_bf16_supported)
    half = torch.float16 if "old" in request.param else torch.bfloat16
    return kind, half


def test_lessons_and_recipes_choose():
    assert len(CHOOSERS) >= 4


@pytest.mark.parametrize("source", CHOOSERS)
def test_what_is_there_is_chosen(source, machine):
    chosen = run_choices(source, {"gpu", "device", "my_gpu", "my_device"})
    gpu = chosen.get("gpu", chosen.get("my_gpu"))
    assert (gpu.type if gpu else "cpu") == machine[0]
    if device := chosen.get("device", chosen.get("my_device")):
        assert device == torch.device(machine[0])


@pytest.mark.parametrize("source", CHOOSERS)
def test_all_choose_by_the_same_two_lines(source):
    prefix = "my_" if "my_gpu" in source else ""
    first, second = IDIOM.format(prefix).splitlines()
    # Notebook 00 shows them one by one.
    assert first in source and (second in source or "device =" not in source)


def test_half_precision_is_what_the_card_really_has(machine):
    kind, half = machine
    lesson = next(path for path in LESSONS if path.name.startswith("09"))
    sources = [cell.source for cell in code_cells(lesson)]
    (measured,) = (s for s in sources if "low = " in s)
    (recipe,) = (s for s in sources if "my_dtype = " in s)
    measured = f"device = torch.device({kind!r})\n" + measured
    assert run_choices(measured, {"device", "has_bf16", "low"})["low"] == half
    names = {"my_gpu", "my_device", "my_cuda", "my_old", "my_dtype"}
    chosen = run_choices(recipe, names)
    assert chosen["my_dtype"] == half
    assert chosen["my_old"] == (half == torch.float16)  # then, a GradScaler
