"""Drawings about training: the loop, and the file that keeps what was learned."""

from pictures.canvas import Drawing
from pictures.palette import BLUE, GREEN, GREY, NORMAL, VERMILLION


def training_loop() -> Drawing:
    drawing = Drawing(
        "The training loop",
        "Five parts in a circle, once for each batch of train_loader. 1, forward: logits = "
        "model(images). 2, loss: loss = loss_function(logits, labels). 3, clear: "
        "optimizer.zero_grad(). 4, backward: loss.backward(). 5, step: optimizer.step(). Then the "
        "next batch.",
        292,
    )
    top, bottom, high = 24, 200, 68
    steps = [
        (24, top, 300, "forward", "logits = model(images)", BLUE),
        (362, top, 334, "loss", "loss = loss_function(logits, labels)", BLUE),
        (486, bottom, 210, "clear", "optimizer.zero_grad()", VERMILLION),
        (252, bottom, 196, "backward", "loss.backward()", VERMILLION),
        (24, bottom, 190, "step", "optimizer.step()", GREEN),
    ]
    for number, (x, y, width, name, code, accent) in enumerate(steps, 1):
        drawing.box(x, y, width, high, accent=accent, thick=2, radius=10)
        drawing.text(x + 18, y + 22, f"{number}", bold=True, size=NORMAL)
        drawing.text(x + 34, y + 22, name, bold=True, size=NORMAL, anchor="start")
        drawing.text(x + 14, y + 48, code, code=True, anchor="start")
    middle = bottom + high / 2
    drawing.line((324, top + high / 2), (360, top + high / 2), thick=2.5, arrow=True)
    drawing.line((591, top + high), (591, bottom - 2), thick=2.5, arrow=True)
    drawing.line((486, middle), (450, middle), thick=2.5, arrow=True)
    drawing.line((252, middle), (216, middle), thick=2.5, arrow=True)
    drawing.line((119, bottom), (119, top + high + 2), thick=2.5, arrow=True)
    drawing.text(355, 132, "for images, labels in train_loader:", code=True)
    drawing.text(
        355, 160, "one turn for each batch; one epoch: all batches", colour=GREY.text
    )
    drawing.text(106, 146, "next batch", colour=GREEN.text, anchor="end")
    drawing.text(604, 146, "loss", colour=BLUE.text, anchor="start", code=True)
    return drawing


def checkpoint() -> Drawing:
    predict = {
        "state_dict": "all weights, and the averages of batch norms",
        "settings": "sizes of the layers, to build the network again",
        "mean, std": "to prepare new pictures in the same way",
    }
    go_on = {
        "optimizer": "its state, such as Adam's two means",
        "scheduler": "how far its schedule is",
        "epoch": "how many epochs are done",
        "order": "in which order the next pictures come",
        "random_state": "what dropout drops next",
    }
    groups = [("to predict", predict, BLUE), ("to go on training", go_on, GREEN)]
    said = "; ".join(
        f"{name}: " + ", ".join(f"{key} ({what})" for key, what in entries.items())
        for name, entries, _ in groups
    )
    drawing = Drawing(
        "What a checkpoint holds",
        f"A file, checkpoint.pt, with its entries in two groups. {said[0].upper()}{said[1:]}.",
        370,
    )
    _file(drawing, 24, 110, "checkpoint.pt")
    y = 24
    for _, entries, accent in groups:
        high = 40 * len(entries)
        middle = y + high / 2 - 4
        drawing.line((176, 180), (198, 180), (198, middle), (216, middle))
        drawing.line((226, y), (220, y), (220, y + high - 8), (226, y + high - 8))
        for key, what in entries.items():
            drawing.box(232, y, 464, 32, accent=accent)
            drawing.text(244, y + 16, key, code=True, anchor="start", bold=True)
            drawing.text(364, y + 16, what, anchor="start")
            y += 40
        y += 14
    drawing.text(100, 60, "to predict", colour=BLUE.text, bold=True, size=NORMAL)
    drawing.text(
        100, 300, "to go on training", colour=GREEN.text, bold=True, size=NORMAL
    )
    return drawing


def _file(drawing: Drawing, x: float, y: float, name: str) -> None:
    """A sheet of paper with a folded corner."""
    drawing.line(
        (x, y),
        (x + 130, y),
        (x + 152, y + 22),
        (x + 152, y + 140),
        (x, y + 140),
        (x, y),
    )
    drawing.line((x + 130, y), (x + 130, y + 22), (x + 152, y + 22))
    drawing.text(x + 76, y + 70, name, code=True, bold=True)


DRAWINGS = [training_loop, checkpoint]
