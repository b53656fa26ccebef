"""Coloured shapes on noisy grounds, 32 by 32 pixels, ten classes: images for a first run that need no download.

An image is drawn from its number alone: a shape of some colour, size and place, before a ground of another colour, with
noise over both. Every class is its own mirror image, as CIFAR's are.
"""

from collections.abc import Callable

import numpy as np

SIDE = 32
Plane = np.ndarray  # (Y, X)

# Where a shape is, by its coordinates: from -1 to 1 across and down.
SHAPES: dict[str, Callable[[Plane, Plane], Plane]] = {
    "disc": lambda x, y: x**2 + y**2 < 1,
    "ring": lambda x, y: (x**2 + y**2 < 1) & (x**2 + y**2 > 0.35),
    "square": lambda x, y: np.maximum(abs(x), abs(y)) < 0.8,
    "frame": lambda x, y: (np.maximum(abs(x), abs(y)) < 0.9) & (np.maximum(abs(x), abs(y)) > 0.5),
    "diamond": lambda x, y: abs(x) + abs(y) < 1,
    "triangle": lambda x, y: (abs(x) < (y + 1) / 2) & (y < 0.9),
    "cross": lambda x, y: (np.minimum(abs(x), abs(y)) < 0.28) & (np.maximum(abs(x), abs(y)) < 1),
    "saltire": lambda x, y: (abs(abs(x) - abs(y)) < 0.3) & (np.maximum(abs(x), abs(y)) < 0.9),
    "bars": lambda x, y: (np.sin(9 * x + np.pi / 2) > 0) & (np.maximum(abs(x), abs(y)) < 1),
    "stripes": lambda x, y: (np.sin(9 * y + np.pi / 2) > 0) & (np.maximum(abs(x), abs(y)) < 1),
}


def drawn_shapes(count: int, *, first: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """``(images (B, Y, X, C), labels (B,))`` in unsigned bytes, the images numbered from `first` on.

    Examples
    --------
    >>> images, labels = drawn_shapes(3, first=8)
    >>> images.shape, labels.tolist()
    ((3, 32, 32, 3), [8, 9, 0])
    """
    numbers = range(first, first + count)
    images = np.stack([image(number) for number in numbers]) if count else np.zeros((0, 32, 32, 3))
    return images.astype("u1"), np.array([n % len(SHAPES) for n in numbers], "u1")


def image(number: int) -> np.ndarray:
    """The image of that number, ``(Y, X, C)``, from 0 to 255."""
    rng = np.random.default_rng([32, number])
    size, (across, down) = rng.uniform(6, 12), rng.uniform(11, 21, 2)
    x, y = (np.arange(SIDE) - across) / size, (np.arange(SIDE)[:, None] - down) / size
    # Whole planes, for a shape that asks of one coordinate alone.
    is_inside = [*SHAPES.values()][number % len(SHAPES)](x + 0 * y, y + 0 * x)
    ground = rng.uniform(40, 215, 3)
    # The colours differ enough to be told apart, and neither tells the class.
    colour = (ground + rng.choice([-1, 1], 3) * rng.uniform(40, 110, 3)).clip(0, 255)
    plain = np.where(is_inside[..., None], colour, ground)
    return (plain + rng.normal(0, rng.uniform(5, 40), plain.shape)).clip(0, 255)
