"""``theano.tensor.nnet.neighbours``: patches of images as rows."""

import pytensor.tensor as pt

from symrnn.compat.missing import missing


def images2neibs(ten4, neib_shape, neib_step=None, mode="valid"):
    """The patches of `ten4` (B, C, H, W), a row each: (B * C * places, rows * columns).

    In mode ``ignore_borders`` what is left over beyond the last patch is not taken; ``valid`` says that none is.
    """
    if mode not in ("valid", "ignore_borders"):
        raise NotImplementedError(f"mode must be 'valid' or 'ignore_borders' here, but is {mode!r}")
    step = neib_shape if neib_step is None else neib_step
    places, taken = [], []
    for axis in range(2):
        start = pt.arange(0, ten4.shape[2 + axis] - neib_shape[axis] + 1, step[axis])
        places.append(start)
        taken.append(pt.arange(neib_shape[axis]))
    # (places down, places across, rows of a patch, its columns): reshaped, a patch is a row.
    rows = places[0][:, None, None, None] + taken[0][None, None, :, None]
    columns = places[1][None, :, None, None] + taken[1][None, None, None, :]
    return ten4[:, :, rows, columns].reshape((-1, neib_shape[0] * neib_shape[1]))


def neibs2images(neibs, neib_shape, original_shape, mode="valid"):
    """The images (B, C, H, W) of `original_shape` that `neibs` are the patches of, side by side."""
    b, c, h, w = (original_shape[i] for i in range(4))
    across, down = w // neib_shape[1], h // neib_shape[0]
    patches = neibs.reshape((b, c, down, across, neib_shape[0], neib_shape[1]))
    return patches.dimshuffle(0, 1, 2, 4, 3, 5).reshape((b, c, h, w))


__getattr__ = missing(__name__)
