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
LOOKS = 40  # at so many steps the gradients are compared: a fault shows in the first of them


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
        self.steps = self.looks = 0  # the first steps are looked at
        self.empty_steps = 0  # the gradient is gone
        self.steps_with_rest = 0  # of the gradients of earlier batches
        self.optimizers: list[Optimizer] = []
        self._depth = 0
        self._start: dict[Tensor, Tensor] = {}
        self._latest: dict[Tensor, Tensor] = {}
        self._seen: set[nn.Module] = set()
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
        shares = [
            float((p.detach() - old).norm() / (old.norm() + 1e-6)) for p, old in pairs
        ]
        return max(shares, default=0.0)

    def modes(self, kind: str) -> set[bool]:
        """In which modes dropout was in all passes of this kind."""
        return set().union(*(p.modes for p in self.passes if p.kind == kind))

    def order(self, kind: str) -> Tensor:
        """The pictures of all passes of this kind, one after the other, a number a picture."""
        found = [p.ink for p in self.passes if p.kind == kind]
        return torch.cat(found) if found else torch.empty(0)

    def _before(self, module: nn.Module, inputs: tuple) -> None:
        if module not in self._seen:
            self._seen.add(module)
            self._remember(module)
        if self._depth == 0 and inputs and isinstance(inputs[0], Tensor):
            self.passes.append(Pass(module, inputs[0]))
        self._depth += 1

    def _remember(self, module: nn.Module) -> None:
        for parameter in module.parameters(recurse=False):
            self._start[parameter] = parameter.detach().clone()
            if parameter.requires_grad and self.looks < LOOKS:
                keep = partial(self._latest.__setitem__, parameter)
                self._handles.append(parameter.register_hook(keep))

    def _after(self, module: nn.Module, inputs: tuple, output: object) -> None:
        self._depth -= 1
        if self._depth == 0 and isinstance(output, Tensor) and output.requires_grad:
            output.register_hook(self.passes[-1].learn)

    def _step(self, stepping: Optimizer, *_: object) -> None:
        if stepping not in self.optimizers:
            self.optimizers.append(stepping)
        self.steps += 1
        if self.looks == LOOKS:
            return
        self.looks += 1
        parameters = [p for group in stepping.param_groups for p in group["params"]]
        empty = all(p.grad is None or not p.grad.any() for p in parameters)
        self.empty_steps += empty and any(g.any() for g in self._latest.values())
        self.steps_with_rest += any(self._has_rest(p) for p in parameters)

    def _has_rest(self, parameter: nn.Parameter) -> bool:
        """Whether it has another gradient than this batch gave, in direction: it may be cut."""
        latest, kept = self._latest.get(parameter), parameter.grad
        if latest is None or kept is None or torch.equal(kept, latest):
            return False
        lengths = float(
            torch.linalg.vector_norm(latest) * torch.linalg.vector_norm(kept)
        )
        return lengths > 1e-12 and float((kept * latest).sum()) < 0.99 * lengths


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
