"""A table of numbers as a data set, in a file from which a loader's worker can import it."""

import torch
from torch.utils.data import Dataset


class NumbersOfTable(Dataset):
    def __init__(self, rows, columns, target, mean=0.0, std=1.0):
        numbers = [[float(row[name]) for name in columns] for row in rows]
        self.inputs = (torch.tensor(numbers) - mean) / std  # (N, number of columns)
        self.targets = torch.tensor([[float(row[target])] for row in rows])  # (N, 1)

    def __len__(self):
        return len(self.targets)

    def __getitem__(self, i):
        return self.inputs[i], self.targets[i]
