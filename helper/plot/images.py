"""Pictures, and what a network says of one, drawn."""

import math
from collections.abc import Iterable

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor


def show_images(
    images: Tensor, titles: Iterable[object] | None = None, *, columns: int = 8
) -> Figure:
    """Draw a batch of pictures in a grid, `columns` to a row.

    Args:
        images: (N, H, W), (N, 1, H, W) or (N, 3, H, W), N at least 1; uint8, or bool, or
            float. Grey is scaled from its least to its largest value, the same for all
            pictures, and a point that is NaN or infinite stays empty; colours must lie
            between 0 and 1, or 0 and 255 in whole numbers.
        titles: one for each picture, such as its label; drawn above it, in one line or more.

    Raises:
        ValueError: another shape, colours out of range, nothing but NaN, a wrong number of
            titles, or fewer than one column.
    """
    _expect_pictures(images)
    titles = None if titles is None else list(titles)
    if titles is not None and len(titles) != len(images):
        raise ValueError(f"got {len(images)} images and {len(titles)} titles")
    if not isinstance(columns, int) or columns < 1:
        raise ValueError(f"columns must be a whole number, 1 or more, got {columns!r}")
    pictures = _drawable(images)
    with plt.style.context("helper.course"):
        figure = _draw_grid(pictures, titles, min(columns, len(pictures)))
    plt.close(figure)  # shown once, as the cell's value, and not again at its end
    return figure


def _expect_pictures(images: object) -> None:
    if isinstance(images, Tensor) and (
        images.ndim == 3 or (images.ndim == 4 and images.shape[1] in (1, 3))
    ):
        return
    came = tuple(images.shape) if isinstance(images, Tensor) else _kind(images)
    single = isinstance(came, tuple) and len(came) == 2
    fix = ": add .unsqueeze(0) for a single picture" if single else ""
    raise ValueError(
        f"images must be a tensor (N, H, W) or (N, 1 or 3, H, W), got {came}{fix}"
    )


def _draw_grid(
    pictures: np.ndarray, titles: list[object] | None, columns: int
) -> Figure:
    finite = pictures[np.isfinite(pictures)]
    low, high = finite.min(), finite.max()
    rows = math.ceil(len(pictures) / columns)
    lines = 0 if titles is None else max(str(t).count("\n") + 1 for t in titles)
    side = min(1.1, plt.rcParams["figure.figsize"][0] / columns)  # inches
    size = (side * columns, (side + 0.15 * lines) * rows)
    no_ticks = {"xticks": [], "yticks": []}  # never seen, and slow to lay out
    figure, axes = plt.subplots(
        rows, columns, figsize=size, squeeze=False, subplot_kw=no_ticks
    )
    for axis in axes.flat:
        axis.axis("off")
    for axis, picture in zip(axes.flat, pictures, strict=False):  # some stay empty
        axis.imshow(picture, vmin=low, vmax=high)
    # Without mathematics: a $ in a title is a dollar.
    for axis, title in zip(axes.flat, titles or (), strict=False):
        axis.set_title(_text_of(title), parse_math=False)
    return figure


def _text_of(title: object) -> object:
    """A label is often a tensor with one number."""
    single = isinstance(title, Tensor) and title.numel() == 1
    return title.item() if single else title


def _kind(thing: object) -> str:
    """What it is, and what makes a tensor of it."""
    fix = ": use torch.from_numpy(...)" if isinstance(thing, np.ndarray) else ""
    return type(thing).__name__ + fix


def _drawable(images: Tensor) -> np.ndarray:
    """What matplotlib draws: (N, H, W), or (N, H, W, 3) if it has colours."""
    if images.numel() == 0:
        raise ValueError(
            "images must hold at least one picture of at least one point, got "
            f"{tuple(images.shape)}"
        )
    if images.is_complex():
        raise ValueError(
            f"images must hold real numbers, got {images.dtype}: use images.abs()"
        )
    images = images.detach().cpu()
    if images.ndim == 4:
        images = images.permute(0, 2, 3, 1).squeeze(-1)  # the order matplotlib wants
    whole = not images.is_floating_point() and images.dtype != torch.bool
    if images.ndim == 4:
        _expect_colours(images, 255 if whole else 1)
    if images.ndim == 3 or not whole:  # numpy has no bfloat16
        images = images.float()
    if not images.isfinite().any():
        raise ValueError("images must hold numbers, got nothing but NaN and infinity")
    return images.numpy()


def _expect_colours(images: Tensor, top: int) -> None:
    low, high = images.float().aminmax()
    if not (low >= 0 and high <= top):
        fix = "clamp them"
        if top == 1:
            fix = "undo the normalisation first, or divide by 255"
        raise ValueError(
            f"colours must lie between 0 and {top}, got {low:.3g} to {high:.3g}: {fix}"
        )


def show_prediction(
    image: Tensor, probabilities: Tensor, classes: Iterable[object] = tuple(range(10))
) -> Figure:
    """Draw a picture, and beside it a bar for the probability of each class.

    Args:
        image: (H, W), (1, H, W) or (3, H, W), as `show_images` takes a batch of.
        probabilities: (C,), between 0 and 1.
        classes: C names, C at least 1.

    Raises:
        ValueError: another shape, not as many probabilities as classes, or values out of
            range, which logits usually are.
    """
    for name, value in [("image", image), ("probabilities", probabilities)]:
        if not isinstance(value, Tensor):
            raise ValueError(f"{name} must be a tensor, got {_kind(value)}")
    if image.ndim != 2 and not (image.ndim == 3 and image.shape[0] in (1, 3)):
        raise ValueError(
            f"image must be (H, W) or (1 or 3, H, W), got {tuple(image.shape)}: choose one "
            "picture of a batch by images[0]"
        )
    classes = [str(name) for name in classes]
    if not classes:
        raise ValueError("classes must hold at least one name, got none")
    if probabilities.shape != (len(classes),):
        raise ValueError(
            f"probabilities must be ({len(classes)},), one for each class, got "
            f"{tuple(probabilities.shape)}"
        )
    probabilities = probabilities.detach().cpu().float()
    if probabilities.isnan().any():
        raise ValueError(
            "probabilities must lie between 0 and 1, got NaN: look for NaN in the image, and "
            "in the weights of the network"
        )
    if not ((probabilities >= 0) & (probabilities <= 1)).all():
        raise ValueError(
            "probabilities must lie between 0 and 1: these are logits, perhaps; "
            "softmax(logits, dim=0) makes probabilities of them"
        )
    (picture,) = _drawable(image.unsqueeze(0))
    with plt.style.context("helper.course"):
        figure = _draw_prediction(picture, probabilities.numpy(), classes)
    plt.close(figure)
    return figure


def _draw_prediction(
    picture: np.ndarray, probabilities: np.ndarray, classes: list[str]
) -> Figure:
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.4, 2.2), width_ratios=(1, 2))
    left.imshow(picture)
    left.axis("off")
    places = range(len(classes))  # by number: two classes may have the same name
    right.barh(places, probabilities)
    right.set_yticks(places, classes, parse_math=False)
    right.set(xlim=(0, 1), xlabel="probability", ylabel="class")
    right.invert_yaxis()
    return figure
