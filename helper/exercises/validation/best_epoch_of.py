import random

from helper.expect import Case, expect_function, expect_results


def best_epoch_of(answer: object) -> str:
    """best_epoch_of(losses, patience): the epoch that early stopping keeps."""
    function = expect_function(answer)
    tried = [([3, 2, 4, 5, 1], 2), ([5, 6, 4, 6, 3], 2), ([2, 2, 2, 1], 2), ([4], 1)]
    tried += [([0.7, 0.5, 0.6, 0.4, 0.45], 3), ([1, 2, 3], 9), ([3, 2, 2, 2, 1], 3)]
    tried += [([2, 5, 4, 5, 1], 2), ([300, 200, 500], 2)]
    for length in random.choices(range(5, 12), k=40):
        size = random.choice([1, 1, 100, 1e-3])  # losses may be large, or hardly differ
        losses = [random.randint(1, 9) * size for _ in range(length)]
        tried.append((losses, random.randint(1, 4)))
    cases = [
        Case(
            (losses, patience),
            _stop(losses, patience),
            f"of {losses} with patience {patience}",
        )
        for losses, patience in tried
    ]
    expect_results(
        function,
        cases,
        what="the epoch",
        mistakes={
            "this is the lowest of all epochs: some are never reached.": (
                lambda losses, patience: _stop(losses, len(losses))
            ),
            "this is the loss of that epoch, not its number.": (
                lambda losses, patience: losses[_stop(losses, patience)]
            ),
            "epochs are counted from 0.": (
                lambda losses, patience: _stop(losses, patience) + 1
            ),
            "the waiting is never set back: a lower loss begins it anew.": (
                lambda losses, patience: _stop(losses, patience, reset=False)
            ),
            "equal is not lower: the waiting goes on.": (
                lambda losses, patience: _stop(losses, patience, equal=True)
            ),
            "this waits one epoch longer than patience says.": (
                lambda losses, patience: _stop(losses, patience + 1)
            ),
            "this waits one epoch less than patience says.": (
                lambda losses, patience: _stop(losses, max(1, patience - 1))
            ),
            "this waits one epoch less than patience says, and with patience 1 not at all.": (
                lambda losses, patience: _stop(losses, patience - 1)
            ),
            "this waits one epoch less than patience says, and with patience 1 for ever.": (
                lambda losses, patience: _stop(losses, patience - 1 or len(losses))
            ),
            "the first epoch is the best so far: the waiting begins after it.": (
                lambda losses, patience: _stop(losses, patience, waited=1)
            ),
            "a loss is compared with the epoch before it: compare with the best.": (
                lambda losses, patience: _stop(losses, patience, previous=True)
            ),
            "a loss below the one before sets the waiting back: only a new lowest one does.": (
                lambda losses, patience: _stop(losses, patience, back="previous")
            ),
            "this is the epoch at which it stops: its weights aren't the best.": (
                lambda losses, patience: _stop(losses, patience, at_stop=True)
            ),
        },
    )
    return "Equal is not better: waiting goes on until the loss is really lower."


def _stop(
    losses: list[float],
    patience: int,
    *,
    reset: bool = True,
    back: str = "best",
    equal: bool = False,
    previous: bool = False,
    at_stop: bool = False,
    waited: int = 0,
) -> int:
    """The epoch that is kept; or what it would be with one mistake."""
    best = 0
    if waited == patience:
        return best
    for epoch in range(1, len(losses)):
        other = losses[epoch - 1] if previous else losses[best]
        if losses[epoch] < other or (equal and losses[epoch] == other):
            best, waited = epoch, 0 if reset else waited
        elif back == "previous" and losses[epoch] < losses[epoch - 1]:
            waited = 0
        else:
            waited += 1
        if waited == patience:
            return epoch if at_stop else best
    return len(losses) - 1 if at_stop else best
