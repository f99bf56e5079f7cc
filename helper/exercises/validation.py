import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from helper.expect import Wrong, call, expect_function, expect_number, expect_tensor


def accuracy_of(answer: object) -> str:
    """accuracy_of(model, loader)."""
    function = expect_function(answer)
    images = torch.arange(70).remainder(10)
    images = nn.functional.one_hot(images, 10).float()
    labels = images.argmax(dim=1)
    labels[64:] = (labels[64:] + 1) % 10  # the last batch, of 6, is all wrong
    modes = []

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(()))

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            modes.append((self.training, torch.is_grad_enabled()))
            return images * self.scale

    loader = DataLoader(TensorDataset(images, labels), batch_size=32)
    result = call(function, Model().train(), loader, given="given batches 32, 32, 6")
    if isinstance(result, torch.Tensor) and result.numel() == 1:
        result = result.item()
    if isinstance(result, (int, float)) and abs(result - 2 / 3) < 1e-6:
        raise Wrong("this is the mean of the batch means: count correct and seen.")
    if isinstance(result, (int, float)) and result == 64:
        raise Wrong("this is how many are right: divide by how many were seen.")
    expect_number(
        result, 64 / 70, hint="Correct over seen, both added up over batches."
    )
    if any(training for training, _ in modes):
        raise Wrong("the number is right, but the model was not in evaluation mode.")
    if any(grad for _, grad in modes):
        raise Wrong("the number is right, but gradients were recorded: no_grad.")
    return "64 of 70: the smaller last batch counted for what it is."


def top_k_accuracy(answer: object) -> str:
    """top_k_accuracy(logits, labels, k)."""
    function = expect_function(answer)
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(64, 10, generator=generator)
    labels = torch.randint(0, 10, (64,), generator=generator)
    order = logits.argsort(dim=1, descending=True)
    for k in (1, 3, 10):
        result = call(function, logits, labels, k, given=f"with k={k}")
        share = (order[:, :k] == labels.unsqueeze(1)).any(dim=1).float().mean().item()
        expect_number(
            result,
            share,
            hint=f"With k={k}: is the label, as a column, any of the row's best k?",
        )
    return "With k = 10 of 10 classes it is 1, as it must be."


def best_epoch_of(answer: object) -> str:
    """best_epoch_of(losses, patience)."""
    function = expect_function(answer)
    for losses, patience, expected in [
        ([3, 2, 4, 5, 1], 2, 1),
        ([3, 2, 4, 1, 5], 2, 3),
        ([1, 2, 3, 4, 0], 3, 0),
        ([2, 2, 2, 1], 2, 0),
        ([5, 4, 3, 2], 1, 3),
    ]:
        result = call(function, list(losses), patience)
        expect_number(result, expected, hint=f"Of {losses} with patience {patience}.")
    return "Equal is not better: waiting goes on until the loss is really lower."


def confusion_matrix(answer: object) -> str:
    """confusion_matrix(labels, predicted, classes)."""
    function = expect_function(answer)
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 3, (50,), generator=generator)
    predicted = torch.randint(0, 4, (50,), generator=generator)
    expected = torch.zeros(5, 5, dtype=torch.int64)
    expected.index_put_((labels, predicted), torch.tensor(1), accumulate=True)
    result = call(
        function, labels.clone(), predicted.clone(), 5, given="with 5 classes"
    )
    if isinstance(result, torch.Tensor) and result.shape == expected.shape:
        if torch.equal(result.long(), expected.t()):
            raise Wrong("rows and columns are swapped: the true class is the row.")
        if torch.equal(result.long(), (expected > 0).long()):
            raise Wrong("a pair that comes up again is counted once: add up.")
    expect_tensor(
        result,
        expected,
        what="confusion_matrix(...)",
        hint="A number for each pair and bincount, or index_put_ with accumulate.",
    )
    return "Classes that never came up have a row of zeros, and their place."


EXERCISES = (accuracy_of, top_k_accuracy, best_epoch_of, confusion_matrix)
