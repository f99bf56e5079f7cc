import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor, nn

from helper.expect import Wrong, call, expect_function, expect_number, expect_tensor


class Meeting:
    """`dist.all_reduce` between threads, which stand here for processes."""

    def __init__(self, world_size: int) -> None:
        self.barrier = threading.Barrier(world_size, timeout=2)
        self.given = {}

    def all_reduce(self, tensor: Tensor) -> None:
        if not isinstance(tensor, Tensor):
            raise TypeError(f"all_reduce takes a tensor, got {type(tensor).__name__}")
        self.given[threading.get_ident()] = tensor.detach().clone()
        self.barrier.wait()  # all have given theirs
        total = sum(self.given.values())
        self.barrier.wait()  # all have taken the sum
        with torch.no_grad():
            tensor.copy_(total)

    def run(self, function: Callable, *each: tuple) -> list:
        """What `function` returns in each process, called with that process's arguments."""

        def one(arguments: tuple) -> object:
            try:
                return call(function, *arguments)
            except BaseException as error:
                self.barrier.abort()  # the others would wait for it
                if "'NoneType'" in str(error):
                    raise Wrong(
                        "all_reduce returns nothing: it changes the tensor that it is "
                        f"given. {str(error).capitalize()}"
                    ) from error
                raise

        with ThreadPoolExecutor(len(each)) as pool:
            futures = [pool.submit(one, arguments) for arguments in each]
        errors = [future.exception() for future in futures if future.exception()]
        real = [error for error in errors if "BrokenBarrierError" not in str(error)]
        for error in real or errors:
            if error not in real:
                raise Wrong(
                    "one process waits for another at all_reduce: each must call it "
                    "equally often."
                )
            raise error
        return [future.result() for future in futures]


def share(answer: object) -> str:
    """share(n, rank, world_size)."""
    function = expect_function(answer)
    for n, world_size in [(10, 4), (9, 2), (3, 1), (2, 4)]:
        counts, sizes = [0] * n, []
        for rank in range(world_size):
            own = call(function, n, rank, world_size)
            try:
                own = [int(i) for i in own]
            except (TypeError, ValueError) as error:
                raise Wrong(
                    f"share({n}, {rank}, {world_size}) is a {type(own).__name__}, "
                    "expected whole numbers one after another, such as a range."
                ) from error
            sizes.append(len(own))
            for i in own:
                if not 0 <= i < n:
                    raise Wrong(f"of {n} pictures there is none with number {i}.")
                counts[i] += 1
        where = f"With {n} pictures and {world_size} processes"
        for i, count in enumerate(counts):
            if count > 1:
                raise Wrong(f"{where}, picture {i} is counted {count} times.")
            if count == 0:
                raise Wrong(f"{where}, picture {i} is left out.")
        if max(sizes) - min(sizes) > 1:
            raise Wrong(
                f"{where}, the shares are {sizes}: the largest has "
                f"{max(sizes) - min(sizes)} more than the smallest."
            )
    return "each picture once, whatever the numbers are."


def global_accuracy(answer: object) -> str:
    """global_accuracy(correct, seen, all_reduce)."""
    function = expect_function(answer)
    meeting = Meeting(2)
    results = meeting.run(
        function, (90, 100, meeting.all_reduce), (6, 20, meeting.all_reduce)
    )
    mistakes = {
        0.6: "this is the mean of the processes' accuracies: one has seen 100 pictures, "
        "the other 20. Add up correct and seen, then divide.",
        1.2: "this is the sum of the processes' accuracies. Add up correct and seen.",
    }
    for result, own in zip(results, (0.9, 0.3), strict=True):
        mistakes[own] = "this is the accuracy of one process alone."
        for number, mistake in mistakes.items():
            try:
                expect_number(result, number)
            except Wrong:
                continue
            raise Wrong(mistake)
        hint = "Here, 90 of 100 and 6 of 20 are right: 96 of 120."
        expect_number(result, 0.8, hint=hint)
    return "90 of 100 and 6 of 20 are 0.8, and both processes know it."


def average_gradients(answer: object) -> str:
    """average_gradients(model, all_reduce, world_size)."""
    function = expect_function(answer)
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(8, 3, generator=generator)
    labels = torch.arange(8) % 2

    def network(images: Tensor, labels: Tensor) -> nn.Module:
        torch.manual_seed(0)
        model = nn.Linear(3, 2)
        nn.functional.cross_entropy(model(images), labels).backward()
        return model

    whole = network(images, labels)
    models = [network(images[:4], labels[:4]), network(images[4:], labels[4:])]
    own = [model.weight.grad.clone() for model in models]
    meeting = Meeting(2)

    def act(model: nn.Module) -> bool:  # it need not return anything
        function(model, meeting.all_reduce, 2)
        return True

    meeting.run(act, *[(model,) for model in models])
    for model, before in zip(models, own, strict=True):
        for name, parameter in model.named_parameters():
            if parameter.grad is None:
                raise Wrong(f"the gradient of {name} is gone: change it in place.")
            expected = whole.get_parameter(name).grad
            close = torch.allclose(parameter.grad, 2 * expected, atol=1e-6)
            if close and not torch.allclose(expected, torch.zeros(())):
                raise Wrong(
                    f"the gradient of {name} is the sum over the processes: divide it by "
                    "how many there are."
                )
            if name == "weight" and torch.equal(parameter.grad, before):
                raise Wrong("the gradients are still those of each process alone.")
            expect_tensor(parameter.grad, expected, what=f"the gradient of {name}")
    return "both processes have the gradient of the whole batch: this is what DDP does."


def efficiency(answer: object) -> str:
    """efficiency(cards, compute, gradient_bytes, link)."""
    function = expect_function(answer)
    hint = "Here a step computes for 0.1 s, and 2·(4-1)/4·1e9/1e10 = 0.15 s are sent."
    four = call(function, 4, 0.1, 1e9, 1e10)
    if isinstance(four, float) and abs(four - 0.1 / (0.1 + 0.6)) < 1e-6:
        raise Wrong(f"2·(n-1) is to be divided by n. {hint}")
    if isinstance(four, float) and abs(four - 2.5) < 1e-6:
        raise Wrong(f"upside down: computing comes first, then the whole step. {hint}")
    expect_number(four, 0.4, hint=hint)
    alone = call(function, 1, 0.1, 1e9, 1e10)
    expect_number(alone, 1.0, hint="With one card there is nobody to send to.")
    expect_number(
        call(function, 1000, 1.0, 1e9, 1e10),
        1 / (1 + 2 * 0.999 * 0.1),
        hint="With many cards, (n-1)/n comes close to 1.",
    )
    return "with many cards it hardly falls any more, as long as messages cost nothing."


EXERCISES = (share, global_accuracy, average_gradients, efficiency)
