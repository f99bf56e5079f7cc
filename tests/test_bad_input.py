"""Bad input of every kind: a clear error or the right result, and nothing is lost."""

import errno
import io
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time
import warnings
import zipfile
from contextlib import redirect_stdout
from functools import cache, partial
from pathlib import Path

import matplotlib
import numpy as np
import pytest
import torch
from exercises import said
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

from helper.check import check
from helper.checkpoints import load_checkpoint, save_checkpoint
from helper.data import FILES, Digits, open_digits
from helper.exercises import NOTEBOOKS, exercises_of
from helper.networks import Network
from helper.pictures import open_picture
from helper.plot import show_images
from helper.pretrained import SmallDenseNet, load_backbone
from helper.train import evaluate, fit, train_epoch

matplotlib.use("agg")
LOSS = nn.CrossEntropyLoss()


# What the rows are made of. Each function gets an empty folder, lays out what the row needs
# and returns what is then tried: a `partial`, whose arguments may not change.


def idx(*shape: int, magic: int | None = None) -> bytes:
    """An IDX file of that shape, its values 0, 1, 2 and so on."""
    magic = 0x800 + len(shape) if magic is None else magic
    values = np.arange(np.prod(shape)) % 10
    return struct.pack(f">I{len(shape)}I", magic, *shape) + bytes(values.tolist())


def digits(change: dict[str, bytes | None], read=Digits):
    def prepare(folder):
        shapes = (5, 28, 28), (5,), (3, 28, 28), (3,)
        content = {name: idx(*shape) for name, shape in zip(FILES, shapes, strict=True)}
        for name, data in (content | change).items():
            if data is not None:
                (folder / name).write_bytes(data)
        return partial(lambda root: describe(read(root=root)), folder)

    return prepare


def describe(dataset):
    return len(dataset), dataset.data.dtype, dataset.targets.dtype


COLOURS = {"red": (255, 0, 0), "blue": (0, 0, 255), "white": (255, 255, 255)}
COLOURS["grey"] = (128, 128, 128)


def colour_of(point):
    """The name, if it is that colour but for JPEG's rounding."""
    point = [round(255 * value) for value in point.tolist()]
    for name, colour in COLOURS.items():
        if max(abs(a - b) for a, b in zip(point, colour, strict=True)) <= 3:
            return name
    return point


def read_folder(root, transform=None, **options):
    """Each picture's name, and the colours of its upper corners."""
    to_tensor = [v2.ToImage(), v2.ToDtype(torch.float32, scale=True)]
    transform = transform or v2.Compose([v2.Resize(36), v2.CenterCrop(32), *to_tensor])
    dataset = ImageFolder(root, transform, loader=open_picture, **options)
    result = {}
    for (path, _), (image, _) in zip(dataset.samples, dataset, strict=True):
        assert image.shape[0] == 3 and image.dtype == torch.float32
        corners = colour_of(image[:, 0, 0]), colour_of(image[:, 0, -1])
        result[os.path.relpath(path, root)] = " ".join(map(str, corners))
    return result


def no_classes(folder):
    Image.new("RGB", (64, 64)).save(folder / "rose.jpg")
    return partial(read_folder, folder)


def empty_class(folder, **options):
    Image.new("RGB", (64, 64), "red").save(picture_at(folder, "a.png"))
    (folder / "tulip").mkdir()
    return partial(read_folder, folder, **options)


def picture_at(folder, name):
    (folder / "rose").mkdir(exist_ok=True)
    return folder / "rose" / name


def picture(name, image, transform=None, **options):
    """A data set of one picture; `image` may be the bytes of its file."""

    def prepare(folder):
        path = picture_at(folder, name)
        if isinstance(image, bytes):
            path.write_bytes(image)
        else:
            image.save(path, **options)
        return partial(read_folder, folder, transform() if transform else None)

    return prepare


def cut(image, kind):
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()[: len(file.getvalue()) // 2]


def turned():
    """Red on the left and blue on the right, and a note that left is up."""
    image = Image.new("RGB", (64, 64), "red")
    image.paste(COLOURS["blue"], (32, 0, 64, 64))
    exif = Image.Exif()
    exif[0x0112] = 6
    return image, exif


def palette(colour):
    image = Image.new("P", (64, 64), 1)
    image.putpalette([0, 0, 0, *COLOURS[colour]])
    return image


def no_extension(folder, alone=False):
    Image.new("RGB", (64, 64), "blue").save(picture_at(folder, "b"), "JPEG")
    if not alone:
        Image.new("RGB", (64, 64), "red").save(picture_at(folder, "a.jpg"))
    return partial(read_folder, folder)


def not_readable(folder):
    attempt = picture("a.png", Image.new("RGB", (64, 64)))(folder)
    (folder / "rose" / "a.png").chmod(0)
    return attempt


def a_folder_called_jpg(folder):
    attempt = picture("a.png", Image.new("RGB", (64, 64), "red"))(folder)
    (folder / "rose" / "b.jpg").mkdir()
    return attempt


def link(name, to):
    """A link beside, or in the class of, one picture."""

    def prepare(folder):
        attempt = picture("a.png", Image.new("RGB", (64, 64), "red"))(folder)
        (folder / name).symlink_to(folder / to)
        return attempt

    return prepare


def looping_class(folder):
    attempt = link("b", "b")(folder)

    def read(root, *more):
        # torchvision leaves its list of the folder open, which Python warns of when the
        # error is gone; so let it go here.
        with warnings.catch_warnings(action="ignore", category=ResourceWarning):
            try:
                return attempt.func(root, *more)
            except OSError as error:
                return error.strerror, Path(error.filename).name

    return partial(read, *attempt.args)


def tensor_file(content):
    """What torch.save makes of something that is no checkpoint of a `Network`."""

    def prepare(folder):
        torch.save(content, folder / "model.pt")
        return partial(load_checkpoint, folder / "model.pt")

    return prepare


def checkpoint(model, spoil=lambda content: content):
    def prepare(folder):
        path = folder / "model.pt"
        save_checkpoint(path, model)
        path.write_bytes(spoil(path.read_bytes()))
        return partial(load_checkpoint, path)

    return prepare


def content_of(model):
    return {"settings": model.settings, "state_dict": model.state_dict()}


def network(value=None, name="hidden.0.weight"):
    model = Network(12, [5], 3)
    if value is not None:
        model.get_parameter(name).data.view(-1)[0] = value
    return model


class RunsCode:
    """Loaded carelessly, it makes a file called ran in the current folder."""

    def __reduce__(self):
        return open, ("ran", "w")


def runs_code(folder):
    attempt = tensor_file({"settings": {}, "state_dict": RunsCode()})(folder)

    def load(path):  # where the file would appear, among those that are compared
        before = os.getcwd()
        os.chdir(folder)
        try:
            return attempt.func(path)
        finally:
            os.chdir(before)

    return partial(load, *attempt.args)


def call(function, *arguments):
    """No files; the arguments are what must stay as it was."""
    return lambda folder: partial(function, *arguments)


def forward(images):
    return call(lambda model, images: model(images).shape, network(), images)


def show(images):
    return call(lambda images: len(show_images(images).axes), images)


def learn(how, labels, images=None, model=None):
    """One epoch of `fit`, or a part of it, on two pictures of 12 points."""
    model = model or network()
    images = torch.rand(len(labels), 12) if images is None else images
    loader = DataLoader(TensorDataset(images, labels), batch_size=2)

    def run(model, loader):
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        if how is evaluate:
            return evaluate(model, loader, LOSS)
        if how is train_epoch:
            return train_epoch(model, loader, LOSS, optimizer)
        history = fit(model, loader, loader, LOSS, optimizer, epochs=1)
        whole = all(value.isfinite().all() for value in model.state_dict().values())
        return [len(numbers) for numbers in history.values()], whole

    return call(run, model, loader)


SCRIPT = """
import os, resource, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # an error, and not the end
signal.alarm(60)  # the end, should Ctrl-C be lost
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, Dataset
from helper.checkpoints import load_checkpoint, save_checkpoint
from helper.networks import Network
from helper.train import fit

path = sys.argv[1]
model = Network(784, [256], 10)
shapes = {name: value.shape for name, value in model.state_dict().items()}

def wait(*_):
    print("inside", flush=True)
    time.sleep(60)

def attempt(function, *arguments, **more):
    try:
        function(*arguments, **more)
    except (KeyboardInterrupt, OSError) as error:
        print(type(error).__name__, getattr(error, "strerror", ""), flush=True)
    state = model.state_dict()
    assert {name: value.shape for name, value in state.items()} == shapes
    assert all(value.isfinite().all() for value in state.values())
"""

FULL_DISK = """
for room in 0, 1000, 100_000, 800_000:
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
    attempt(save_checkpoint, path, model, epoch=2)
"""

CTRL_C = """
class Slow:  # is pickled in the middle of a checkpoint
    def __reduce__(self):
        wait()

attempt(save_checkpoint, path, model, slow=Slow())

sync, os.fsync = os.fsync, wait  # all is written, and has no name yet
attempt(save_checkpoint, path, model)
os.fsync = sync

class SlowData(Dataset):
    def __len__(self):
        return 40

    def __getitem__(self, i):
        if i == 20:
            wait()
        return torch.rand(784), i % 10

loader = DataLoader(SlowData(), batch_size=4)
optimizer = optim.Adam(model.parameters())
attempt(fit, model, loader, loader, nn.CrossEntropyLoss(), optimizer, epochs=2)
"""

CTRL_C_ANYWHERE = """
def save_for_ever():
    print("soon", flush=True)
    while True:
        save_checkpoint(path + ".other", model)

save_checkpoint(path + ".other", model)
for _ in range(40):
    attempt(save_for_ever)
    load_checkpoint(path + ".other")
os.remove(path + ".other")
"""


def process(body):
    """A process beside a good checkpoint. When it is "inside", or "soon", it gets Ctrl-C."""

    def run(path):
        said, moments = [], random.Random(0)
        with subprocess.Popen(
            [sys.executable, "-c", SCRIPT + body, str(path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as child:
            for line in child.stdout:
                if line == "soon\n":
                    time.sleep(0.01 * moments.random())
                if line in ("inside\n", "soon\n"):
                    child.send_signal(signal.SIGINT)
                else:
                    said.append(line.strip())
        return said

    def prepare(folder):
        save_checkpoint(folder / "model.pt", Network(784, [256], 10), epoch=1)
        return partial(run, folder / "model.pt")

    return prepare


CLEAR = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
NOISE = Image.fromarray(
    np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
)
DEEP = np.full((64, 64), 0x8080, np.uint16)  # half of 65,535
IMAGES, LABELS = torch.rand(2, 12), torch.tensor([0, 2])
TOO_LARGE = os.strerror(errno.EFBIG)
ENDLESS = os.strerror(errno.ELOOP), "b"
POSIX = pytest.mark.skipif(os.name != "posix", reason="has no such limits or signals")
LINKS = pytest.mark.skipif(os.name != "posix", reason="a link needs a permission there")
NOT_ROOT = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything"
)


def row(name, prepare, expected, says=None, *marks):
    """`expected` is what comes back, or the error, whose message `says` matches."""
    return pytest.param(prepare, expected, says, id=name, marks=marks)


FIRST, SECOND = FILES[:2]
OPEN = partial(open_digits, "digits")
AGAIN = r"can't be read: put a whole copy in its place, or move it"
UNFIT = "the weights don't fit the network of these settings"
WHOLE = 5, torch.uint8, torch.int64

ROWS = [
    # The four files of the digits.
    row("digits that are whole", digits({}), WHOLE),
    row("no folder", call(Digits, "nowhere"), FileNotFoundError, "no .* in nowhere"),
    row(
        "no folder, by name",
        call(partial(OPEN, root="nowhere")),
        FileNotFoundError,
        "no .* in nowhere.*git checkout",
    ),
    row(
        "a file is missing",
        digits({SECOND: None}),
        FileNotFoundError,
        f"no {SECOND} in .*git checkout",
    ),
    row(
        "pictures cut off",
        digits({FIRST: idx(5, 28, 28)[:-9]}),
        ValueError,
        "can't be read.*git checkout",
    ),
    row(
        "labels cut off",
        digits({SECOND: idx(5)[:-1]}, OPEN),
        ValueError,
        "can't be read.*git checkout",
    ),
    row(
        "header cut off",
        digits({FIRST: idx(5, 28, 28)[:6]}),
        ValueError,
        "can't be read.*git checkout",
    ),
    row(
        "a wrong magic number",
        digits({FIRST: idx(5, 28, 28, magic=0x12345678)}),
        ValueError,
        "can't be read.*git checkout",
    ),
    row(
        "labels where pictures should be",
        digits({FIRST: idx(5)}),
        ValueError,
        "can't be read.*git checkout",
    ),
    row(
        "fewer labels",
        digits({SECOND: idx(4)}),
        ValueError,
        "5 pictures and 4 labels: they don't belong together",
    ),
    row(
        "fewer pictures, by name",
        digits({FIRST: idx(4, 28, 28)}, OPEN),
        ValueError,
        "4 pictures and 5 labels: they don't belong together",
    ),
    row(
        "pictures of another size",
        digits({FIRST: idx(5, 28, 32)}),
        ValueError,
        "are 28×32, and 28×28 is expected",
    ),
    row(
        "pictures without a width",
        digits({FIRST: idx(5, 28)}),
        ValueError,
        "can't be read.*git checkout",
    ),
    row(
        "a label of 10, by name",
        digits({SECOND: idx(5)[:-1] + bytes([10])}, OPEN),
        ValueError,
        "a label in .* is 10, and 0 to 9 is expected",
    ),
    row(
        "no pictures and no labels",
        digits({FIRST: idx(0, 28, 28), SECOND: idx(0)}),
        ValueError,
        "can't be read.*git checkout",
    ),
    # Folders of pictures. The messages of the folders themselves are torchvision's.
    row("no folder of pictures", call(read_folder, "nowhere"), OSError, "nowhere"),
    row("no classes", no_classes, FileNotFoundError, "find any class folder in"),
    row("an empty class", empty_class, FileNotFoundError, "for the classes tulip"),
    row(
        "an empty class, allowed",
        partial(empty_class, allow_empty=True),
        {"rose/a.png": "red red"},
    ),
    row("a JPEG cut off", picture("a.jpg", cut(NOISE, "JPEG")), ValueError, AGAIN),
    row("a PNG cut off", picture("a.png", cut(NOISE, "PNG")), ValueError, AGAIN),
    row("a PNG of no bytes", picture("a.png", b""), ValueError, AGAIN),
    row("a page of HTML", picture("a.jpg", b"<html>404</html>"), ValueError, AGAIN),
    row(
        "a picture of one point",
        picture("a.png", Image.new("RGB", (1, 1), "red")),
        {"rose/a.png": "red red"},
    ),
    row(
        "a picture of one point, for the backbone",
        picture("a.png", Image.new("RGB", (1, 1), "red"), lambda: without_normalise()),
        {"rose/a.png": "red red"},
    ),
    row(
        "16 bits", picture("a.png", Image.fromarray(DEEP)), {"rose/a.png": "grey grey"}
    ),
    row(
        "32 bits",
        picture("a.tif", Image.new("F", (64, 64), 0.5)),
        ValueError,
        "32 bits a value, with no agreed white: save it with 8",
    ),
    row(
        "CMYK",
        picture("a.jpg", Image.new("CMYK", (64, 64), (0, 255, 255, 0))),
        {"rose/a.jpg": "red red"},
    ),
    row(
        "grey",
        picture("a.png", Image.new("L", (64, 64), 128)),
        {"rose/a.png": "grey grey"},
    ),
    row("a palette", picture("a.png", palette("blue")), {"rose/a.png": "blue blue"}),
    row(
        "a palette with a transparent colour",
        picture("a.png", palette("blue"), transparency=1),
        {"rose/a.png": "white white"},
    ),
    row("transparent", picture("a.png", CLEAR), {"rose/a.png": "white white"}),
    row("on its side", picture("a.jpg", turned()[0]), {"rose/a.jpg": "red blue"}),
    row(
        "on its side, with a note to turn it",
        picture("a.jpg", turned()[0], exif=turned()[1]),
        {"rose/a.jpg": "red red"},
    ),
    row("no extension, left out", no_extension, {"rose/a.jpg": "red red"}),
    row(
        "no extension, all of a class",
        partial(no_extension, alone=True),
        FileNotFoundError,
        "no valid file for the classes rose. Supported extensions are",
    ),
    row("not readable", not_readable, ValueError, AGAIN + ".*Permission", NOT_ROOT),
    row("a folder b.jpg", a_folder_called_jpg, {"rose/a.png": "red red"}),
    row("a folder for a picture", call(open_picture, "."), ValueError, AGAIN),
    row(
        "a picture that links to itself",
        link("rose/b.jpg", "rose/b.jpg"),
        ValueError,
        AGAIN,
        LINKS,
    ),
    row("a class that links to itself", looping_class, ENDLESS, None, LINKS),
    row("a link to the folder", link("rose/b", "."), ValueError, "leads back", LINKS),
    row("a link to its class", link("rose/b", "rose"), ValueError, "leads back", LINKS),
    row(
        "a link to another picture",
        link("rose/b.png", "rose/a.png"),
        {"rose/a.png": "red red", "rose/b.png": "red red"},
        None,
        LINKS,
    ),
    # Checkpoints.
    row(
        "a checkpoint cut off",
        checkpoint(network(), lambda content: content[:-300]),
        ValueError,
        "is cut off.*Use the checkpoint before it",
    ),
    row(
        "an empty checkpoint",
        checkpoint(network(), lambda content: b""),
        ValueError,
        "is empty: the save that made it never finished",
    ),
    row(
        "a checkpoint of another class",
        tensor_file(
            {"settings": {"width": 2}, "state_dict": SmallDenseNet().state_dict()}
        ),
        ValueError,
        f"{UNFIT} .*'width'.*Only a Network or a SmallDenseNet is rebuilt",
    ),
    row(
        "the state dict of another network",
        tensor_file(nn.Linear(2, 2).state_dict()),
        ValueError,
        "not a checkpoint of this course.*Is it a bare state dict",
    ),
    row(
        "another network's weights",
        tensor_file(
            {
                "settings": network().settings,
                "state_dict": Network(12, [6], 3).state_dict(),
            }
        ),
        ValueError,
        f"{UNFIT} .*size mismatch for hidden.0.weight",
    ),
    row(
        "a layer that no memory can hold",
        tensor_file(
            {
                "settings": {**network().settings, "hidden_sizes": [10**14]},
                "state_dict": network().state_dict(),
            }
        ),
        ValueError,
        f"{UNFIT} .*size mismatch for hidden.0.weight",
    ),
    row(
        "NaN weights",
        tensor_file(content_of(network(torch.nan))),
        ValueError,
        "hidden.0.weight holds NaN .*training had diverged; use the checkpoint before",
    ),
    row(
        "infinite weights",
        tensor_file(content_of(network(-torch.inf, "output.bias"))),
        ValueError,
        "output.bias holds NaN or infinite",
    ),
    row(
        "a pickle that runs code",
        runs_code,
        ValueError,
        "whose loading could run code, and was not loaded",
    ),
    # Tensors.
    row(
        "too few points",
        forward(torch.rand(2, 11)),
        ValueError,
        r"takes a batch \(N, ...\) with 12 numbers an example, got \(2, 11\)",
    ),
    row(
        "one flat picture",
        forward(torch.rand(12)),
        ValueError,
        r"got \(12,\).*unsqueeze",
    ),
    row(
        "one picture", forward(torch.rand(3, 4)), ValueError, r"got \(3, 4\).*unsqueeze"
    ),
    row(
        "uint8",
        forward(torch.zeros(2, 12, dtype=torch.uint8)),
        ValueError,
        "takes torch.float32, got torch.uint8: use images.to.*divide by 255",
    ),
    row(
        "float64",
        forward(torch.rand(2, 12).double()),
        ValueError,
        "takes torch.float32, got torch.float64: use images.to",
    ),
    row("no pictures", forward(torch.rand(0, 3, 4)), (0, 3)),
    row("0 to 255", forward(torch.rand(2, 12) * 255), (2, 3)),
    row(
        "fit on uint8",
        learn(fit, LABELS, torch.ones(2, 12, dtype=torch.uint8)),
        ValueError,
        "takes torch.float32, got torch.uint8",
    ),
    row(
        "fit on float64",
        learn(fit, LABELS, IMAGES.double()),
        ValueError,
        "takes torch.float32, got torch.float64",
    ),
    row(
        "fit on another shape",
        learn(fit, LABELS, torch.rand(2, 1, 4, 4)),
        ValueError,
        r"with 12 numbers an example, got \(2, 1, 4, 4\)",
    ),
    row("fit on 0 to 255", learn(fit, LABELS, IMAGES * 255), ([1, 1, 1], True)),
    row("show a flat batch", show(torch.rand(2, 784)), ValueError, r"got \(2, 784\)"),
    row(
        "show no points", show(torch.rand(2, 0, 4)), ValueError, r"point, got \(2, 0, 4"
    ),
    row("show uint8", show(torch.ones(2, 3, 4, 4, dtype=torch.uint8)), 2),
    row("show float64", show(torch.rand(2, 3, 4, 4).double()), 2),
    row("show bfloat16", show(torch.rand(2, 3, 4, 4).bfloat16()), 2),
    row("show grey from 0 to 255", show(torch.rand(2, 4, 4) * 255), 2),
    row(
        "show colours from 0 to 255",
        show(torch.rand(2, 3, 4, 4) * 255),
        ValueError,
        "between 0 and 1, got .*undo the normalisation first, or divide by 255",
    ),
    row(
        "show whole colours out of range",
        show(torch.full((2, 3, 4, 4), 300)),
        ValueError,
        "between 0 and 255, got 300 to 300: clamp them",
    ),
    # Labels and loaders. But for these two, the messages are torch's own.
    *(
        row(f"{name}, {how.__name__}", learn(how, labels), error, says)
        for how in (train_epoch, evaluate, fit)
        for name, labels, error, says in [
            (
                "a label too high",
                torch.tensor([0, 12]),
                IndexError,
                "Target 12 is out of",
            ),
            ("a label of -1", torch.tensor([-1, 0]), IndexError, "Target -1 is out of"),
            (
                "float labels",
                torch.ones(2),
                ValueError if how is evaluate else RuntimeError,
                r"labels \(N,\) of whole numbers, got .* of torch.float32"
                if how is evaluate
                else "Long or Byte, but got Float",
            ),
            (
                "an empty loader",
                LABELS[:0],
                ValueError,
                "gave no examples: is its data",
            ),
        ]
    ),
    row(
        "a batch of one, with batch norm",
        learn(
            train_epoch,
            LABELS[:1],
            model=nn.Sequential(nn.Linear(12, 3), nn.BatchNorm1d(3)),
        ),
        ValueError,
        "more than 1 value per channel when training",
    ),
    # In processes of their own: a disk that is full after so many bytes, and Ctrl-C.
    row("a full disk", process(FULL_DISK), [f"OSError {TOO_LARGE}"] * 4, None, POSIX),
    row("Ctrl-C", process(CTRL_C), ["KeyboardInterrupt"] * 3, None, POSIX),
    row(
        "Ctrl-C at any moment of a save",
        process(CTRL_C_ANYWHERE),
        ["KeyboardInterrupt"] * 40,
        None,
        POSIX,
    ),
]


@cache
def without_normalise():
    """The backbone's transforms but the last, so that colours can be compared."""
    return v2.Compose(load_backbone("small").transforms.transforms[:-1])


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
    return (
        tensor.dtype,
        tensor.shape,
        tensor.detach().view(-1).view(torch.uint8).tolist(),
    )


def tensors_in(arguments, weights):
    """The caller's tensors; after an error a model has its `weights` still, too."""
    kept = [value for value in arguments if isinstance(value, torch.Tensor)]
    for value in arguments:
        if isinstance(value, DataLoader):
            kept += value.dataset.tensors
        elif isinstance(value, nn.Module) and weights:
            kept += value.parameters()
    return [bytes_of(tensor) for tensor in kept]


@pytest.mark.parametrize("prepare, expected, says", ROWS)
def test_bad_input(prepare, expected, says, tmp_path):
    attempt = prepare(tmp_path)
    raises = isinstance(expected, type) and issubclass(expected, Exception)
    files, tensors = files_in(tmp_path), tensors_in(attempt.args, weights=raises)
    if raises:
        with pytest.raises(expected, match=says) as caught:
            attempt()
        assert "\n" not in str(caught.value) and len(str(caught.value)) < 600
    else:
        assert attempt() == expected
    assert files_in(tmp_path) == files
    assert tensors_in(attempt.args, weights=raises) == tensors


# What nobody thought of. The same examples on every run: derandomize.
fuzz = partial(settings, deadline=None, derandomize=True, database=None)


def damage(content):
    """The bytes after one to four flips, cuts and insertions."""
    places = st.integers(0, len(content) - 1) | st.integers(
        0, min(16, len(content) - 1)
    )
    change = st.tuples(
        st.sampled_from(["write", "insert", "cut", "end"]),
        places,
        st.binary(max_size=4),
    )

    def apply(changes):
        result = content
        for kind, at, new in changes:
            if kind == "insert":
                result = result[:at] + new + result[at:]
            elif kind == "cut":
                result = result[:at] + result[at + len(new) :]
            elif kind == "write":
                result = result[:at] + new + result[at + len(new) :]
            else:
                result = result[:at]
        return result

    return st.lists(change, min_size=1, max_size=4).map(apply)


@fuzz(max_examples=300)
@given(damage(idx(3, 28, 28)) | st.none(), damage(idx(3)) | st.none(), st.booleans())
def test_digits_of_any_bytes(pictures, labels, train):
    with tempfile.TemporaryDirectory() as folder:
        names = FILES[:2] if train else FILES[2:]
        prepare = {name: idx(3) for name in FILES}
        prepare[names[0]], prepare[names[1]] = pictures, labels
        for name, content in prepare.items():
            if content is not None:
                (Path(folder) / name).write_bytes(content)
        try:
            dataset = Digits(folder, train)
        except (ValueError, FileNotFoundError) as error:
            assert folder in str(error)
            return
        assert len(dataset) == len(dataset.data) == len(dataset.targets)
        assert dataset.data.shape[1:] == (28, 28) and dataset.data.dtype == torch.uint8
        assert dataset.targets.ndim == 1 and dataset.targets.dtype == torch.int64
        assert all(0 <= label <= 9 for label in dataset.targets)


@cache
def small_checkpoint():
    """The bytes of a checkpoint, and of the pickle in it."""
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        save_checkpoint(Path(folder) / "m.pt", Network(3, [2], 2), epoch=1)
        with zipfile.ZipFile(Path(folder) / "m.pt") as archive:
            pickled = archive.read("archive/data.pkl")
        return (Path(folder) / "m.pt").read_bytes(), pickled


def try_checkpoint(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.pt"
        path.write_bytes(content)
        try:
            model, _ = load_checkpoint(path)
        except ValueError as error:
            assert str(path) in str(error)
            return
        rows = torch.zeros(1, model.settings["input_size"])
        assert not model.training and model(rows).isfinite().all()


@fuzz(max_examples=200)
@given(damage(small_checkpoint()[0]))
def test_checkpoints_of_any_bytes(content):
    try_checkpoint(content)


@fuzz(max_examples=300)
@given(damage(small_checkpoint()[1]))
def test_checkpoints_with_any_pickle(pickled):
    """A damaged pickle in an archive that is whole, so that it is unpickled at all."""
    whole, _ = small_checkpoint()
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            data = pickled if name == "archive/data.pkl" else old.read(name)
            new.writestr(name, data)
    try_checkpoint(file.getvalue())


NAMES = [
    f"{notebook}.{number}"
    for notebook in NOTEBOOKS
    for number, _ in enumerate(exercises_of(notebook), 1)
]
SHAPES = st.lists(st.integers(0, 4), max_size=4).map(tuple)
TENSORS = st.builds(
    lambda shape, dtype, value: torch.full(shape, value).to(dtype),
    SHAPES,
    st.sampled_from(
        [torch.float32, torch.float64, torch.int64, torch.uint8, torch.bool]
        + [torch.bfloat16, torch.complex64]
    ),
    st.sampled_from([0.0, 1.0, -3.5, torch.nan, torch.inf]),
)
ARRAYS = st.builds(
    lambda shape, dtype: np.zeros(shape, dtype),
    SHAPES,
    st.sampled_from(["f4", "f8", "i8", "u1", "?", "O", "U3", "M8[s]"]),
)
THINGS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
)
ANSWERS = st.recursive(
    THINGS | TENSORS | ARRAYS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        | inner.map(lambda value: lambda *_, **__: value)
    ),
    max_leaves=5,
)


@fuzz(max_examples=300)
@given(st.sampled_from(NAMES), ANSWERS)
def test_check_takes_any_answer(name, answer):
    # Bytes below, as a terminal has them: a text may hold what can't be written.
    written = io.BytesIO()
    terminal = io.TextIOWrapper(written, "utf-8", write_through=True)
    with redirect_stdout(terminal):
        check(name, answer)
    printed = written.getvalue().decode()
    assert printed[:1] in "✓✗○" and printed.endswith("\n") and len(printed) < 500
    assert said(printed).startswith(f"Exercise {name}: ")
