"""A learner's program run, and what was seen meanwhile, whatever way it is written."""

from collections.abc import Callable
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.modules import module as hooks
from torch.optim import Optimizer, optimizer

from helper.expect import call

LEARNS, MEASURES = "learns", "measures"


class Pass:
    """A batch that ran through a network: which pictures, in which mode, and whether it taught."""

    def __init__(self, model: nn.Module, images: Tensor) -> None:
        self.modes = {
            part.training
            for part in model.modules()
            if isinstance(part, nn.Dropout) and part.p > 0
        }
        self.model = model
        self.ink = images.detach().float().flatten(1).sum(dim=1)  # tells pictures apart
        self.kind = MEASURES

    def learn(self, gradient: Tensor) -> None:
        self.kind = LEARNS


class Watched:
    """What a program returned, and what was seen."""

    def __init__(self) -> None:
        self.result: object = None
        self.passes: list[Pass] = []
        self.steps = self.empty_steps = 0  # empty: the gradient is gone
        self.steps_with_rest = 0  # of the gradients of earlier batches
        self.optimizers: list[Optimizer] = []
        self._depth = 0
        self._start: dict[Tensor, Tensor] = {}
        self._latest: dict[Tensor, Tensor] = {}
        self._handles: list = []

    def stuck(self, model: nn.Module) -> list[str]:
        """The names of the parameters that are what they were when they were first used."""
        return [
            name
            for name, parameter in model.named_parameters()
            if torch.equal(self._start.get(parameter, parameter), parameter)
        ]

    def moved(self, model: nn.Module) -> float:
        """The largest change of a parameter, as a share of what it was at the start."""
        pairs = [(p, self._start[p]) for p in model.parameters() if p in self._start]
        shares = [float((p - old).norm() / (old.norm() + 1e-6)) for p, old in pairs]
        return max(shares, default=0.0)

    def modes(self, kind: str) -> set[bool]:
        """In which modes dropout was in all passes of this kind."""
        return set().union(*(p.modes for p in self.passes if p.kind == kind))

    def order(self, model: nn.Module) -> Tensor:
        """What `model` learned from, one after the other, a number a picture."""
        found = [p.ink for p in self.passes if p.kind == LEARNS and p.model is model]
        return torch.cat(found) if found else torch.empty(0)

    def _before(self, module: nn.Module, inputs: tuple) -> None:
        for parameter in module.parameters(recurse=False):
            if parameter not in self._start:
                self._start[parameter] = parameter.detach().clone()
                if parameter.requires_grad:
                    keep = partial(self._latest.__setitem__, parameter)
                    self._handles.append(parameter.register_hook(keep))
        if self._depth == 0 and inputs and isinstance(inputs[0], Tensor):
            self.passes.append(Pass(module, inputs[0]))
        self._depth += 1

    def _after(self, module: nn.Module, inputs: tuple, output: object) -> None:
        self._depth -= 1
        if self._depth == 0 and isinstance(output, Tensor) and output.requires_grad:
            output.register_hook(self.passes[-1].learn)

    def _step(self, stepping: Optimizer, *_: object) -> None:
        if stepping not in self.optimizers:
            self.optimizers.append(stepping)
        self.steps += 1
        parameters = [p for group in stepping.param_groups for p in group["params"]]
        empty = all(p.grad is None or not p.grad.any() for p in parameters)
        self.empty_steps += empty and any(g.any() for g in self._latest.values())
        for parameter in parameters:
            latest = self._latest.get(parameter)
            if latest is not None and parameter.grad is not None:
                # Clipped, it is shorter, but has the same direction.
                pair = parameter.grad.flatten(), latest.flatten()
                if torch.linalg.vector_norm(latest) > 1e-6:
                    alike = torch.cosine_similarity(*pair, dim=0)
                    self.steps_with_rest += bool(alike < 0.99)
                    return


@contextmanager
def _watching(watched: Watched):
    watched._handles += [
        hooks.register_module_forward_pre_hook(watched._before),
        hooks.register_module_forward_hook(watched._after, always_call=True),
        optimizer.register_optimizer_step_pre_hook(watched._step),
    ]
    try:
        yield
    finally:
        for handle in watched._handles:
            handle.remove()
        watched._latest.clear()


def watch(function: Callable, *arguments: object) -> Watched:
    """Call the program; that it raises, or returns None, is `Wrong`."""
    watched = Watched()
    with _watching(watched):
        watched.result = call(function, *arguments)
    return watched
