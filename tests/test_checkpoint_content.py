"""What a checkpoint can hold comes back as it was; the rest is refused, and nothing is written."""

import sys
from argparse import Namespace
from collections import Counter, OrderedDict, defaultdict
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from helper.checkpoints import load_checkpoint, save_checkpoint, saving
from helper.networks import Network
from helper.pretrained import SmallDenseNet

# What a checkpoint may hold: it comes back as it was, or nothing is written.
KEPT = [
    (1 + 2j, 1 + 2j),
    (np.float64(0.9), 0.9),
    (np.float32(0.5), 0.5),
    (np.int64(3), 3),
    (np.bool_(True), True),
    ({"train_loss": [np.float64(1.5)], 2: (np.int8(1), None)},)
    + ({"train_loss": [1.5], 2: (1, None)},),
    ({np.int64(1): "a"}, {1: "a"}),
    (np.mean([1.0, 2.0]), 1.5),
    (np.random.default_rng(0).bit_generator.state,) * 2,
    (OrderedDict(a=1), OrderedDict(a=1)),
    (Counter("aab"), Counter("aab")),
    ({1, 2}, {1, 2}),
    (b"bytes", b"bytes"),
    (10**40, 10**40),
    (torch.float16, torch.float16),
    (torch.Size([1, 2]), torch.Size([1, 2])),
    ([True, None, "ü", -1.5], [True, None, "ü", -1.5]),
]


@pytest.mark.parametrize("value, expected", KEPT, ids=range(len(KEPT)))
def test_what_can_be_kept(tmp_path, value, expected):
    save_checkpoint(
        tmp_path / "m.pt", Network(2, [], 1), run={"all": [value]}, it=value
    )
    _, checkpoint = load_checkpoint(tmp_path / "m.pt")
    assert checkpoint["it"] == expected and type(checkpoint["it"]) is type(expected)
    assert checkpoint["run"] == {"all": [expected]}


endless = []


endless.append(endless)


REFUSED = [
    (np.ones(3), "numpy.*_reconstruct"),
    (np.random.get_state(), "numpy.*_reconstruct"),
    (np.longdouble(1), "numpy.*scalar"),
    (np.datetime64("2026-01-01"), "numpy.*scalar"),
    (np.dtype("f4"), "numpy.dtype"),
    (Path("x"), "Path"),
    (Namespace(lr=0.1), "argparse.Namespace"),
    (datetime(2026, 1, 1), "datetime"),
    (defaultdict(list), "defaultdict"),
    (frozenset([1]), "frozenset"),
    (range(3), "range"),
    (torch.Generator(), "Generator"),
    (nn.Linear(1, 1), "Linear"),
    (lambda: 1, "lambda"),
    ((i for i in [1]), "generator"),
    (sys.stdout.__class__, "."),
    (endless[0], "recursion"),
]


@pytest.mark.parametrize("value, says", REFUSED, ids=range(len(REFUSED)))
@pytest.mark.parametrize("nested", [False, True])
def test_what_can_not_be_kept_is_refused_before_it_is_written(
    saved, value, says, nested
):
    path, model = saved
    before = path.read_bytes()
    value = {"all": [value]} if nested else value
    with pytest.raises(ValueError, match=says) as caught:
        save_checkpoint(path, model, odd=value)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before and len(list(path.parent.iterdir())) == 1


THINGS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3)
        | inner.map(lambda value: defaultdict(list, a=value))
        | st.sampled_from([np.float64(1), np.int8(2), np.ones(2), Path("a"), torch.nan])
    ),
    max_leaves=6,
)


@settings(deadline=None, derandomize=True, database=None, max_examples=150)
@given(THINGS)
def test_what_is_accepted_can_be_loaded(tmp_path_factory, value):
    path = tmp_path_factory.getbasetemp() / "any.pt"
    path.unlink(missing_ok=True)
    try:
        save_checkpoint(path, Network(2, [], 1), value=value)
    except ValueError:
        assert not path.exists()
        return
    # NaN isn't equal to itself; what is written is.
    assert repr(load_checkpoint(path)[1]["value"]) == repr(
        saving._with_plain_numbers(value)
    )


@pytest.mark.parametrize("name", ["settings", "state_dict"])
def test_more_does_not_replace_the_model(saved, name):
    path, model = saved
    before = path.read_bytes()
    with pytest.raises(ValueError):
        save_checkpoint(path, model, **{name: {}})
    assert path.read_bytes() == before


def with_new_classifier():
    model = SmallDenseNet(10)
    model.classifier = nn.Linear(model.classifier.in_features, 5)
    return model


def with_compiled_part():
    model = Network(4, [3], 2)
    model.hidden[0] = torch.compile(model.hidden[0])
    return model


def with_other_dropout():
    model = Network(4, [3], 2)
    model.dropout.p = 0.5
    return model


class Residual(Network):
    def forward(self, images):
        return 2 * super().forward(images)


@pytest.mark.parametrize(
    "make, says",
    [
        (with_new_classifier, "size mismatch for classifier.weight"),
        (with_compiled_part, "was changed"),
        (with_other_dropout, "other parts"),
        (lambda: Network(4, [3], 2).to("meta"), "output.* is no ordinary tensor"),
        (lambda: Residual(4, [3], 2), "Residual"),
        (lambda: nn.Sequential(nn.Linear(1, 1)), "Sequential"),
        (lambda: Network(4, [3], 2).state_dict(), "OrderedDict"),
    ],
)
def test_a_model_that_could_not_be_rebuilt_is_not_saved(tmp_path, make, says):
    with pytest.raises(ValueError, match=says):
        save_checkpoint(tmp_path / "m.pt", make())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("bad", [torch.nan, torch.inf, -torch.inf])
def test_weights_that_diverged_do_not_replace_good_ones(saved, bad):
    path, model = saved
    before = path.read_bytes()
    model.hidden[1].weight.data[0, 0] = bad
    with pytest.raises(ValueError, match="hidden.1.weight"):
        save_checkpoint(path, model)
    assert path.read_bytes() == before
