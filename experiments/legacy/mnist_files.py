"""scikit-learn's digits as the four files of MNIST, for old programs that would download them."""

import gzip
import struct

import numpy as np
from sklearn.datasets import load_digits

VALIDATION = 10000  # images that Lasagne's example holds back


def write(folder, train=2000, test=500):
    """Write the files into `folder`: digits of 8 x 8 enlarged to 28 x 28, each several times, in random order."""
    digits = load_digits()
    order = np.random.default_rng(0).integers(0, len(digits.images), VALIDATION + train + test)
    images = np.kron(digits.images[order] * 15, np.ones((3, 3)))
    images = np.pad(images, [(0, 0), (2, 2), (2, 2)]).astype(np.uint8)
    labels = digits.target[order].astype(np.uint8)
    for name, part in (("train", slice(0, -test)), ("t10k", slice(-test, None))):
        write_idx(folder / f"{name}-images-idx3-ubyte.gz", images[part])
        write_idx(folder / f"{name}-labels-idx1-ubyte.gz", labels[part])


def write_idx(path, array):
    """Write bytes in MNIST's format: a magic number that says type and rank, the sizes, the values."""
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape))
        file.write(array.tobytes())
