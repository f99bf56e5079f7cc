import torch
from torch import Tensor

from helper.expect import Wrong, call, expect_function, expect_number, expect_tensor


def slope(answer: object) -> str:
    """The derivative of 3x² + 2x at x = 2."""
    if isinstance(answer, (int, float)) and answer == 16:
        raise Wrong("16 is f(2) itself: how fast does f change there?")
    expect_number(answer, 14, hint="x² has the derivative 2x, and x has 1.")
    return "6x + 2 is 14 at x = 2."


def vector_jacobian(answer: object) -> str:
    """v @ J for y = A @ x."""
    A = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    v = torch.tensor([1.0, -1.0])
    x = torch.zeros(3, requires_grad=True)
    (A @ x).backward(v)
    expect_tensor(
        answer, x.grad, hint="The vector comes first: vector–Jacobian product."
    )
    return "v @ A has the shape of x, as the gradient of x must."


def measure_gradient(answer: object) -> str:
    """measure_gradient(f, x, h): central differences, float64."""
    function = expect_function(answer)

    def f(x: Tensor) -> Tensor:
        return (x**3).sum() + x[0] * x[1]

    x = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    given = x.clone()
    result = call(function, f, given, given="given f and an x of shape (3,)")
    if not torch.equal(given, x):
        raise Wrong("x has changed: take the steps on a copy.")
    expected = 3 * x**2 + torch.stack([x[1], x[0], torch.zeros_like(x[0])])
    if isinstance(result, Tensor) and result.shape == expected.shape:
        if torch.allclose(result, 2 * expected, rtol=1e-3):
            raise Wrong("twice as much as it should be: from x - h to x + h it is 2h.")
        error = (result.double() - expected).abs().max()
        if 1e-5 < error < 1e-2:
            raise Wrong("nearly: a step to one side only is less exact than to both.")
    expect_tensor(
        result,
        expected,
        what="measure_gradient(f, x)",
        hint="Move one place at a time, and divide by the way between both ends.",
    )
    return "It agrees with the derivative, and needed 2n evaluations for n numbers."


def gradient(answer: object) -> str:
    """gradient(f, x): by autograd, leaving x alone."""
    function = expect_function(answer)
    x = torch.tensor([1.0, 2.0, 3.0])
    given = x.clone()

    def f(x: Tensor) -> Tensor:
        return (x**2).sum() * x[0]

    result = call(function, f, given, given="given f and an x without requires_grad")
    if given.requires_grad or given.grad is not None:
        raise Wrong(
            "the x that came now has requires_grad or a gradient: work on "
            "x.detach().clone()."
        )
    if not torch.equal(given, x):
        raise Wrong("the x that came has changed.")
    expected = 2 * x * x[0] + torch.tensor([(x**2).sum(), 0.0, 0.0])
    expect_tensor(
        result,
        expected,
        what="gradient(f, x)",
        hint="Copy, track, compute, go back, and return what is in .grad.",
    )
    return "The copy was tracked, so that nobody else's tensor was."


def take_step(answer: object) -> str:
    """take_step(weights, loss, lr): one step of gradient descent in place."""
    function = expect_function(answer)
    weights = torch.tensor([1.0, -2.0], requires_grad=True)
    expected = torch.tensor([1.0 - 0.1 * 2, -2.0 + 0.1 * 4])
    for _ in range(2):  # what is left of the first gradient shows in the second step
        start = weights.detach().clone()
        result = call(function, weights, weights.square().sum(), 0.1)
        if torch.equal(weights.detach(), start):
            raise Wrong(
                "weights did not change: `weights = weights - ...` makes a new tensor, "
                "`weights -= ...` changes the one that came."
            )
        if result is not weights:
            raise Wrong("the result is not the tensor weights itself: return weights.")
        uphill = torch.allclose(weights.detach(), 2 * start - expected)
        if uphill:
            raise Wrong("this went uphill: against the gradient is minus.")
        if not weights.requires_grad or not weights.is_leaf:
            raise Wrong("weights no longer requires grad: take the step in no_grad.")
        expect_tensor(
            result.detach(), expected, what="weights", hint="lr times the gradient."
        )
        if weights.grad is not None and weights.grad.abs().sum() > 0:
            raise Wrong("a gradient is left in weights.grad: it would add up.")
        expected = expected - 0.1 * 2 * expected
    return "Back, step, clear: every training loop is these three lines and a loss."


EXERCISES = (slope, vector_jacobian, measure_gradient, gradient, take_step)
