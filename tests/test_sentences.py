"""Every error sentence of helper, whole: what came, what was expected, what to do."""

import gzip
import shutil
import struct
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
from course import ROOT
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from helper import data, plot, pretrained, train
from helper.check import check
from helper.checkpoints import load_checkpoint, save_checkpoint
from helper.expect import (
    expect_function,
    expect_model,
    expect_number,
    expect_tensor,
)
from helper.graph import show_graph
from helper.launch import launch
from helper.networks import Network
from helper.pictures import open_picture
from helper.pretrained import SmallDenseNet, load_backbone

LOADER = DataLoader(TensorDataset(torch.empty(0, 4), torch.empty(0).long()))
ONE = DataLoader(TensorDataset(torch.ones(2, 1), torch.ones(2, 1)), batch_size=2)
SCRIPT = ROOT / "notebooks" / "scripts" / "12_train.py"


def digits_without(folder, *names):
    shutil.copytree(ROOT / "data" / "digits", folder / "digits")
    for name in names:
        (folder / "digits" / name).unlink()
    data.Digits(folder / "digits")


def digits_with(folder, change):
    shutil.copytree(ROOT / "data" / "digits", folder / "digits")
    change(folder / "digits")
    data.Digits(folder / "digits")


def cut_images(folder):
    (folder / data.FILES[0]).write_bytes(b"")


def other_labels(folder):
    shutil.copy(folder / data.FILES[3], folder / data.FILES[1])


def wide_images(folder):
    header = struct.pack(">4I", 0x803, 1437, 28, 32)
    (folder / data.FILES[0]).write_bytes(header + bytes(1437 * 28 * 32))


def a_label_of_ten(folder):
    content = (folder / data.FILES[1]).read_bytes()
    (folder / data.FILES[1]).write_bytes(content[:-1] + bytes([10]))


def refuse(*_, **__):
    raise URLError("no network")


def mnist(folder, monkeypatch):
    monkeypatch.setattr(data.MNIST, "download", refuse)
    data.open_digits("mnist", root=folder)


def broken_mnist(folder, monkeypatch):
    (folder / "MNIST" / "raw").mkdir(parents=True)
    for name in data.FILES:
        (folder / "MNIST" / "raw" / name).write_bytes(b"")
    data.open_digits("mnist", root=folder)


def saved(folder, thing):
    torch.save(thing, folder / "model.pt")
    load_checkpoint(folder / "model.pt")


def written(folder, content):
    (folder / "model.pt").write_bytes(content)
    load_checkpoint(folder / "model.pt")


def old_format(folder):
    path = folder / "model.pt"
    torch.save({"a": 1}, path, _use_new_zipfile_serialization=False)
    load_checkpoint(path)


def claiming(folder):
    weights = {"output.weight": torch.zeros(1, 1).expand(1, 10**6)}
    settings = {"input_size": 10**6, "hidden_sizes": [], "output_size": 1}
    weights["output.bias"] = torch.zeros(1)
    saved(folder, {"settings": settings, "state_dict": weights})


def kept(folder, model=None, **more):
    try:
        save_checkpoint(folder / "model.pt", model or Network(2, [], 1), **more)
    finally:
        assert list(folder.iterdir()) == []


def other_parts():
    model = Network(2, [], 1)
    model.dropout = nn.Dropout(0.5)
    return model


def diverging():
    model = Network(2, [], 1)
    nn.init.constant_(model.output.bias, torch.nan)
    return model


def diverged(folder):
    model = diverging()
    content = {"settings": model.settings, "state_dict": model.state_dict()}
    saved(folder, content)


def backbone(folder, monkeypatch, content=None):
    monkeypatch.setattr(pretrained, "WEIGHTS", folder)
    if content is not None:
        (folder / "small_densenet.pt").write_bytes(content)
    load_backbone()


def densenet121(folder, monkeypatch, content=None):
    monkeypatch.setenv("TORCH_HOME", str(folder))
    monkeypatch.setattr(torch.hub, "download_url_to_file", refuse)
    cache = folder / "hub" / "checkpoints"
    cache.mkdir(parents=True)
    if content is not None:
        (cache / "densenet121-a639ec97.pth").write_bytes(content)
    load_backbone("densenet121")


def whole_zip():
    import io

    file = io.BytesIO()
    torch.save(torch.zeros(1000), file)
    return file.getvalue()


def picture(folder, mode):
    Image.new(mode, (2, 2)).save(folder / "a.tiff")
    open_picture(folder / "a.tiff")


def looping(folder):
    (folder / "loop").symlink_to(folder)
    Image.new("L", (2, 2)).save(folder / "a.png")
    open_picture(folder / "loop" / "loop" / "a.png")


def not_a_picture(folder):
    (folder / "a.png").write_bytes(b"")
    open_picture(folder / "a.png")


def long_graph():
    result = torch.ones(1, requires_grad=True)
    for _ in range(200):
        result = result.exp()
    show_graph(result)


def started(folder, **options):
    with launch(**{"script": SCRIPT, **options}):
        pass


# For each: what is done with an empty folder, and all that is said; <> is the folder.
SENTENCES = [
    (
        lambda f, m: digits_without(f, "t10k-labels-idx1-ubyte"),
        "no t10k-labels-idx1-ubyte in <>/digits: bring the folder back (`git checkout -- "
        "data/digits`, or copy data/digits from a new copy of the course), and install the "
        "course from its own folder (pip install -e .)",
    ),
    (
        lambda f, m: digits_without(f, *data.FILES[:2]),
        "no train-images-idx3-ubyte and no train-labels-idx1-ubyte in <>/digits: bring the "
        "folder back (`git checkout -- data/digits`, or copy data/digits from a new copy of "
        "the course), and install the course from its own folder (pip install -e .)",
    ),
    (
        lambda f, m: digits_with(f, cut_images),
        "the digits in <>/digits can't be read (*): bring them back (`git checkout -- "
        "data/digits`, or copy data/digits from a new copy of the course)",
    ),
    (
        lambda f, m: digits_with(f, other_labels),
        "<>/digits holds 1437 pictures and 360 labels: they don't belong together. Bring "
        "back both files of one data set",
    ),
    (
        lambda f, m: digits_with(f, wide_images),
        "the pictures in <>/digits are 28×32, and 28×28 is expected: make them that size, "
        "or open them with torchvision's MNIST",
    ),
    (
        lambda f, m: digits_with(f, a_label_of_ten),
        "a label in <>/digits is 10, and 0 to 9 is expected: bring back the file of this "
        "data set's labels",
    ),
    (
        lambda f, m: data.open_digits("emnist"),
        "no data set is called 'emnist': choose one of digits, mnist, fashion, as the "
        "argument or in the environment variable COURSE_DIGITS",
    ),
    (
        mnist,
        "mnist is not in <>/MNIST/raw and could not be downloaded (<urlopen error no "
        "network>): try again later, put the four IDX files there yourself, or go on with "
        'the bundled digits: open_digits("digits")',
    ),
    (
        broken_mnist,
        "the files in <>/MNIST/raw can't be read (*): a download broke off, perhaps. Delete "
        "the folder and try again",
    ),
    (
        lambda f, m: not_a_picture(f),
        "the picture <>/a.png can't be read: put a whole copy in its place, or move it out "
        "of the data set (cannot identify image file '<>/a.png')",
    ),
    (
        lambda f, m: open_picture(f / "b.png"),
        "the picture <>/b.png can't be read: put a whole copy in its place, or move it out "
        "of the data set (No such file or directory)",
    ),
    (
        lambda f, m: picture(f, "F"),
        "the picture <>/a.tiff has 32 bits a value, with no agreed white: save it with 8 or "
        "16 bits, or move it out of the data set",
    ),
    (
        lambda f, m: picture(f, "I"),
        "the picture <>/a.tiff has 32 bits a value, with no agreed white: save it with 8 or "
        "16 bits, or move it out of the data set",
    ),
    (
        lambda f, m: looping(f),
        "the link <>/loop leads back to a folder it lies in, and every picture there is "
        "found again and again: remove the link",
    ),
    (
        lambda f, m: load_checkpoint(f / "model.pt"),
        "no checkpoint at <>/model.pt: check the name and the folder",
    ),
    (
        lambda f, m: written(f, b""),
        "<>/model.pt is empty: the save that made it never finished",
    ),
    (
        lambda f, m: written(f, whole_zip()[:900]),
        "<>/model.pt is cut off: a save or a copy of it never finished. Use the checkpoint "
        "before it",
    ),
    (
        lambda f, m: written(f, gzip.compress(b"hello")),
        "<>/model.pt is no checkpoint: torch.save did not write this file",
    ),
    (
        lambda f, m: saved(f, nn.Linear(1, 1)),
        "<>/model.pt is not a checkpoint of tensors and numbers: it holds other objects, "
        "whose loading could run code, and was not loaded",
    ),
    (
        lambda f, m: saved(f, {"settings": {}}),
        "<>/model.pt can be read, but is not a checkpoint of this course: it has no "
        "'settings' and 'state_dict'. Is it a bare state dict? Then build the model first "
        "and use model.load_state_dict",
    ),
    (
        lambda f, m: saved(f, {"settings": {"inputs": 1}, "state_dict": {}}),
        "<>/model.pt: the weights don't fit the network of these settings (*). Only a "
        "Network or a SmallDenseNet is rebuilt: build a model of another class first and use "
        "model.load_state_dict",
    ),
    (
        lambda f, m: diverged(f),
        "<>/model.pt: output.bias holds NaN or infinite numbers: training had diverged; use "
        "the checkpoint before it",
    ),
    (
        lambda f, m: old_format(f),
        "<>/model.pt is in the file format that torch had before 2020: open it by "
        "torch.load(path) and save it again",
    ),
    (
        lambda f, m: claiming(f),
        "<>/model.pt has *: they repeat a few numbers, which save_checkpoint doesn't write",
    ),
    (
        lambda f, m: kept(f, nn.Linear(1, 1)),
        "a Network or a SmallDenseNet can be rebuilt from a checkpoint, got Linear: keep "
        "its weights by torch.save(model.state_dict(), path)",
    ),
    (
        lambda f, m: kept(f, settings={}),
        "settings= would take the place of the model's own settings: choose another name",
    ),
    (
        lambda f, m: kept(f, run=Path("x")),
        "run= can't be kept (it holds a *): a checkpoint holds numbers, strings, tensors, "
        "and lists and dicts of them. Use torch.from_numpy(...) for an array, dict(...) for "
        "another mapping, vars(...) for options, str(...) for other things",
    ),
    (
        lambda f, m: kept(f, diverging()),
        "output.bias holds NaN or infinite numbers: training has diverged, and the "
        "checkpoint was not written",
    ),
    (
        lambda f, m: kept(f, other_parts()),
        "the model was changed after it was made, and {'input_size': 2, 'hidden_sizes': [], "
        "'output_size': 1, 'dropout': 0.0} doesn't describe it (it has other parts than its "
        "class makes): keep its weights by torch.save(model.state_dict(), path)",
    ),
    (
        lambda f, m: save_checkpoint(f, Network(2, [], 1)),
        "<> is not a file that can be replaced: choose another name",
    ),
    (
        lambda f, m: Network(4, [], 10)(np.ones((2, 4))),
        "the network takes a tensor (N, ...), got ndarray: use torch.from_numpy(images) for "
        "an array, torch.stack(images) for a list of tensors",
    ),
    (
        lambda f, m: load_backbone("vgg"),
        "no backbone is called 'vgg': choose 'small' or 'densenet121'",
    ),
    (
        backbone,
        "no small_densenet.pt in <>: bring it back (`git checkout -- data/weights`, or copy "
        "data/weights from a new copy of the course), and install the course from its own "
        "folder (pip install -e .)",
    ),
    (
        lambda f, m: backbone(f, m, b"half"),
        "<>/small_densenet.pt is damaged: bring it back (`git checkout -- data/weights`, or "
        "copy data/weights from a new copy of the course)",
    ),
    (
        densenet121,
        "the weights densenet121-a639ec97.pth are not in <>/hub/checkpoints and could not "
        "be downloaded (<urlopen error no network>): try again with a network, put the file "
        "there yourself, or go on with the bundled ones: load_backbone('small')",
    ),
    (
        lambda f, m: densenet121(f, m, b"half"),
        "<>/hub/checkpoints/densenet121-a639ec97.pth is damaged, a download broke off "
        "perhaps: delete the file and try again",
    ),
    (
        lambda f, m: Network(784, [], 10)(torch.rand(28, 28)),
        "the network takes a batch (N, ...) with 784 numbers an example, got (28, 28): "
        "flatten or resize the pictures to 784, and add .unsqueeze(0) for a single one",
    ),
    (
        lambda f, m: Network(4, [], 10)(torch.ones(2, 4).int()),
        "the network takes torch.float32, got torch.int32: use images.to(torch.float32), "
        "and divide by 255 if they run from 0 to 255",
    ),
    (
        lambda f, m: plot.show_images([1]),
        "images must be a tensor (N, H, W) or (N, 1 or 3, H, W), got list",
    ),
    (
        lambda f, m: plot.show_images(torch.rand(28, 28)),
        "images must be a tensor (N, H, W) or (N, 1 or 3, H, W), got (28, 28): add "
        ".unsqueeze(0)*",
    ),
    (
        lambda f, m: plot.show_images(torch.rand(0, 2, 2)),
        "images must hold at least one picture of at least one point, got (0, 2, 2)",
    ),
    (
        lambda f, m: plot.show_images(torch.rand(2, 4, 4), titles="abc"),
        "got 2 images and 3 titles",
    ),
    (
        lambda f, m: plot.show_images(torch.full((1, 3, 2, 2), 2.0)),
        "colours must lie between 0 and 1, got 2 to 2: undo the normalisation first, or "
        "divide by 255",
    ),
    (
        lambda f, m: plot.show_images(torch.full((1, 3, 2, 2), 256)),
        "colours must lie between 0 and 255, got 256 to 256: clamp them",
    ),
    (
        lambda f, m: plot.show_images(torch.full((1, 2, 2), torch.nan)),
        "images must hold numbers, got nothing but NaN and infinity",
    ),
    (
        lambda f, m: plot.show_images(torch.zeros(1, 2, 2, dtype=torch.complex64)),
        "images must hold real numbers, got torch.complex64: use images.abs()",
    ),
    (
        lambda f, m: plot.show_images(np.ones((1, 2, 2))),
        "images must be a tensor (N, H, W) or (N, 1 or 3, H, W), got ndarray: use "
        "torch.from_numpy(...)",
    ),
    (
        lambda f, m: plot.show_images(torch.rand(1, 2, 2), columns=0),
        "columns must be a whole number, 1 or more, got 0",
    ),
    (
        lambda f, m: plot.show_prediction(np.ones((2, 2)), torch.ones(1), "a"),
        "image must be a tensor, got ndarray: use torch.from_numpy(...)",
    ),
    (
        lambda f, m: plot.show_prediction(torch.rand(2, 2), [0.5, 0.5], "ab"),
        "probabilities must be a tensor, got list",
    ),
    (
        lambda f, m: plot.show_prediction(torch.rand(2, 2), torch.rand(0), []),
        "classes must hold at least one name, got none",
    ),
    (
        lambda f, m: plot.show_prediction(
            torch.rand(2, 2), torch.tensor([torch.nan]), "a"
        ),
        "probabilities must lie between 0 and 1, got NaN: look for NaN in the image, and in "
        "the weights of the network",
    ),
    (
        lambda f, m: show_graph([1]),
        "result must be a tensor, got list",
    ),
    (
        lambda f, m: show_graph(torch.ones(1, requires_grad=True) * 2, {"w": 2.0}),
        "names must hold a tensor under 'w', got float",
    ),
    (
        lambda f, m: long_graph(),
        "the graph has 201 nodes, and up to 200 can be drawn: show that of a smaller "
        "network, or of one layer",
    ),
    (
        lambda f, m: plot.show_prediction(torch.rand(1, 1, 2, 2), torch.ones(10) / 10),
        "image must be (H, W) or (1 or 3, H, W), got (1, 1, 2, 2): choose one picture of a "
        "batch by images[0]",
    ),
    (
        lambda f, m: plot.show_prediction(torch.rand(2, 2), torch.ones(3)),
        "probabilities must be (10,), one for each class, got (3,)",
    ),
    (
        lambda f, m: plot.show_prediction(torch.rand(2, 2), torch.arange(10.0)),
        "probabilities must lie between 0 and 1: these are logits, perhaps; "
        "softmax(logits, dim=0) makes probabilities of them",
    ),
    (
        lambda f, m: plot.show_history({"a": [1.0], "b": [1.0]}),
        "history must hold numbers under 'train_loss' and 'valid_loss', got 'a', 'b'",
    ),
    (
        lambda f, m: plot.show_history({}),
        "history must hold numbers under 'train_loss' and 'valid_loss', got nothing",
    ),
    (
        lambda f, m: show_graph(torch.ones(1)),
        "this tensor has no grad_fn: nothing that it was computed from requires grad",
    ),
    (
        lambda f, m: train.evaluate(nn.Linear(4, 2), LOADER, None),
        "the loader gave no examples: is its data set empty, or are all its labels ignored?",
    ),
    (
        lambda f, m: train.train_epoch(nn.Linear(4, 2), LOADER, None, None),
        "the loader gave no examples: is its data set empty, or are all its labels ignored?",
    ),
    (
        lambda f, m: train.evaluate(nn.Linear(1, 1), ONE, nn.MSELoss()),
        "the accuracy is counted for logits (N, C) and labels (N,) of whole numbers, got "
        "(2, 1) and (2, 1) of torch.float32: measure the loss in a loop of your own for "
        "other targets",
    ),
    (
        lambda f, m: train.train_epoch(
            nn.Linear(1, 1), ONE, nn.MSELoss(reduction="sum"), None
        ),
        "the loss must be the mean over a batch, got reduction='sum': leave reduction out",
    ),
    (
        lambda f, m: train.train_epoch(
            nn.Identity(), ONE, lambda logits, labels: logits.sum(), None
        ),
        "the loss of 2 examples is 2, and 1 when they are measured in two parts: give a "
        "loss that is the mean over the examples, and weights as "
        "nn.CrossEntropyLoss(weight=...) has them",
    ),
    (
        lambda f, m: train.train_epoch(
            nn.Identity(), ONE, lambda logits, labels: (logits * torch.nan).mean(), None
        ),
        "batch 1: the loss is nan, from which nothing can be learned: use a lower learning "
        "rate, and look for NaN or infinite numbers in the images",
    ),
    (
        lambda f, m: train.fit(
            nn.Identity(),
            ONE,
            ONE,
            lambda logits, labels: logits.mean() * torch.inf,
            None,
            epochs=1,
        ),
        "epoch 1, batch 1: the loss is inf, from which nothing can be learned: use a lower "
        "learning rate, and look for NaN or infinite numbers in the images",
    ),
    (
        lambda f, m: train.fit(None, [], [], None, None, epochs=0),
        "epochs must be a whole number, 1 or more, got 0",
    ),
    (
        lambda f, m: train.fit(None, [], [], None, None, epochs=1, patience=-1),
        "patience must be a whole number, 1 or more, got -1: leave it out never to stop "
        "early",
    ),
    (
        lambda f, m: check("01.9", 1),
        "there is no exercise '01.9': notebook 01 has 01.1 to 01.6",
    ),
    (
        lambda f, m: check("1", 1),
        "there is no exercise '1': names look like \"01.3\", notebook and number, or like "
        '"one_hot", what is asked',
    ),
    (
        lambda f, m: expect_tensor(np.ones(2), torch.ones(2), hint="So."),
        "your answer is a numpy array, and a tensor is asked for: leave .numpy() out, or "
        "use torch.from_numpy.",
    ),
    (
        lambda f, m: expect_tensor(1, torch.ones(2), what="it", hint="So."),
        "it is an int, not a tensor.",
    ),
    (
        lambda f, m: expect_tensor(torch.ones(3), torch.ones(2), hint="So."),
        "the shape of your answer is (3,), expected (2,). So.",
    ),
    (
        lambda f, m: expect_tensor(torch.ones(2), torch.ones(2).int(), hint="So."),
        "the dtype of your answer is torch.float32, expected torch.int32: .to(torch.int32) "
        "changes it.",
    ),
    (
        lambda f, m: expect_tensor(
            torch.tensor([1, torch.nan]), torch.ones(2), hint="So."
        ),
        "1 of 2 values of your answer are NaN, not a number. So.",
    ),
    (
        lambda f, m: expect_tensor(
            torch.tensor([[1, 2.5]]), torch.ones(1, 2), hint="So."
        ),
        "1 of 2 values of your answer are not the expected ones. The first is at [0, 1], "
        "where you have 2.5. So.",
    ),
    (
        lambda f, m: expect_tensor(torch.tensor(2), torch.tensor(1)),
        "your answer is 2, expected 1.",
    ),
    (
        lambda f, m: expect_number(torch.ones(2), 1.0, hint="So."),
        "your answer has shape (2,), expected one number. So.",
    ),
    (
        lambda f, m: expect_number("1", 1.0, hint="So."),
        "your answer is text, not a number: leave out the quotes.",
    ),
    (
        lambda f, m: expect_number(float("nan"), 1.0, hint="So."),
        "your answer is NaN, not a number.",
    ),
    (
        lambda f, m: expect_number(2.5, 1.0, hint="So."),
        "2.5 is not the number. So.",
    ),
    (
        lambda f, m: expect_function(nn.Linear),
        "your answer is a type, not a function.",
    ),
    (
        lambda f, m: expect_model(SmallDenseNet),
        "your answer is the class SmallDenseNet itself: make a model of it by calling it, "
        "SmallDenseNet(...).",
    ),
    (
        lambda f, m: expect_model(1),
        "your answer is an int, not a module (nn.Module).",
    ),
    (
        lambda f, m: started(f, script=f / "none.py"),
        "no script at <>/none.py: check the name and the folder",
    ),
    (
        lambda f, m: started(f, processes=0),
        "got processes=0, max_restarts=0: at least one process, and two for restarts, since "
        "it is torchrun that restarts",
    ),
    (
        lambda f, m: started(f, processes=1, max_restarts=2),
        "got processes=1, max_restarts=2: at least one process, and two for restarts, since "
        "it is torchrun that restarts",
    ),
]


@pytest.mark.parametrize("act, sentence", SENTENCES, ids=range(len(SENTENCES)))
def test_sentence(act, sentence, tmp_path, monkeypatch):
    folder = Path(tmp_path).resolve()
    with pytest.raises(Exception) as caught:
        act(folder, monkeypatch)
    said = str(caught.value).replace(str(folder), "<>").replace("\\", "/")
    before, star, after = sentence.partition("*")  # what somebody else's code says
    if star:
        assert said.startswith(before) and said.endswith(after), said
    else:
        assert said == sentence
