import math
import random

from helper.expect import Case, expect_function, expect_results


def learning_rate_at(answer: object) -> str:
    """learning_rate_at(step, steps, warm_up, highest): warm-up, then cosine."""
    function = expect_function(answer)
    tried = []
    for _ in range(4):
        steps, warm_up = random.randint(60, 300), random.randint(8, 30)
        within = random.randint(2, warm_up - 3), random.randint(warm_up + 5, steps - 9)
        # The ends, both sides of the highest rate, and one place in each part.
        places = [0, within[0], warm_up - 1, warm_up, within[1], steps - 1]
        highest = random.uniform(2, 9)
        tried += [(step, steps, warm_up, highest) for step in places]
    # No warm-up; all but one step of it; one step of it; a single step; a rate as it is used.
    tried += [(0, 50, 0, 3.0), (20, 50, 0, 3.0), (3, 9, 8, 2.0), (8, 9, 8, 2.0)]
    tried += [(0, 40, 1, 5.0), (1, 40, 1, 5.0), (0, 1, 0, 7.0), (60, 100, 10, 0.3)]
    words = "at step {} of {}, with {} of warm-up and highest={:.3g}"
    cases = [
        Case(arguments, _rate(*arguments), words.format(*arguments))
        for arguments in tried
    ]
    expect_results(
        function,
        cases,
        what="the learning rate",
        hint="Compare with both lines of the formula; steps are counted from 0.",
        mistakes=MISTAKES,
    )
    return "A scheduler does no more than this, and tells the optimizer."


def _rate(step: int, steps: int, warm_up: int, highest: float) -> float:
    return _share(step, steps, warm_up) * highest


def _share(
    t: int,
    steps: int,
    warm_up: int,
    *,
    add: int = 1,
    more: int = 0,
    late: int = 0,
    upto: int = 0,
    end: float | None = None,
    fall: object = None,
) -> float:
    """The rate when the highest is 1; or what it would be with one mistake."""
    if t < warm_up + upto:
        return (t + add) / (warm_up + more)
    done = (t + late - warm_up) / ((steps - warm_up) if end is None else end)
    return fall(done) if fall else (1 + math.cos(math.pi * done)) / 2


def _falls(fall: object) -> object:
    """The formula with another curve after the warm-up."""
    return lambda t, s, w, highest: highest * _share(t, s, w, fall=fall)


MISTAKES = {
    "in the warm-up, 1 is added to the step: step 0 has a rate, too.": (
        lambda t, s, w, highest: highest * _share(t, s, w, add=0)
    ),
    "the warm-up is (step + 1) / warm_up: its last step has the highest rate.": (
        lambda t, s, w, highest: highest * _share(t, s, w, more=1)
    ),
    "in the warm-up, // leaves out what is behind the point: use /.": (
        lambda t, s, w, highest: highest * (_share(t, s, w) if t >= w else (t + 1) // w)
    ),
    "in step warm_up the cosine is still at its beginning: step - warm_up, with no 1 added.": (
        lambda t, s, w, highest: highest * _share(t, s, w, late=1)
    ),
    "this is the share: multiply it by highest.": lambda t, s, w, highest: _share(
        t, s, w
    ),
    "the cosine begins where the warm-up ends: subtract warm_up from the step.": (
        lambda t, s, w, highest: highest * _share(t + w if t >= w else t, s + w, w)
    ),
    "the cosine has steps - warm_up steps to fall, not steps.": (
        lambda t, s, w, highest: highest * _share(t, s, w, end=s)
    ),
    "the last step isn't 0: divide by steps - warm_up, without - 1.": (
        lambda t, s, w, highest: highest * _share(t, s, w, end=max(s - w - 1, 1))
    ),
    "the last step isn't 0: divide by steps - warm_up, not by one less.": (
        lambda t, s, w, highest: highest * _share(t, s, w, end=s - w - 1)
    ),
    "there is no warm-up: the rate rises in the first warm_up steps.": (
        lambda t, s, w, highest: highest * _share(t, s, 0)
    ),
    "this is twice too large after the warm-up: the formula has highest / 2 there.": (
        _falls(lambda done: 1 + math.cos(math.pi * done))
    ),
    "after the warm-up, the 1 + before the cosine is missing.": (
        _falls(lambda done: math.cos(math.pi * done) / 2)
    ),
    "after the warm-up, this is the cosine alone: half of 1 + cosine is asked for.": (
        _falls(lambda done: math.cos(math.pi * done))
    ),
    "this is a quarter of the cosine's turn: go to π, and take half of 1 + cosine.": (
        _falls(lambda done: math.cos(math.pi / 2 * done))
    ),
    "Python's cos takes radians: half a turn is π, not 180.": (
        _falls(lambda done: (1 + math.cos(180 * done)) / 2)
    ),
    "π is missing in the cosine.": _falls(lambda done: (1 + math.cos(done)) / 2),
    "this is the sine: it begins at 0, and the cosine at 1.": (
        _falls(lambda done: (1 + math.sin(math.pi * done)) / 2)
    ),
    "after the warm-up the rate falls along the cosine, not along a line.": (
        _falls(lambda done: 1 - done)
    ),
    "after the warm-up the rate stays at highest: the cosine is missing.": (
        _falls(lambda done: 1.0)
    ),
    "1 - cosine rises: 1 + cosine falls.": (
        _falls(lambda done: (1 - math.cos(math.pi * done)) / 2)
    ),
    "step warm_up is the first one of the cosine: ask step < warm_up, not <=.": (
        lambda t, s, w, highest: highest * _share(t, s, w, upto=min(w, 1))
    ),
    "step warm_up belongs to the cosine: ask step < warm_up, not <=.": (
        lambda t, s, w, highest: highest * _share(t, s, w, upto=1)
    ),
}
