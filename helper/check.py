"""check(name, answer): is this exercise right, wrong (and how), or not tried yet?"""

import random
import secrets
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch

from helper.exercises import find
from helper.expect import NotTried, Wrong, describe


def check(name: str, answer: object, *, seed: int | None = None) -> None:
    """Print whether `answer` solves the exercise `name`.

    A function is tried on several cases, whose sizes and numbers are drawn anew each time;
    its arguments are compared with copies afterwards. Never changes the answer, nor the random
    states of torch (on the CPU), numpy and Python, nor torch's defaults, and whatever the
    answer is or does when it is called, raises nothing.

    Args:
        name: its number, such as "01.3", or what it is called, such as "one_hot".
        answer: what the exercise asks for: a number, a tensor, a function, a model.
        seed: draws the same cases again.

    Raises:
        ValueError: there is no exercise of that name.
    """
    number, exercise = find(name)
    numpy_state, python_state = np.random.get_state(), random.getstate()
    defaults = torch.get_default_dtype(), torch.is_grad_enabled()
    cpu_state = torch.get_rng_state()
    try:
        _draw_from(secrets.randbits(32) if seed is None else seed)
        torch.set_default_dtype(torch.float32)
        torch.set_grad_enabled(True)
        with _on_the_cpu():
            verdict = f"right. {exercise(answer)}"
    except NotTried:
        verdict = "not tried yet: replace the ... and run this cell again."
    except Wrong as wrong:
        verdict = f"not yet: {wrong}"
    except (Exception, SystemExit) as error:
        verdict = f"not yet: your answer could not be checked ({describe(error)})."
    finally:
        torch.set_default_dtype(defaults[0])
        torch.set_grad_enabled(defaults[1])
        torch.set_rng_state(cpu_state)
        np.random.set_state(numpy_state)
        random.setstate(python_state)
    print(f"Exercise {number}: {verdict}")


def _on_the_cpu() -> AbstractContextManager:
    """New tensors on the CPU. `torch.device` slows down each operation: only if it is needed."""
    cpu = torch.device("cpu")
    return nullcontext() if torch.get_default_device() == cpu else cpu


def _draw_from(seed: int) -> None:
    torch.default_generator.manual_seed(seed)  # and no other device's generator
    np.random.seed(seed)
    random.seed(seed)
