"""A picture of the graph that autograd records while a result is computed."""

from collections import Counter, deque

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from torch import Tensor
from torch.autograd.graph import Node, get_gradient_edge

MOST_NODES = 200  # of a graph: more would be too small to read


def show_graph(
    result: Tensor, names: dict[str, Tensor] | None = None, *, values: bool = False
) -> Figure:
    """Draw the graph that autograd recorded for `result`: its backward pass, downwards.

    Args:
        result: a tensor with a `grad_fn`.
        names: what to call leaves and tensors that were computed on the way; a leaf without
            a name is a "leaf". A tensor that isn't in the graph is left out.
        values: write what leaves, named tensors and `result` hold now, and their `.grad`: a
            number, or the shape of several. A tensor that was computed has a gradient only
            where `retain_grad()` was called before `backward()`; the others show none.

    Raises:
        ValueError: `result` is no tensor or has no `grad_fn`, so nothing was recorded;
            something that `names` names is no tensor; or the graph has more than 200 nodes.
    """
    if not isinstance(result, Tensor):
        raise ValueError(f"result must be a tensor, got {type(result).__name__}")
    if result.grad_fn is None:
        raise ValueError(
            "this tensor has no grad_fn: nothing that it was computed from requires grad"
        )
    for name, tensor in (names or {}).items():
        if not isinstance(tensor, Tensor):
            raise ValueError(
                f"names must hold a tensor under {name!r}, got {type(tensor).__name__}"
            )
    nodes, edges = _walk(result.grad_fn)
    if len(nodes) > MOST_NODES:
        raise ValueError(
            f"the graph has {len(nodes):,} nodes, and up to {MOST_NODES} can be drawn: show "
            "that of a smaller network, or of one layer"
        )
    with plt.style.context("helper.course"):
        texts = _texts(nodes, result, names or {}, values)
        figure = _draw(_places(nodes, edges), edges, texts)
    plt.close(figure)  # shown once, as the cell's value, and not again at its end
    return figure


def _walk(start: Node) -> tuple[list[Node], list[tuple[Node, Node]]]:
    """All nodes that can be reached, and which leads to which; each of them once."""
    nodes, edges = {start: None}, {}  # sets that keep their order
    queue = deque([start])
    while queue:
        node = queue.popleft()
        for child, _ in node.next_functions:
            if child is None:
                continue
            edges[node, child] = None
            if child not in nodes:
                nodes[child] = None
                queue.append(child)
    return list(nodes), list(edges)


def _depths(nodes: list[Node], edges: list[tuple[Node, Node]]) -> dict[Node, int]:
    """The longest way to each node, from the first one: a node comes after all before it."""
    children = {node: [] for node in nodes}
    for node, child in edges:
        children[node].append(child)
    depth, before = dict.fromkeys(nodes, 0), Counter(child for _, child in edges)
    ready = [nodes[0]]
    while ready:
        node = ready.pop()
        for child in children[node]:
            depth[child] = max(depth[child], depth[node] + 1)
            before[child] -= 1
            if not before[child]:
                ready.append(child)
    return depth


def _places(
    nodes: list[Node], edges: list[tuple[Node, Node]]
) -> dict[Node, tuple[float, int]]:
    """Where each node is drawn: x between 0 and 1, y below all that lead to it, from 0 on."""
    depth = _depths(nodes, edges)
    place = {}
    for d in range(max(depth.values()) + 1):
        level = [node for node in depth if depth[node] == d]
        for i, node in enumerate(level):
            place[node] = ((i + 1) / (len(level) + 1), -d)
    return place


def _texts(
    nodes: list[Node], result: Tensor, names: dict[str, Tensor], values: bool
) -> dict[Node, str]:
    """What stands in the box of each node."""
    tensors = {node: {} for node in nodes}  # by name
    for name, tensor in names.items():
        node = get_gradient_edge(tensor).node if tensor.requires_grad else None
        if node in tensors:
            tensors[node][name] = tensor
    if values and not tensors[nodes[0]]:
        tensors[nodes[0]] = {"": result}
    texts = {}
    for node in nodes:
        lines = []
        if hasattr(node, "variable"):
            tensors[node] = tensors[node] or {"leaf": node.variable}
        else:
            lines.append(node.name().removesuffix("0"))
        for name, tensor in tensors[node].items():
            lines += _lines(name, tensor, values)
        texts[node] = "\n".join(lines)
    return texts


def _lines(name: str, tensor: Tensor, values: bool) -> list[str]:
    if not values:
        return [f"{name} {tuple(tensor.shape)}" if tensor.ndim else name]
    lines = [name] if name else []
    lines.append(f"value {_content(tensor)}")
    if tensor.is_leaf or tensor.retains_grad:  # else torch warns that .grad stays None
        lines.append(f"grad {_content(tensor.grad)}")
    return lines


def _content(tensor: Tensor | None) -> str:
    """Its number, or its shape if it has several."""
    if tensor is None:
        return "None"
    single = tensor.numel() == 1 and not tensor.is_meta
    return f"{tensor.item():.4g}" if single else str(tuple(tensor.shape))


def _draw(
    place: dict[Node, tuple[float, int]],
    edges: list[tuple[Node, Node]],
    texts: dict[Node, str],
) -> Figure:
    levels = Counter(y for _, y in place.values())
    lines = {node: text.count("\n") + 1 for node, text in texts.items()}
    height = 0.5 + 0.15 * max(lines.values())  # inches a level
    size = (max(3.2, 1.6 * max(levels.values())), height * len(levels))
    figure, axis = plt.subplots(figsize=size)
    for node, child in edges:
        arrow = {"arrowstyle": "->", "color": "dimgray"}
        arrow |= {"shrinkA": 7 + 5 * lines[node], "shrinkB": 7 + 5 * lines[child]}
        axis.annotate("", place[child], place[node], arrowprops=arrow)
    for node, (x, y) in place.items():
        colour = ("C0", 0.2) if hasattr(node, "variable") else "white"
        box = {"boxstyle": "round", "facecolor": colour}
        center = {"ha": "center", "va": "center", "parse_math": False}
        axis.text(x, y, texts[node], bbox=box, **center)
    axis.set(xlim=(0, 1), ylim=(0.5 - len(levels), 0.5))
    axis.axis("off")
    return figure
