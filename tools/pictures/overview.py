"""The drawing of the whole course: what one will have made, and the steps to it."""

import torch
from torch import Tensor, nn

from helper.data import Digits
from helper.networks import Network
from pictures.canvas import Drawing
from pictures.palette import BLUE, GREEN, GREY, HUGE

STEPS = (
    ("tensors", "autograd", "networks", "training", "validation", "saving"),
    (
        "own pictures",
        "convolutions",
        "transfer",
        "debugging",
        "deployment",
        "processes",
    ),
)


def _probabilities(image: Tensor) -> Tensor:
    """What a network says to one picture after an epoch, (10,)."""
    torch.manual_seed(0)
    digits = Digits(train=True)
    images, labels = digits.data.double() / 255, digits.targets
    model = Network(784, [32], 10).double()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for batch in torch.arange(len(images)).split(64):
        loss = nn.functional.cross_entropy(model(images[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        return model(image.double()[None] / 255).softmax(dim=1)[0]


def course() -> Drawing:
    image = Digits(train=False).data[36]  # a seven
    probabilities = _probabilities(image)
    answer = int(probabilities.argmax())
    drawing = Drawing(
        "What the course leads to",
        "A handwritten 7 of 28 × 28 pixels goes into a network, which gives a probability for each "
        f"of the ten digits: {probabilities[answer]:.2f} for {answer}, so that the answer is "
        f"{answer}. Below it the steps of the course: {', '.join(STEPS[0] + STEPS[1])}.",
        356,
    )
    drawing.pixels(24, 44, image, pixel=5)
    columns = [(220, 5), (270, 7), (320, 6)]
    places = [[(x, 114 + 24 * (i - (n - 1) / 2)) for i in range(n)] for x, n in columns]
    for here, there in zip(places, places[1:], strict=False):
        drawing.segments([(p, q) for p in here for q in there])
    for place in sum(places, []):
        drawing.circle(*place, 8, accent=BLUE)
    drawing.line((172, 114), (204, 114), arrow=True)
    drawing.line((336, 114), (372, 114), arrow=True)
    for digit, probability in enumerate(probabilities.tolist()):
        y = 36 + 17.5 * digit
        accent = GREEN if digit == answer else BLUE
        drawing.text(390, y, str(digit), code=True, colour=accent.text)
        drawing.box(404, y - 6, 2 + 130 * probability, 12, fill=accent.line, line=accent.line,
                    radius=0, thick=1)  # fmt: skip
        if digit == answer:
            x = 416 + 130 * probability
            drawing.text(
                x, y, f"{probability:.2f}", code=True, colour=GREEN.text, anchor="start"
            )
    drawing.line((572, 114), (608, 114), arrow=True)
    drawing.text(652, 114, str(answer), size=HUGE, colour=GREEN.text, bold=True)
    for x, words in (
        (94, "a digit"),
        (270, "your network"),
        (470, "probabilities"),
        (652, "answer"),
    ):
        drawing.text(x, 222, words, colour=GREY.text)
    for row, names in enumerate(STEPS):
        y = 272 + 48 * row
        drawing.line((24, y), (696, y), colour=GREY.line)
        for i, name in enumerate(names):
            x = 24 + 113.6 * i
            drawing.box(x, y - 16, 104, 32, accent=BLUE, radius=16)
            drawing.text(x + 52, y, name, colour=BLUE.text)
    return drawing


DRAWINGS = [course]
