"""check(name, answer): is this exercise right, wrong (and how), or not tried yet?"""

import html
import random
import re
import secrets
import sys
import textwrap
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch

from helper.exercises import find
from helper.expect import NotTried, Wrong, describe

# How a verdict begins; its sign, for those who see no colours and for terminals that have none;
# a colour that white can be read on, and that can be seen on light and dark grounds.
SIGNS = {
    "right.": ("✓", "#1a7f37"),
    "not yet:": ("✗", "#cc2f2f"),
    "not tried yet:": ("○", "#64707d"),
}
WIDTH = 80


def check(name: str, answer: object, *, seed: int | None = None) -> None:
    """Show whether `answer` solves the exercise `name`.

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
    _show(*judge(name, answer, seed=seed))


def judge(name: str, answer: object, *, seed: int | None = None) -> tuple[str, str]:
    """The exercise's number, and what `check` says: a sentence that begins as SIGNS lists it."""
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
    return number, verdict


def _on_the_cpu() -> AbstractContextManager:
    """New tensors on the CPU. `torch.device` slows down each operation: only if it is needed."""
    cpu = torch.device("cpu")
    return nullcontext() if torch.get_default_device() == cpu else cpu


def _draw_from(seed: int) -> None:
    torch.default_generator.manual_seed(seed)  # and no other device's generator
    np.random.seed(seed)
    random.seed(seed)


def _show(number: str, verdict: str) -> None:
    """In a notebook as HTML, with the text beside it for what shows none; else print the text."""
    begin = next(begin for begin in SIGNS if verdict.startswith(begin))
    sign, colour = SIGNS[begin]
    said = f"{sign} Exercise {number}: {verdict}"
    text = textwrap.fill(said, WIDTH, break_long_words=False, break_on_hyphens=False)
    if not _in_notebook():
        try:
            print(text)
        except UnicodeEncodeError:  # an old terminal of Windows, or a file
            text = text.replace(sign, {"✓": "+", "✗": "x", "○": "o"}[sign], 1)
            print(text.encode("ascii", "backslashreplace").decode())
        return
    from IPython.display import display

    rest = html.escape(verdict.removeprefix(begin), quote=False)
    rest = re.sub(r"`([^`]+)`", r"<code>\1</code>", rest)
    badge = f"padding: 0 5px; border-radius: 3px; background-color: {colour}; color: #ffffff"
    rich = (
        f'<div style="max-width: {WIDTH}ch; padding: 2px 10px; '
        f'border-left: 4px solid {colour}"><span style="{badge}">{sign}</span> '
        f"Exercise {number}: <b>{begin}</b>{rest}</div>"
    )
    display({"text/plain": text, "text/html": rich}, raw=True)


def _in_notebook() -> bool:
    """Is there a kernel, and a page that shows what it displays? IPython alone prints."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")
