"""The table of `make bench`: each row a ratio of two things that took turns in one run."""

import statistics
import time
from collections.abc import Callable

import pytest

ROWS = pytest.StashKey[list]()


def pytest_configure(config):
    config.stash[ROWS] = []


@pytest.fixture
def note(benchmark, request) -> Callable:
    """Put a row into the table, from pairs of seconds, one pair for each round."""

    def add(
        row: str,
        pairs: list[tuple[float, float]],
        *,
        at_most: float = float("inf"),
        at_least: float = 0.0,
    ) -> None:
        ratios = sorted(first / second for first, second in pairs)
        median = statistics.median(ratios)
        asked = [f"at least {at_least:g}"] * (at_least > 0)
        asked += [f"at most {at_most:g}"] * (at_most < float("inf"))
        result = {
            "row": row,
            "ratio": median,
            "lowest": ratios[0],
            "highest": ratios[-1],
            "seconds": [statistics.median(times) for times in zip(*pairs, strict=True)],
            "asked": ", ".join(asked),
            "holds": at_least <= median <= at_most,
        }
        request.config.stash[ROWS].append(result)
        benchmark.extra_info.setdefault("rows", []).append(result)
        assert result["holds"], f"{row}: {median:.3g}, asked: {result['asked']}"

    return add


@pytest.fixture
def ratio(benchmark, note) -> Callable:
    """Let two functions take turns, and put the ratio of their times into the table."""

    def measure(
        row: str, first: Callable, second: Callable, *, rounds: int = 5, **bounds: float
    ) -> None:
        pairs = []

        def turn():
            times = {}
            # Each begins every other round, so that neither always has a warmer machine.
            order = (first, second) if len(pairs) % 2 else (second, first)
            for function in order:
                begin = time.perf_counter()
                seconds = function()  # its own clock, where the whole call is too much
                measured = time.perf_counter() - begin
                times[function] = seconds if isinstance(seconds, float) else measured
            pairs.append([times[first], times[second]])

        benchmark.pedantic(turn, rounds=rounds, warmup_rounds=1)
        note(row, pairs[1:], **bounds)  # without the warm-up

    return measure


def pytest_terminal_summary(terminalreporter, config):
    write = terminalreporter.write_line
    write("")
    write(f"{'ratio':>8}  {'lowest to highest':>19}  {'s':>9} {'to s':>9}  row")
    for row in config.stash[ROWS]:
        spread = f"{row['lowest']:.3g} to {row['highest']:.3g}"
        first, second = row["seconds"]
        asked = f"  (asked: {row['asked']})" if row["asked"] else ""
        failed = "" if row["holds"] else "  DOES NOT HOLD"
        write(
            f"{row['ratio']:8.3g}  {spread:>19}  {first:9.3g} {second:9.3g}  "
            f"{row['row']}{asked}{failed}"
        )
