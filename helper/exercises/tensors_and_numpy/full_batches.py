import itertools
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from helper.data import Digits
from helper.expect import Wrong, describe, expect_tried, kind_of


def full_batches(answer: object) -> str:
    """A DataLoader of the digits: batches of 100, in order, no smaller one at the end."""
    expect_tried(answer)
    if not isinstance(answer, DataLoader):
        if hasattr(type(answer), "__next__"):
            raise Wrong("an iterator has only one pass: give the DataLoader itself.")
        kind = "the class itself" if answer is DataLoader else kind_of(answer)
        raise Wrong(f"your answer is {kind}, not a DataLoader.")
    first, second = _two_passes(answer)
    _expect_pairs_of_100(first)
    images, labels = (torch.cat(parts) for parts in zip(*first, strict=True))
    digits = Digits(train=True)
    expected = digits.data.float().unsqueeze(1) / 255, digits.targets
    if images.shape[1:] != (1, 28, 28):
        raise Wrong(
            f"a batch's first part is {tuple(images[:100].shape)}, and the pictures of "
            "`dataset` give (100, 1, 28, 28)."
        )
    n = len(images)
    same = [
        n <= 1437 and torch.equal(part.double(), whole[:n].double())
        for part, whole in zip((images, labels), expected, strict=True)
    ]
    if same == [True, False]:
        raise Wrong("the pictures are those of `dataset`, and their labels aren't.")
    if not all(same):
        _say_what_is_mixed_up(first, second, images, expected[0])
    for part, whole, kind in zip(
        (images, labels), expected, ("pictures", "labels"), strict=True
    ):
        if part.dtype != whole.dtype:
            raise Wrong(
                f"the {kind} are {part.dtype}, and those of `dataset` {whole.dtype}."
            )
    if len(second) != len(first):
        raise Wrong(
            f"a second pass gives {len(second)} batches, the first {len(first)}: something "
            "in this loader can be gone through only once."
        )
    if not all(map(_same_batch, first, second)):
        raise Wrong("a second pass gives other batches than the first.")
    if n != 1400:
        raise Wrong(
            f"the loader gives {n} pictures: of the 1,437 of `dataset`, 14 full batches "
            "can be made."
        )
    return "Fourteen full batches; the last 37 pictures are left out of every pass."


def _expect_pairs_of_100(batches: Sequence) -> None:
    """Each batch must be 100 pictures and their labels."""
    for batch in batches:
        if not (
            isinstance(batch, (list, tuple))
            and [type(part) for part in batch] == [Tensor, Tensor]
        ):
            raise Wrong(
                "a batch of this loader isn't a pair of tensors, pictures and labels."
            )
    if batches and batches[0][1].ndim == 0:
        raise Wrong(
            "this loader gives single pictures, batch_size=None: 100 to a batch."
        )
    sizes = [len(labels) for _, labels in batches]
    if not sizes or sizes[0] != 100:
        raise Wrong(
            f"the batches hold {sizes[0] if sizes else 0} pictures, expected 100."
        )
    if set(sizes) != {100}:
        raise Wrong(
            f"there is a batch of {min(sizes)} too: one argument of DataLoader drops it."
        )


def _same_batch(one: Sequence, other: Sequence) -> bool:
    return all(map(torch.equal, one, other))


def _say_what_is_mixed_up(
    first: Sequence, second: Sequence, images: Tensor, expected: Tensor
) -> None:
    """The pictures aren't the first of the data set, in order: raise the reason."""
    if len(first) == len(second) and not all(map(_same_batch, first, second)):
        raise Wrong("each pass has another order: it is shuffled.")
    known = set(expected.double().sum(dim=(1, 2, 3)).tolist())
    if set(images.double().sum(dim=(1, 2, 3)).tolist()) <= known:
        raise Wrong(
            "these are not the first pictures of `dataset`, in its order: don't shuffle, "
            "choose or sort."
        )
    raise Wrong("these are not the pictures of `dataset`, the 1,437 digits from above.")


def _two_passes(loader: DataLoader) -> list[list]:
    """Batches of two passes; the random state of the loader's generators stays."""
    sources = [loader, loader.sampler, loader.batch_sampler]
    sources.append(getattr(loader.batch_sampler, "sampler", None))
    generators = [getattr(source, "generator", None) for source in sources]
    generators = [generator for generator in generators if generator is not None]
    states = [generator.get_state() for generator in generators]
    try:
        return [list(itertools.islice(loader, 20)) for _ in range(2)]
    except Exception as error:
        raise Wrong(f"going through the loader raises {describe(error)}") from error
    finally:
        for generator, state in zip(generators, states, strict=True):
            generator.set_state(state)
