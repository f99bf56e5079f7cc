import random

from PIL import Image
from torch import Tensor

from helper.exercises.image_folders_and_transforms.crops import (
    expect_chance,
    expect_parts,
    ramps,
    vary,
)
from helper.expect import Wrong, distinct, expect_function, expect_tried, kind_of


def augment(answer: object) -> str:
    """augment: a PIL picture to a random, sometimes mirrored (3, 96, 96)."""
    expect_tried(answer)
    if isinstance(answer, type):
        raise Wrong("this is a class: call it, and a transform comes back.")
    if isinstance(answer, (list, tuple)):
        raise Wrong(f"this is {kind_of(answer)}: v2.Compose makes one transform of it.")
    if isinstance(answer, (Tensor, Image.Image)):
        raise Wrong("this is one picture: give the transform, which makes one of any.")
    function = expect_function(answer)
    wide, high = distinct(2, 200, 300)
    small = random.randint(50, 70), random.randint(35, 48)
    sizes = [(wide, high), (random.randint(30, 60), random.randint(200, 400)), small]
    for size in sizes:
        picture, blue = ramps(*size)
        expect_parts([vary(function, picture)], blue)
    expect_chance(function, picture, blue)
    return "another part each time, mirrored in half of all cases, from 0 to 1."
