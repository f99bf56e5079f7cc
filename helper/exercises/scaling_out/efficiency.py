import math
import random
from collections.abc import Callable

from helper.expect import Case, distinct, expect_function, expect_results


def efficiency(answer: object) -> str:
    """efficiency(gpus, compute, gradient_bytes, link)."""
    function = expect_function(answer)
    several = [*distinct(4, 3, 64), 2, 1000]
    # Now computing takes longer, now sending.
    cases = [_step(n, long=i % 2 == 1) for i, n in enumerate(several)]
    expect_results(
        function,
        cases,
        what="efficiency(gpus, compute, gradient_bytes, link)",
        hint="Sending takes 2·(n-1)/n·gradient_bytes/link seconds; the step takes both.",
        mistakes=EFFICIENCY_MISTAKES,
    )
    alone = Case((1, *_step(2, long=False).arguments[1:]), 1.0, "given one GPU")
    expect_results(
        function,
        [alone],
        what="efficiency(gpus, compute, gradient_bytes, link)",
        hint="With one GPU there is nobody to send to.",
    )
    return "With many GPUs it hardly falls any more, as long as messages cost nothing."


def _step(gpus: int, long: bool) -> Case:
    """Computing takes longer than sending, or the other way round for `long`."""
    compute, link = 10 ** random.uniform(-2, 0), 10 ** random.uniform(8, 11)
    times = random.uniform(1.1, 2) if long else random.uniform(0.1, 0.4)
    gradient_bytes = int(compute * link * times)
    given = f"given {gpus} GPUs, {compute:.3g} s, {gradient_bytes} bytes, {link:.3g}/s"
    arguments = (gpus, compute, gradient_bytes, link)
    return Case(arguments, compute / (compute + _sending(*arguments)), given)


def _sending(n: int, compute: float, gradient_bytes: int, link: float) -> float:
    return 2 * (n - 1) / n * gradient_bytes / link


# From a sentence to the result, from the computing time c, the sending time s, the number
# of GPUs n, and the time b that all bytes take once.
_MISTAKES = {
    "sending takes no time in yours: is there a // or an int(), or a wrong unit?": (
        lambda c, s, n, b: 1.0
    ),
    "sending takes nearly for ever in yours: gradient_bytes is to be divided by link.": (
        lambda c, s, n, b: 0.0
    ),
    "// drops the fraction: gradient_bytes / link may be less than a second.": (
        lambda c, s, n, b: c / (c + 2 * (n - 1) / n * (b // 1))
    ),
    "link / gradient_bytes is upside down: bytes divided by bytes a second are seconds.": (
        lambda c, s, n, b: c / (c + 2 * (n - 1) / n / b)
    ),
    "sending counts twice: the 2 in 2·(n-1)/n is for both rounds.": (
        lambda c, s, n, b: c / (c + 2 * s)
    ),
    "2·(n-1) is 2n - 2, not 2n - 1.": lambda c, s, n, b: c / (c + (2 * n - 1) / n * b),
    "this is divided by the number of GPUs once more: the share of one step is asked for.": (
        lambda c, s, n, b: c / (c + s) / n
    ),
    "sending is to be divided by the whole step, not by computing, or computing by it.": (
        lambda c, s, n, b: 1 - s / c
    ),
    "the 2 is missing: pieces go round twice.": lambda c, s, n, b: c / (c + s / 2),
    "(n-1)/n is missing.": lambda c, s, n, b: c / (c + 2 * b),
    "sending counts n times: 2·(n-1) is to be divided by n; each GPU has the whole link, and "
    "computes for `compute` seconds.": (lambda c, s, n, b: c / (c + n * s)),
    "(n-1)/n is upside down.": lambda c, s, n, b: c / (c + 2 * n / (n - 1) * b),
    "brackets are missing around the whole step: compute / (compute + ...).": (
        lambda c, s, n, b: c / c + s
    ),
    "brackets are missing around n - 1.": lambda c, s, n, b: c / (c + 2 * n - b / n),
    "this is the share of sending: that of computing is asked for.": (
        lambda c, s, n, b: s / (c + s)
    ),
    "this is computing divided by sending: divide by both together.": (
        lambda c, s, n, b: c / s
    ),
    "upside down: computing is divided by the whole step.": lambda c, s, n, b: (
        (c + s) / c
    ),
    "this is the time of the step: computing is to be divided by it.": (
        lambda c, s, n, b: c + s
    ),
    "this is multiplied by the number of GPUs: the share alone is asked for.": (
        lambda c, s, n, b: n * c / (c + s)
    ),
    "messages cost nothing here: leave their time out.": lambda c, s, n, b: (
        c / (c + s + 2 * (n - 1) * 20e-6)
    ),
    "link is in bytes a second already: there are no bits to count.": (
        lambda c, s, n, b: c / (c + 8 * s)
    ),
    "sending takes four times too long: gradient_bytes are bytes already, and link is in "
    "bytes a second.": (lambda c, s, n, b: c / (c + 4 * s)),
    "the two don't overlap here: the step takes their sum, not the longer one.": (
        lambda c, s, n, b: c / max(c, s)
    ),
    "plus: sending makes the step longer.": lambda c, s, n, b: c / (c - s),
    "this is a percentage: a number from 0 to 1 is asked for.": lambda c, s, n, b: (
        100 * c / (c + s)
    ),
    "this is rounded: give the number as it is.": lambda c, s, n, b: round(
        c / (c + s), 2
    ),
    "2·(n-1)/n is 1 for two GPUs only: use gpus, and / and not // or int().": (
        lambda c, s, n, b: c / (c + b)
    ),
}


def _of_step(mistake: Callable) -> Callable:
    """The same, from the arguments of `efficiency`."""

    def mistaken(n: int, compute: float, gradient_bytes: int, link: float) -> float:
        sending = _sending(n, compute, gradient_bytes, link)
        try:
            return mistake(compute, sending, n, gradient_bytes / link)
        except ZeroDivisionError:
            return math.nan

    return mistaken


EFFICIENCY_MISTAKES = {
    sentence: _of_step(mistake) for sentence, mistake in _MISTAKES.items()
}
