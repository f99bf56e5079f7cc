import torch

from helper.exercises.find_out_why_it_does_not_learn.drawn import Parts, draw_digits
from helper.exercises.find_out_why_it_does_not_learn.judged import (
    expect_learned,
    expect_numbers,
    expect_pair,
    run,
)
from helper.exercises.find_out_why_it_does_not_learn.watched import LEARNS, Watched
from helper.expect import Wrong


def labels_apart(answer: object) -> str:
    """train(images, labels), in which pictures and labels were shuffled apart."""
    data = draw_digits()
    order = data.labels.argsort()  # one class after the other
    data = data._replace(images=data.images[order], labels=data.labels[order])
    watched = run(answer, data.images, data.labels)
    model, losses = expect_pair(watched.result)
    losses = expect_numbers(losses)
    _expect_shuffled(watched, data)
    expect_learned(watched, model, losses, data, at_least=0.75)
    return "One order for both: each picture keeps its label."


def _expect_shuffled(watched: Watched, data: Parts) -> None:
    """Each epoch must have all pictures, in an order of its own."""
    seen, count = watched.order(LEARNS), len(data.labels)
    if 0 < len(seen) < 2 * count:
        raise Wrong("fewer than two epochs are left, or not all pictures are used.")
    epochs = seen[:count], seen[count : 2 * count]
    if len(seen) and torch.equal(*epochs):
        raise Wrong("each epoch has the same order: shuffle anew in each of them.")
    if not torch.allclose(*(epoch.sort().values for epoch in epochs), atol=1e-3):
        raise Wrong("an epoch must have each picture once, and here it has not.")
