"""Data sets of one's own, in a file from which a loader's worker can import them."""

import random

import torch
from PIL import Image
from torch.utils.data import Dataset, Subset
from torchvision.datasets import ImageFolder


class PicturesOfTable(Dataset):
    def __init__(self, rows, folder, transform):
        self.rows, self.folder, self.transform = rows, folder, transform
        self.classes = sorted({row["colour"] for row in rows})

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        row = self.rows[i]
        image = Image.open(self.folder / row["file"]).convert("RGB")
        return self.transform(image), self.classes.index(row["colour"])


class NumbersOfTable(Dataset):
    def __init__(self, rows, columns, target, mean=0.0, std=1.0):
        numbers = [[float(row[name]) for name in columns] for row in rows]
        self.inputs = (torch.tensor(numbers) - mean) / std  # (N, number of columns)
        self.targets = torch.tensor([[float(row[target])] for row in rows])  # (N, 1)

    def __len__(self):
        return len(self.targets)

    def __getitem__(self, i):
        return self.inputs[i], self.targets[i]


def split_folder(folder, vary, plain, share=0.2):
    varied, same, held_out = ImageFolder(folder, vary), ImageFolder(folder, plain), []
    if {"train", "test"} & {name.lower() for name in same.classes}:
        raise ValueError(f"{folder} is split already: these are no classes")
    for label, name in enumerate(same.classes):
        places = [i for i, target in enumerate(same.targets) if target == label]
        count = round(share * len(places))
        if not 0 < count < len(places):
            raise ValueError(f"can't split {name}: {count} of {len(places)} held out")
        held_out += random.Random(0).sample(places, count)  # the same ones on every run
        print(f"{name}: {len(places) - count} to train on, {count} to validate with")
    kept = sorted(set(range(len(same))) - set(held_out))
    return Subset(varied, kept), Subset(same, held_out)
