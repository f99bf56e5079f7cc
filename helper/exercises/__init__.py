"""What each exercise expects: a package a notebook, and in it a module an exercise.

The module's function is called the same, after what is asked, and stands in the package's
EXERCISES, in the notebook's order. It takes the answer, and returns one sentence of why a right
one is right, or raises `Wrong` or `NotTried`; `helper.expect` does that in a learner's words.
"""

import importlib
from collections.abc import Callable

# By the notebook's number; the notebook's file is called the same.
NOTEBOOKS = {
    "00": "start_here",
    "01": "tensors_and_numpy",
    "02": "autograd",
    "03": "building_networks",
    "04": "losses_and_optimizers",
    "05": "validation",
    "06": "saving_and_loading",
    "07": "image_folders_and_transforms",
    "08": "convolutions",
    "09": "transfer_learning",
    "11": "use_it_outside_the_notebook",
    "12": "scaling_out",
}


def find(name: str) -> tuple[str, Callable[[object], str]]:
    """The exercise called `name`: its number, such as "01.3", and its function.

    Args:
        name: that number, or the name of the function, such as "one_hot".

    Raises:
        ValueError: there is none.
    """
    notebook, _, number = str(name).partition(".")
    if notebook in NOTEBOOKS:
        exercises = exercises_of(notebook)
        if number in map(str, range(1, len(exercises) + 1)):
            return f"{notebook}.{number}", exercises[int(number) - 1]
        raise ValueError(
            f"there is no exercise {name!r}: notebook {notebook} has {notebook}.1 to "
            f"{notebook}.{len(exercises)}"
        )
    for notebook in NOTEBOOKS:
        for number, exercise in enumerate(exercises_of(notebook), 1):
            if exercise.__name__ == name:
                return f"{notebook}.{number}", exercise
    raise ValueError(
        f'there is no exercise {name!r}: names look like "01.3", notebook and number, or '
        'like "one_hot", what is asked'
    )


def exercises_of(notebook: str) -> tuple[Callable[[object], str], ...]:
    """The exercises of a notebook, such as "01", in its order."""
    return importlib.import_module(f"helper.exercises.{NOTEBOOKS[notebook]}").EXERCISES
