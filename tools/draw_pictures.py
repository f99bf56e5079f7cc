"""Write notebooks/pictures: a drawing for each idea that a lesson explains."""

from course import NOTEBOOKS
from pictures import (
    autograd,
    convolutions,
    densenet,
    dimensions,
    faults,
    folders,
    networks,
    outside,
    overview,
    processes,
    receptive,
    sizes,
    tensors,
    training,
    transfer,
    validation,
)
from pictures.canvas import Drawing

FOLDER = NOTEBOOKS / "pictures"
MODULES = [
    overview,
    tensors,
    dimensions,
    autograd,
    networks,
    training,
    validation,
    folders,
    convolutions,
    receptive,
    sizes,
    densenet,
    transfer,
    outside,
    faults,
    processes,
]


def drawings() -> dict[str, Drawing]:
    """Every drawing, by its name."""
    return {draw.__name__: draw() for module in MODULES for draw in module.DRAWINGS}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, drawing in drawings().items():
        path = FOLDER / f"{name}.svg"
        path.write_text(drawing.svg(), encoding="utf-8", newline="\n")
