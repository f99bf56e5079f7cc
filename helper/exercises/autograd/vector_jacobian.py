import torch
from torch import Tensor

from helper.expect import Wrong, expect_no_mistake, expect_tensor


def vector_jacobian(answer: object) -> str:
    """v @ J for y = A @ x."""
    A = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    v = torch.tensor([2.0, -1.0])
    expect_no_mistake(
        answer,
        {
            "this is A's rows added up: v says how much each of them counts.": A.sum(0),
            "this is the mean of A's rows: v says how much each of them counts.": (
                A.mean(0)
            ),
            "A is the Jacobian itself: where does v come in?": A,
            "this is A turned, without v.": A.T,
            "this is v itself: where does A come in?": v,
            "the weighted rows of A are right: now add them up.": v.unsqueeze(1) * A,
            "the sum runs the wrong way: x.grad has three numbers, one for each of x's.": (
                (v.unsqueeze(1) * A).sum(1)
            ),
            "this is all added up: x.grad has three numbers, one for each of x's.": (
                (v @ A).sum()
            ),
            "the sign is wrong.": -(v @ A),
            "the signs of v are lost.": v.abs() @ A,
            "this is twice as much: y is A @ x, there is no square.": 2 * (v @ A),
            "this is the first row alone: the second one counts -1 times.": v[0] * A[0],
            "the numbers are right, but in a table: x.grad has the shape of x, (3,).": (
                v.reshape(1, 2) @ A
            ),
            "the numbers are right, but in a column: x.grad has the shape of x, (3,).": (
                A.T @ v.reshape(2, 1)
            ),
        }
        if isinstance(answer, Tensor)
        else {},
    )
    if callable(answer) and not isinstance(answer, type):
        raise Wrong(
            "your answer is a function: compute the tensor with the A and v above."
        )
    expect_tensor(answer, v @ A, hint="v weighs the rows of A, which are added up.")
    return "v @ A has the shape of x, as the gradient of x must."
