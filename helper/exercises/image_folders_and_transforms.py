import tempfile
from pathlib import Path

import torch
from PIL import Image
from torchvision.datasets import ImageFolder

from helper.expect import (
    Wrong,
    call,
    expect_function,
    expect_tensor,
    expect_tried,
)


def count_by_class(answer: object) -> str:
    """count_by_class(dataset)."""
    function = expect_function(answer)
    with tempfile.TemporaryDirectory() as folder:
        for name, number in (("ash", 3), ("beech", 1), ("cedar", 0), ("date", 2)):
            (Path(folder) / name).mkdir()
            for i in range(number):  # of no bytes: nobody can open these
                (Path(folder) / name / f"{i}.jpg").touch()
        dataset = ImageFolder(folder, allow_empty=True)

        def refuse(path: str) -> None:
            raise Wrong(
                "pictures were opened: the labels are in dataset.targets already."
            )

        dataset.loader = refuse
        result = call(function, dataset)
    if not isinstance(result, dict):
        raise Wrong(
            f"the result is a {type(result).__name__}, expected a dictionary from each "
            "class's name to a number."
        )
    if set(result) and all(isinstance(key, int) for key in result):
        raise Wrong("the keys are labels: dataset.classes[label] is the name.")
    if "cedar" not in result and result:
        raise Wrong(
            "a class with an empty folder is missing: it has 0 pictures, and is in "
            "dataset.classes."
        )
    expected = {"ash": 3, "beech": 1, "cedar": 0, "date": 2}
    if result != expected:
        raise Wrong(f"for folders with {expected} it gave {result}.")
    return "targets knows all labels, and no file was opened."


def resized_shape(answer: object) -> str:
    """The shape after v2.Resize(100) of a picture 400 wide and 250 high."""
    expect_tried(answer)
    try:
        shape = tuple(int(number) for number in answer)
    except (TypeError, ValueError):
        raise Wrong(
            f"a {type(answer).__name__} of such a kind is no shape: give three numbers, "
            "such as (3, 20, 30)."
        ) from None
    if shape == (3, 160, 100):
        raise Wrong("a tensor's shape has the height first: (colours, height, width).")
    if shape == (3, 100, 100):
        raise Wrong("one number is for the shorter side only: the proportions stay.")
    if shape == (3, 62, 100) or shape == (3, 63, 100):
        raise Wrong("the *shorter* side becomes 100, and that is the height.")
    if len(shape) != 3:
        raise Wrong(
            f"a shape of {len(shape)} numbers: it has three, the colours first."
        )
    if shape != (3, 100, 160):
        if sorted(shape) == [3, 100, 160]:
            raise Wrong("a tensor's shape has the colours first: (3, height, width).")
        raise Wrong(
            f"not {shape}: the shorter side becomes 100, the other is scaled by the same "
            "factor, and the three colours come first."
        )
    return "the height, the shorter side, became 100 and the width 160."


def augment(answer: object) -> str:
    """augment: a PIL picture to a random, sometimes mirrored (3, 96, 96)."""
    function = expect_function(answer)
    # Red grows to the right, green downward: where a crop is from can be seen in it.
    x = torch.arange(300).expand(200, 300) * 255 // 299
    y = torch.arange(200)[:, None].expand(200, 300) * 255 // 199
    values = torch.stack([x, y, torch.zeros_like(x)], dim=2).to(torch.uint8).numpy()
    picture = Image.fromarray(values)
    for given in (picture, picture.resize((50, 400))):
        result = call(function, given, given="given a PIL picture")
        if not isinstance(result, torch.Tensor):
            raise Wrong(
                f"the result is a {type(result).__name__}, not a tensor: v2.ToImage() makes "
                "one of a PIL picture."
            )
        if tuple(result.shape) != (3, 96, 96):
            raise Wrong(
                f"the shape is {tuple(result.shape)} for a picture of size {given.size}, "
                "expected (3, 96, 96)."
            )
    if result.dtype != torch.float32:
        raise Wrong(
            f"the dtype is {result.dtype}, expected torch.float32: v2.ToDtype changes it."
        )
    if result.max() > 1:
        raise Wrong("the numbers go beyond 1: ToDtype needs scale=True.")
    if result.min() < 0:
        raise Wrong("there are numbers below 0: normalising isn't asked for here.")
    if result.max() < 0.05:
        raise Wrong("the picture became black: was it scaled twice?")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        results = torch.stack([torch.as_tensor(augment(picture)) for _ in range(60)])
    mirrored = (results[:, 0, :, 0] > results[:, 0, :, -1]).float().mean(dim=1) > 0.5
    starts = results.amin(dim=(2, 3))  # the least red and green of each
    if starts[:, 1].std() < 0.01 and starts[:, 0].std() < 0.01:
        raise Wrong(
            "it is always the same part of the picture: RandomResizedCrop takes another one "
            "each time."
        )
    if (results[:, 1, 0] > results[:, 1, -1]).float().mean() > 0.2:
        raise Wrong("some are upside down: mirror left to right only.")
    if not mirrored.any():
        raise Wrong("none of 60 was mirrored: RandomHorizontalFlip does it in half.")
    if not 0.25 < mirrored.float().mean() < 0.75:
        raise Wrong(
            f"{int(mirrored.sum())} of 60 were mirrored, expected about half: p=0.5."
        )
    return "another part each time, mirrored in half of all cases, from 0 to 1."


def undo(answer: object) -> str:
    """undo(images, mean, std)."""
    function = expect_function(answer)
    mean, std = torch.tensor([0.5, 0.4, 0.3]), torch.tensor([0.3, 0.2, 0.1])
    generator = torch.Generator().manual_seed(0)
    # As many columns as colours: a forgotten [:, None, None] raises nothing here.
    original = torch.rand(2, 3, 3, 3, generator=generator)
    original[0, 0, 0, 0], original[0, 1, 0, 0] = 0.0, 1.0
    normalised = (original - mean[:, None, None]) / std[:, None, None]
    normalised[0, 0, 0, 0] -= 1e-3  # what rounding does, enlarged
    normalised[0, 1, 0, 0] += 1e-3
    kept = normalised.clone()
    result = call(function, normalised, mean, std)
    if not torch.equal(normalised, kept):
        raise Wrong(
            "the batch that came was changed: make a new one, without *= and +=."
        )
    if isinstance(result, torch.Tensor) and result.shape == original.shape:
        if torch.allclose(result, normalised * std + mean, atol=1e-4):
            raise Wrong(
                "mean and std met the columns, not the colours: [:, None, None] makes (3, 1, "
                "1) of (3,)."
            )
        if torch.allclose(
            result,
            (normalised + mean[:, None, None]) * std[:, None, None],
            atol=1e-4,
        ):
            raise Wrong(
                "in this order it isn't the reverse: times std first, then + mean."
            )
        unclamped = normalised * std[:, None, None] + mean[:, None, None]
        if torch.equal(result, unclamped):
            raise Wrong("some numbers are just below 0 or above 1: .clamp(0, 1).")
    expect_tensor(result, original)
    return "what Normalize did is undone, and fit to be shown."


def broken_files(answer: object) -> str:
    """broken_files(dataset)."""
    function = expect_function(answer)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "rose"
        folder.mkdir()
        noise = torch.randint(
            256, (80, 80, 3), generator=torch.Generator().manual_seed(0)
        )
        picture = Image.fromarray(noise.to(torch.uint8).numpy())
        for file in ("a.jpg", "b.jpg", "c.png", "e.jpg"):
            picture.save(folder / file)
        whole = (folder / "b.jpg").read_bytes()
        (folder / "b.jpg").write_bytes(whole[: len(whole) // 2])
        (folder / "d.png").touch()
        dataset = ImageFolder(name)
        result = call(function, dataset)
        if not isinstance(result, (list, tuple)):
            raise Wrong(f"the result is a {type(result).__name__}, expected a list.")
        if result and not all(isinstance(path, (str, Path)) for path in result):
            raise Wrong("the list must hold paths: the first part of each of samples.")
        found = [Path(path).name for path in result]
    if found == ["d.png"]:
        raise Wrong(
            "a picture that is cut off was not found: open and verify() read its beginning, "
            "load() all of it."
        )
    if found == ["b.jpg"]:
        raise Wrong("a file of no bytes was not found: opening it raises the error.")
    if set(found) == {"a.jpg", "c.png", "e.jpg"}:
        raise Wrong("these are the good ones: collect those that raise OSError.")
    if found != ["b.jpg", "d.png"]:
        raise Wrong(f"found {found or 'none'}, expected ['b.jpg', 'd.png'].")
    if any(type(path) is not str for path in result):
        raise Wrong("give the paths as text, as samples has them.")
    return "both were found, the cut-off one too."


EXERCISES = (count_by_class, resized_shape, augment, undo, broken_files)
