"""Handwritten digits, row by row: scikit-learn's, and those of MNIST.

Shapes: ``B`` images, ``T`` rows of ``D`` pixels; pixels lie in [0, 1], labels are int32.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from symrnn.data import idx


class Digits(NamedTuple):
    """Images to train on, or to test on."""

    xs: np.ndarray  # (T, B, D)
    labels: np.ndarray  # (B,)


def load_digit_rows(*, dtype: str = "float64", seed: int = 0) -> tuple[Digits, Digits]:
    """``(xs, labels)`` to train on, 1437 images, and ``(xs, labels)`` to test on, 360: scikit-learn's, 8 by 8 pixels.

    The split is drawn from `seed`, stratified by digit.
    """
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    # scikit-learn's pixels go from 0 to 16.
    images = digits.images / 16
    parts = train_test_split(
        images, digits.target, test_size=0.2, random_state=seed, stratify=digits.target
    )
    train, test, train_labels, test_labels = parts
    return rows(train, train_labels, dtype), rows(test, test_labels, dtype)


def load_mnist_rows(folder: str | Path, *, dtype: str = "float64") -> tuple[Digits, Digits]:
    """The images of MNIST's four files in `folder`, as `symrnn.data.idx.read` reads them, to train and to test on."""
    train, test = idx.read(folder)
    return rows(train.images / 255, train.labels, dtype), rows(
        test.images / 255, test.labels, dtype
    )


def rows(images: np.ndarray, labels: np.ndarray, dtype: str) -> Digits:
    """`Digits` of ``images (B, T, D)``."""
    # Time first, and in that order in memory: a step of the scan is then one stretch of it.
    xs = np.ascontiguousarray(images.transpose(1, 0, 2), dtype=dtype)
    return Digits(xs, labels.astype("int32"))
