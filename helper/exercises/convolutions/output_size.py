import operator
import random

from helper.expect import Case, Wrong, call, expect_function, expect_results


def output_size(answer: object) -> str:
    """output_size(size, kernel, padding, stride): how many numbers along one side."""
    function = expect_function(answer)
    drawn = [_draw() for _ in range(5)]
    # One place alone; no padding and stride 1; a stride that leaves some pixels over.
    drawn += [(7, 7, 0, 3), (28, 3, 0, 1), (28, 5, 2, 1), (33, 2, 0, 2), (10, 3, 1, 4)]
    cases = [
        Case(
            arguments,
            _size(*arguments),
            "given size {}, kernel {}, padding {}, stride {}".format(*arguments),
        )
        for arguments in drawn
    ]
    expect_results(
        function,
        cases,
        what="output_size(size, kernel, padding, stride)",
        hint="It is ⌊(size + 2 · padding − kernel) / stride⌋ + 1.",
        mistakes={
            "the + 1 is missing: the first place counts too.": (
                lambda n, k, p, s: (n + 2 * p - k) // s
            ),
            "the + 1 comes after the division, not before it.": (
                lambda n, k, p, s: (n + 2 * p - k + 1) // s
            ),
            "padding is added on both sides: it counts twice.": (
                lambda n, k, p, s: (n + p - k) // s + 1
            ),
            "round down: a place that doesn't fit whole is left out.": (
                lambda n, k, p, s: -(-(n + 2 * p - k) // s) + 1
            ),
            "the result must be a whole number, rounded down: use //.": (
                lambda n, k, p, s: (n + 2 * p - k) / s + 1
            ),
            "round() goes up from the half on: round down, with //.": (
                lambda n, k, p, s: round((n + 2 * p - k) / s) + 1
            ),
            "the stride is left out: divide by it.": lambda n, k, p, s: (
                n + 2 * p - k + 1
            ),
            "the padding is left out: add it on both sides.": (
                lambda n, k, p, s: (n - k) // s + 1
            ),
            "the kernel is left out: it takes its size from the places.": (
                lambda n, k, p, s: (n + 2 * p) // s + 1
            ),
            "the padding is taken away: it makes the picture larger.": (
                lambda n, k, p, s: (n - 2 * p - k) // s + 1
            ),
            "kernel and stride are exchanged: the kernel is taken away, the stride divides.": (
                lambda n, k, p, s: (n + 2 * p - s) // k + 1
            ),
            "the kernel alone is divided by the stride: put brackets around what comes before.": (
                lambda n, k, p, s: n + 2 * p - k // s + 1
            ),
            "the first place is added, not taken away: + 1.": (
                lambda n, k, p, s: (n + 2 * p - k) // s - 1
            ),
            "this is so for one kernel and its padding only: use all four numbers.": (
                lambda n, k, p, s: n // s
            ),
            "this is the number of places in the whole picture: one side is asked for.": (
                lambda n, k, p, s: _size(n, k, p, s) ** 2
            ),
        },
    )
    if not _is_whole(call(function, *drawn[0])):
        raise Wrong("the number is right, but it is no int: use // instead of /.")
    return "The same holds for pooling, with its own kernel and stride."


def _draw() -> tuple[int, int, int, int]:
    """With something left over at the end, so that it matters how it is rounded."""
    while True:
        size, kernel = random.randint(20, 90), random.randint(2, 9)
        padding, stride = random.randint(1, 4), random.randint(3, 6)
        if (size + 2 * padding - kernel) % stride > stride / 2:
            return size, kernel, padding, stride


def _size(size: int, kernel: int, padding: int, stride: int) -> int:
    return (size + 2 * padding - kernel) // stride + 1


def _is_whole(number: object) -> bool:
    try:
        operator.index(number)
    except TypeError:
        return False
    return True
