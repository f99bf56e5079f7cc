"""Make data/digits: scikit-learn's copy of the UCI handwritten digits as MNIST's IDX files.

    python -m pip install -c constraints.txt -e ".[build]"
    python data/build/make_digits.py

Each 8×8 picture, ink 0 to 16, is scaled to 20×20, ink 0 to 255, in the middle of 28×28:
MNIST's own margin. In each class, 36 pictures drawn by a fixed seed become the test set.
"""

import gzip
import hashlib
import struct
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

FOLDER = Path(__file__).resolve().parents[1] / "digits"
TEST_PER_CLASS = 36
SEED = 0


def scale(picture: np.ndarray) -> np.ndarray:
    """(8, 8) of 0 to 16 to (28, 28) uint8 of 0 to 255."""
    grey = Image.fromarray((picture * 255 / 16).round().astype(np.uint8))
    return np.pad(np.asarray(grey.resize((20, 20), Image.Resampling.BICUBIC)), 4)


def split(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the training and of the test pictures, each in the source's order."""
    generator = np.random.Generator(np.random.PCG64(SEED))
    test = [
        generator.permutation(np.flatnonzero(labels == digit))[:TEST_PER_CLASS]
        for digit in range(10)
    ]
    is_test = np.isin(np.arange(len(labels)), np.concatenate(test))
    return np.flatnonzero(~is_test), np.flatnonzero(is_test)


def write_idx(path: Path, array: np.ndarray) -> None:
    """Write uint8 values in MNIST's format: http://yann.lecun.com/exdb/mnist."""
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    path.write_bytes(header + array.astype(np.uint8).tobytes())
    checksum = hashlib.sha256(path.read_bytes()).hexdigest()
    packed = len(gzip.compress(path.read_bytes()))
    print(f"| `{path.name}` | {array.shape} | {checksum} |  ({packed:,} bytes packed)")


if __name__ == "__main__":
    source = load_digits()
    images = np.stack([scale(picture) for picture in source.images])
    FOLDER.mkdir(exist_ok=True)
    for name, chosen in zip(("train", "t10k"), split(source.target), strict=True):
        write_idx(FOLDER / f"{name}-images-idx3-ubyte", images[chosen])
        write_idx(FOLDER / f"{name}-labels-idx1-ubyte", source.target[chosen])
        print(name, "per class:", np.bincount(source.target[chosen]).tolist())
