"""A picture of the graph that autograd records while a result is computed."""

from collections import Counter, deque

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from torch import Tensor
from torch.autograd.graph import Node

MOST_NODES = 200  # of a graph: more would be too small to read


def show_graph(result: Tensor, names: dict[str, Tensor] | None = None) -> Figure:
    """Draw the graph that autograd recorded for `result`: its backward pass, downwards.

    Args:
        result: a tensor with a `grad_fn`.
        names: what to call the leaves, by tensor; the others show their shape alone.

    Raises:
        ValueError: `result` is no tensor or has no `grad_fn`, so nothing was recorded; or the
            graph has more than 200 nodes.
    """
    if not isinstance(result, Tensor):
        raise ValueError(f"result must be a tensor, got {type(result).__name__}")
    if result.grad_fn is None:
        raise ValueError(
            "this tensor has no grad_fn: nothing that it was computed from requires grad"
        )
    nodes, edges = _walk(result.grad_fn)
    if len(nodes) > MOST_NODES:
        raise ValueError(
            f"the graph has {len(nodes):,} nodes, and up to {MOST_NODES} can be drawn: show "
            "that of a smaller network, or of one layer"
        )
    with plt.style.context("helper.course"):
        figure = _draw(_places(nodes, edges), edges, names or {})
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


def _draw(
    place: dict[Node, tuple[float, int]],
    edges: list[tuple[Node, Node]],
    names: dict[str, Tensor],
) -> Figure:
    levels = Counter(y for _, y in place.values())
    size = (max(3.2, 1.6 * max(levels.values())), 0.65 * len(levels))
    figure, axis = plt.subplots(figsize=size)
    for node, child in edges:
        arrow = {"arrowstyle": "->", "shrinkA": 12, "shrinkB": 12, "color": "dimgray"}
        axis.annotate("", place[child], place[node], arrowprops=arrow)
    called = {id(tensor): name for name, tensor in names.items()}
    for node, (x, y) in place.items():
        leaf = getattr(node, "variable", None)
        text, colour = node.name().removesuffix("0"), "white"
        if leaf is not None:
            text, colour = called.get(id(leaf), "leaf"), ("C0", 0.2)
            text += f" {tuple(leaf.shape)}" if leaf.ndim else ""
        box = {"boxstyle": "round", "facecolor": colour}
        axis.text(x, y, text, ha="center", va="center", bbox=box, parse_math=False)
    axis.set(xlim=(0, 1), ylim=(0.5 - len(levels), 0.5))
    axis.axis("off")
    return figure
