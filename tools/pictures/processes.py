"""Drawings about several processes: data parallel training, torchrun, the ring."""

import torch

from pictures.canvas import Drawing
from pictures.palette import BLUE, GREEN, GREY, INK, NORMAL, VERMILLION, WHITE
from pictures.parts import short, table


def data_parallel() -> Drawing:
    inputs = torch.tensor([1.0, 2.0, 3.0, 1.0])
    targets, lr = 2 * inputs, 0.1
    w = torch.tensor(1.0, requires_grad=True)

    def gradient(part: slice) -> float:
        loss = ((w * inputs[part] - targets[part]) ** 2).mean()
        return torch.autograd.grad(loss, w)[0].item()

    halves = [gradient(slice(0, 2)), gradient(slice(2, 4))]
    mean = sum(halves) / 2
    assert mean == gradient(slice(0, 4))
    after = w.item() - lr * mean
    drawing = Drawing(
        "Data parallel training",
        "Two processes, rank 0 and rank 1, have the same weight, w = 1, and each a half of the "
        f"batch. Their gradients differ: {short(halves[0])} and {short(halves[1])}. all_reduce "
        f"gives both the mean, {short(mean)}, which is the gradient of the whole batch. Both make "
        f"the same step, to w = {short(after)}, and so their weights stay the same.",
        320,
    )
    columns = {
        "half of the batch": 112,
        "model": 254,
        "gradient": 360,
        "same step": 620,
    }
    for name, x in columns.items():
        drawing.text(x, 28, name, bold=True)
    for rank, (y, part) in enumerate(((104, slice(0, 2)), (214, slice(2, 4)))):
        drawing.text(
            24, y - 44, f"rank {rank}", colour=BLUE.text, bold=True, anchor="start"
        )
        drawing.text(62, y - 14, "x", code=True)
        drawing.text(62, y + 22, "y", code=True)
        rows = [[short(v) for v in inputs[part]], [short(v) for v in targets[part]]]
        table(drawing, 76, y - 32, rows)
        drawing.line((156, y + 4), (204, y + 4), arrow=True)
        drawing.box(208, y - 26, 92, 60, accent=BLUE)
        drawing.text(254, y + 4, f"w = {short(w)}", code=True, colour=BLUE.text)
        drawing.line((300, y + 4), (334, y + 4), arrow=True)
        drawing.text(
            362,
            y + 4,
            short(halves[rank]),
            code=True,
            colour=VERMILLION.text,
            bold=True,
        )
        drawing.line((390, y + 4), (420, y + 4), arrow=True)
        drawing.line((532, y + 4), (560, y + 4), arrow=True)
        drawing.box(564, y - 26, 112, 60, accent=GREEN)
        drawing.text(620, y + 4, f"w = {short(after)}", code=True, colour=GREEN.text)
    drawing.box(424, 60, 108, 206, accent=VERMILLION, thick=2)
    drawing.text(478, 112, "all_reduce", code=True)
    drawing.text(478, 152, "the mean", colour=VERMILLION.text)
    drawing.text(
        478, 176, short(mean), code=True, colour=VERMILLION.text, bold=True, size=NORMAL
    )
    whole = f"the whole batch in one process: gradient {short(mean)}, the same step"
    drawing.text(360, 294, whole, colour=GREY.text)
    return drawing


def torchrun() -> Drawing:
    drawing = Drawing(
        "How processes find each other",
        "torchrun starts two processes and tells each its rank. Each leaves its address in the "
        "store and reads the address of the other one there. Together they are a process group, "
        "in which the backend gloo carries tensors from one to the other.",
        296,
    )
    drawing.box(214, 40, 226, 240, line=GREEN.line, dashed=True)
    drawing.text(327, 22, "process group", colour=GREEN.text, bold=True)
    drawing.box(24, 116, 124, 68, accent=GREY, thick=2)
    drawing.text(86, 150, "torchrun", code=True, bold=True)
    drawing.text(86, 206, "starts both and")
    drawing.text(86, 226, "tells their ranks")
    drawing.box(562, 116, 134, 68, accent=VERMILLION, thick=2)
    drawing.text(629, 150, "store", colour=VERMILLION.text, bold=True)
    drawing.text(629, 206, "they leave their")
    drawing.text(629, 226, "addresses here")
    for rank, y in enumerate((56, 180)):
        drawing.box(232, y, 190, 84, accent=BLUE)
        drawing.text(327, y + 18, f"rank {rank}", colour=BLUE.text, bold=True)
        drawing.text(327, y + 42, f"RANK={rank}", code=True)
        drawing.text(327, y + 64, "WORLD_SIZE=2", code=True)
        drawing.line((150, 134 + 32 * rank), (230, y + 42), arrow=True)
        here, there = (424, y + 42), (560, 134 + 32 * rank)
        for ends in ((here, there), (there, here)):
            drawing.line(*ends, colour=VERMILLION.line, arrow=True)
    for ends in (((327, 142), (327, 178)), ((327, 178), (327, 142))):
        drawing.line(*ends, colour=GREEN.line, arrow=True)
    drawing.text(314, 160, "gloo", code=True, colour=GREEN.text, anchor="end")
    drawing.text(342, 160, "tensors", colour=GREEN.text, anchor="start")
    return drawing


def _ring_states(count: int) -> list[list[list[int]]]:
    """The chunks of each process: at first, when chunks were added, when sums were passed on."""
    chunks = [[rank + chunk + 2 for chunk in range(count)] for rank in range(count)]
    states = [[list(own) for own in chunks]]
    for step, add in [(s, True) for s in range(count - 1)] + [
        (s, False) for s in range(count - 1)
    ]:
        before = [list(own) for own in chunks]
        for rank in range(count):
            to = (rank + 1) % count
            chunk = (rank - step + (0 if add else 1)) % count
            chunks[to][chunk] = before[rank][chunk] + (before[to][chunk] if add else 0)
        if step == count - 2:
            states.append([list(own) for own in chunks])
    return states


def ring() -> Drawing:
    states = _ring_states(4)
    sums = [sum(column) for column in zip(*states[0], strict=True)]
    assert all(own == sums for own in states[2])
    parts = {
        v for own in states[1] for v, whole in zip(own, sums, strict=True) if v != whole
    }
    assert parts.isdisjoint(sums)  # so that no part of a sum looks like a whole one
    drawing = Drawing(
        "all_reduce in a ring",
        "Four processes in a ring, each with four chunks of gradients, three times. At first each "
        "has its own numbers. In three rounds each sends a chunk to its neighbour, which adds it "
        "to its own: now each process has one chunk that is the sum of all four. In three more "
        f"rounds the sums are passed on: now all have all sums, {sums}.",
        310,
    )
    titles = (("at first", "own gradients"), ("after 3 rounds", "reduce-scatter"),
              ("after 6 rounds", "all-gather"))  # fmt: skip
    for k, (state, (title, name)) in enumerate(zip(states, titles, strict=True)):
        left = 24 + 232 * k
        drawing.text(left + 104, 28, title, bold=True, size=NORMAL)
        drawing.text(left + 104, 50, name, colour=GREY.text)
        corners = [(left, 100), (left + 116, 100), (left + 116, 206), (left, 206)]
        for rank, (x, y) in enumerate(corners):
            marks = {
                (0, c): (GREEN.tint, GREEN.text) if value == sums[c] else (WHITE, INK)
                for c, value in enumerate(state[rank])
            }
            table(drawing, x, y, [state[rank]], cell=23, marks=marks)
            drawing.text(
                x + 46, y + (-14 if rank < 2 else 38), f"rank {rank}", colour=BLUE.text
            )
        if k < 2:
            a, b = left + 46, left + 162
            for start, end in (
                ((left + 94, 111), (left + 114, 111)),
                ((b, 126), (b, 204)),
                ((left + 114, 217), (left + 94, 217)),
                ((a, 204), (a, 126)),
            ):
                drawing.line(start, end, colour=BLUE.line, arrow=True)
            for i, words in enumerate(
                ("add, and", "pass on") if k == 0 else ("pass on",)
            ):
                drawing.text(
                    left + 104, 165 + 20 * (i - (1 - k) / 2), words, colour=BLUE.text
                )
    drawing.text(360, 284, "green: the sum over all four; each process sends to one neighbour only",
                 colour=GREEN.text)  # fmt: skip
    return drawing


DRAWINGS = [data_parallel, torchrun, ring]
