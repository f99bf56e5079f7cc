"""Bad input of every kind gives the right result, or an error in one sentence; nothing is lost.

The tables in tests/bad_input hold the cases, and each sentence of helper, whole, once:

given   what is made before: its files, tensors and models must stay as they are
when    what is then tried, or a list of it
gives   what comes back; or
raises  the error, and in `says` its whole message: a sentence, or the name of one under
        [sentences], with what stands in its places {}. <> is the folder, and * what somebody
        else's code says.
"""

import os
import re
from pathlib import Path

import bad_input
import matplotlib
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from helper.expect import Wrong

matplotlib.use("agg")


def files_in(folder):
    """Every file's bytes, every link's target, and the folders."""
    kept = {}
    for root, folders, files in os.walk(folder):
        for path in (Path(root, name) for name in folders + files):
            if path.is_symlink():
                kept[path] = os.readlink(path)
            elif path.is_file() and os.access(path, os.R_OK):
                kept[path] = path.read_bytes()
            else:
                kept[path] = path.stat().st_size if path.is_file() else "folder"
    return kept


def bytes_of(tensor):
    if tensor.is_meta:
        return tensor.dtype, tensor.shape
    values = tensor.detach().reshape(-1).view(torch.uint8)
    return tensor.dtype, tensor.shape, values.tolist()


def tensors_in(values, weights):
    """The caller's tensors; after an error a model has its `weights` still, too."""
    kept = [value for value in values if isinstance(value, torch.Tensor)]
    for value in values:
        if isinstance(value, DataLoader):
            kept += value.dataset.tensors
        elif isinstance(value, nn.Module) and weights:
            kept += value.parameters()
    return [bytes_of(tensor) for tensor in kept]


@pytest.mark.parametrize("case", list(bad_input.cases()))
def test_bad_input(case, tmp_path, monkeypatch):
    folder = tmp_path.resolve()
    space = {"torch": torch, "monkeypatch": monkeypatch, "folder": folder}
    exec(case["imports"], space)
    exec(case.get("given", ""), space)
    made, raises = list(space.values()), "raises" in case
    files, tensors = files_in(folder), tensors_in(made, weights=raises)
    if raises:
        error = eval(case["raises"], {"Wrong": Wrong})
        with pytest.raises(error) as caught:
            eval(case["when"], space)
        said = str(caught.value).replace(str(folder), "<>").replace("\\", "/")
        parts = [re.escape(part) for part in case["says"].split("*")]
        assert re.fullmatch(".*".join(parts), said), said
        assert len(said) < 600
    else:
        assert eval(case["when"], space) == eval(case["gives"], space)
    assert files_in(folder) == files
    assert tensors_in(made, weights=raises) == tensors
