"""Pictures of what a lesson computed. Each function returns its Figure.

The last line of a cell shows the Figure that it evaluates to; `.savefig(path)` keeps it.
"""

from collections.abc import Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from torch import Tensor


def show_images(
    images: Tensor, titles: Sequence[object] | None = None, *, columns: int = 8
) -> Figure:
    """Draw a batch of pictures in a grid, `columns` to a row.

    Args:
        images: (N, H, W), (N, 1, H, W) or (N, 3, H, W), N at least 1; uint8, or bool, or
            float. Grey is scaled from its least to its largest value, the same for all
            pictures; colours must lie between 0 and 1, or 0 and 255 in whole numbers.
        titles: one for each picture, such as its label; drawn above it, in one line or more.

    Raises:
        ValueError: another shape, colours out of range, or a wrong number of titles.
    """
    if not isinstance(images, Tensor) or not (
        images.ndim == 3 or (images.ndim == 4 and images.shape[1] in (1, 3))
    ):
        came = getattr(images, "shape", type(images).__name__)
        came = came if isinstance(came, str) else tuple(came)
        fix = ": add .unsqueeze(0) for a single picture" if len(came) == 2 else ""
        raise ValueError(
            f"images must be a tensor (N, H, W) or (N, 1 or 3, H, W), got {came}{fix}"
        )
    if images.numel() == 0:
        raise ValueError(
            "images must hold at least one picture of at least one point, got "
            f"{tuple(images.shape)}"
        )
    if titles is not None and len(titles) != len(images):
        raise ValueError(f"got {len(images)} images and {len(titles)} titles")
    images = images.detach().cpu()
    if images.ndim == 4:
        images = images.permute(0, 2, 3, 1).squeeze(-1)  # the order matplotlib wants
    if images.ndim == 4:
        low, high = images.float().aminmax()
        top = 1 if images.is_floating_point() else 255
        if not (low >= 0 and high <= top):
            fix = (
                "undo the normalisation first, or divide by 255"
                if top == 1
                else "clamp them"
            )
            raise ValueError(
                f"colours must lie between 0 and {top}, got {low:.3g} to {high:.3g}: {fix}"
            )
    if images.ndim == 3 or images.is_floating_point():  # numpy has no bfloat16
        images = images.float()
    pictures = images.numpy()

    rows = -(-len(pictures) // columns)
    columns = min(columns, len(pictures))
    lines = 0 if titles is None else max(str(t).count("\n") + 1 for t in titles)
    size = (1.1 * columns, (1.1 + 0.3 * lines) * rows)
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False)
    for i, axis in enumerate(axes.flat):
        axis.axis("off")
        if i < len(pictures):
            axis.imshow(
                pictures[i], cmap="gray", vmin=pictures.min(), vmax=pictures.max()
            )
            if titles is not None:
                title = titles[i]
                axis.set_title(title.item() if isinstance(title, Tensor) else title)
    figure.tight_layout(pad=0.4)
    plt.close(figure)  # shown once, as the cell's value, and not again at its end
    return figure


def show_prediction(
    image: Tensor, probabilities: Tensor, classes: Sequence[object] = tuple(range(10))
) -> Figure:
    """Draw a picture, and beside it a bar for the probability of each class.

    Args:
        image: (H, W), (1, H, W) or (3, H, W), as `show_images` takes a batch of.
        probabilities: (C,), between 0 and 1.
        classes: C names.

    Raises:
        ValueError: another shape, not as many probabilities as classes, or values out of
            range, which logits usually are.
    """
    if image.ndim != 2 and not (image.ndim == 3 and image.shape[0] in (1, 3)):
        raise ValueError(
            f"image must be (H, W) or (1 or 3, H, W), got {tuple(image.shape)}: choose one "
            "picture of a batch by images[0]"
        )
    if probabilities.shape != (len(classes),):
        raise ValueError(
            f"probabilities must be ({len(classes)},), one for each class, got "
            f"{tuple(probabilities.shape)}"
        )
    if not ((probabilities >= 0) & (probabilities <= 1)).all():
        raise ValueError(
            "probabilities must lie between 0 and 1: these are logits, perhaps; "
            "softmax(logits, dim=0) makes probabilities of them"
        )
    figure, (left, right) = plt.subplots(1, 2, figsize=(6, 2.6))
    picture = image.detach().cpu()
    if picture.ndim == 3:
        picture = picture.permute(1, 2, 0).squeeze(-1)
    picture = picture.float() if picture.ndim == 2 else picture
    left.imshow(picture.numpy(), cmap="gray")
    left.axis("off")
    right.barh([str(name) for name in classes], probabilities.detach().cpu().numpy())
    right.set(xlim=(0, 1), xlabel="probability", ylabel="class")
    right.invert_yaxis()
    figure.tight_layout()
    plt.close(figure)
    return figure


def show_history(history: dict[str, list[float]]) -> Figure:
    """Draw training and validation loss against the epoch, and mark the best epoch.

    Args:
        history: "train_loss" and "valid_loss", a number for each epoch, as `helper.train.fit`
            returns them; other names are left out.

    Raises:
        ValueError: one of the two is missing or empty.
    """
    if not history.get("train_loss") or not history.get("valid_loss"):
        raise ValueError(
            "history must hold numbers under 'train_loss' and 'valid_loss', got "
            f"{', '.join(repr(name) for name in history) or 'nothing'}"
        )
    figure, axis = plt.subplots(figsize=(6, 3))
    for name, style in [("train_loss", "--"), ("valid_loss", "-")]:
        values = history[name]
        label = {"train_loss": "training", "valid_loss": "validation"}[name]
        axis.plot(range(1, len(values) + 1), values, style, label=label)
    best = min(range(len(values)), key=values.__getitem__) + 1
    axis.axvline(best, linestyle=":", color="0.4", label=f"lowest, epoch {best}")
    axis.set(xlabel="epoch", ylabel="loss", ylim=(0, None))
    axis.legend()
    figure.tight_layout()
    plt.close(figure)
    return figure


def show_graph(result: Tensor, names: dict[str, Tensor] | None = None) -> Figure:
    """Draw the graph that autograd recorded for `result`: its backward pass, downwards.

    Args:
        result: a tensor with a `grad_fn`.
        names: what to call the leaves, by tensor; the others show their shape alone.

    Raises:
        ValueError: `result` has no `grad_fn`, so nothing was recorded.
    """
    if result.grad_fn is None:
        raise ValueError(
            "this tensor has no grad_fn: nothing that it was computed from requires grad"
        )
    called = {id(tensor): name for name, tensor in (names or {}).items()}
    depth = {result.grad_fn: 0}  # the longest way to each node
    queue, edges = [result.grad_fn], {}
    while queue:
        node = queue.pop(0)
        for child, _ in node.next_functions:
            if child is not None:
                edges[node, child] = None  # a set that keeps its order
                if depth.get(child, -1) < depth[node] + 1:
                    depth[child] = depth[node] + 1
                    queue.append(child)

    levels = [
        [n for n in depth if depth[n] == d] for d in range(max(depth.values()) + 1)
    ]
    place = {
        node: ((i + 1) / (len(level) + 1), -d)
        for d, level in enumerate(levels)
        for i, node in enumerate(level)
    }
    widest = max(len(level) for level in levels)
    figure, axis = plt.subplots(figsize=(max(3, 2.2 * widest), 0.8 * len(levels)))
    for node, child in edges:
        arrow = {"arrowstyle": "->", "shrinkA": 12, "shrinkB": 12, "color": "0.4"}
        axis.annotate("", place[child], place[node], arrowprops=arrow)
    for node, (x, y) in place.items():
        leaf = getattr(node, "variable", None)
        text = node.name().removesuffix("0")
        if leaf is not None:
            text = called.get(id(leaf), "leaf")
            text += f" {tuple(leaf.shape)}" if leaf.ndim else ""
        box = {"boxstyle": "round", "facecolor": "white" if leaf is None else "#cfe3f5"}
        axis.text(x, y, text, ha="center", va="center", bbox=box)
    axis.set(xlim=(0, 1), ylim=(0.5 - len(levels), 0.5))
    axis.axis("off")
    plt.close(figure)
    return figure
