"""Images moved, mirrored and with a hole in them: how a network is shown the same image in many ways.

Images are ``(B, Y, X, C)`` of unsigned bytes; what comes in at the edges, and a hole, is grey.
"""

import numpy as np

GREY = 128


def cropped(images: np.ndarray, moves: np.ndarray) -> np.ndarray:
    """Each image moved down and right by its row of ``moves (B, 2)``: padded, and cropped to its size.

    Examples
    --------
    >>> images = np.arange(1, 5, dtype="u1").reshape(1, 2, 2, 1)
    >>> cropped(images, np.array([[0, 1]]))[0, :, :, 0].tolist()
    [[128, 1], [128, 3]]
    """
    count, rows, columns, _ = images.shape
    most = int(abs(moves).max(initial=0))
    # Grey all around, as wide as the farthest move: then every image is a window of its frame.
    framed = np.pad(
        images, ((0, 0), (most, most), (most, most), (0, 0)), constant_values=np.uint8(GREY)
    )
    down, right = moves.T[:, :, None]
    row, column = most - down + np.arange(rows), most - right + np.arange(columns)
    return framed[np.arange(count)[:, None, None], row[:, :, None], column[:, None, :]]


def mirrored(images: np.ndarray, is_mirrored: np.ndarray) -> np.ndarray:
    """Those images the other way round for which ``is_mirrored (B,)`` is true.

    Examples
    --------
    >>> images = np.arange(1, 5, dtype="u1").reshape(2, 1, 2, 1)
    >>> mirrored(images, np.array([False, True])).reshape(2, 2).tolist()
    [[1, 2], [4, 3]]
    """
    return np.where(is_mirrored[:, None, None, None], images[:, :, ::-1], images)


def cut_out(images: np.ndarray, middles: np.ndarray, side: int) -> np.ndarray:
    """Each image with a square hole of `side` pixels about its row of ``middles (B, 2)``, as far as it is inside [1]_.

    .. [1] DeVries, Taylor: Improved regularization of convolutional neural networks with cutout. arXiv:1708.04552

    Examples
    --------
    >>> images = np.ones((1, 2, 3, 1), "u1")
    >>> cut_out(images, np.array([[0, 2]]), 2)[0, :, :, 0].tolist()
    [[1, 128, 128], [1, 1, 1]]
    """
    _, rows, columns, _ = images.shape
    first = middles - side // 2
    row, column = (
        (at >= begin[:, None]) & (at < begin[:, None] + side)
        for at, begin in zip((np.arange(rows), np.arange(columns)), first.T, strict=True)
    )
    hole = row[:, :, None, None] & column[:, None, :, None]
    return np.where(hole, np.uint8(GREY), images)
