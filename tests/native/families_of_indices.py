"""Families of ops that read and write by an index: slices and numbers, arrays of numbers, masks."""

import pytensor.tensor as pt
from families_of_views import SLICES
from family import CALLS, NOT_EMPTY, WIDTHS, Family


def set_subtensors(x, y, i):
    return _written(pt.set_subtensor, x, y, i)


def inc_subtensors(x, y, i):
    return _written(pt.inc_subtensor, x, y, i)


def _written(write, x, y, i):
    outputs = {f"{name} scalar": write(x[index], y[0, 0]) for name, index in SLICES.items()}
    outputs |= {f"{name} array": write(x[index], y[index]) for name, index in SLICES.items()}
    outputs["row"] = write(x[1:], y[0])
    outputs["loaded"] = write(x[:, i], y[:, 0])
    outputs["of_zeros"] = write(pt.zeros_like(x)[:, 1:], y[:, 1:])
    outputs["of itself"] = write(x[:, :2], x[:, 1:])
    outputs["twice"] = write(write(x[0], y[0, 0])[:, 0], y[:, 1])
    return outputs


def read_by_arrays(x, y, idx):
    """`x` and `y` are ``(a, b)``, and `a` is at least 3."""
    outputs = {
        "rows": x[idx],
        "columns": x[:, idx],
        "points": x[idx, idx],
        "grid": x[idx[:, None], idx],
    }
    outputs |= {"reversed": x[::-1, idx], "none": x[idx[:0]], "number and array": x[1, idx]}
    return outputs | {
        "computed": (x * y)[idx] + y[idx],
        "take": pt.take(x, idx, axis=1),
        "matrix": x[idx.reshape((2, 2))],
    }


def written_by_arrays(x, y, idx):
    rows = pt.concatenate([y[:2], y[:2]])
    outputs = {
        "set": pt.set_subtensor(x[idx], rows),
        "set points": pt.set_subtensor(x[idx, idx], y[0, 0]),
    }
    outputs |= {"set columns": pt.set_subtensor(x[:, idx], y[:, 0][:, None])}
    if x.dtype == "bool":
        return outputs
    outputs |= {
        "inc": pt.inc_subtensor(x[idx], rows),
        "inc columns": pt.inc_subtensor(x[:, idx], y[:, 0][:, None]),
    }
    outputs |= {
        "inc points": pt.inc_subtensor(x[idx, idx], y[0, 0]),
        "inc grid": pt.inc_subtensor(x[idx[:, None], idx], 1),
    }
    return outputs | {"of itself": pt.inc_subtensor(x[idx], x[idx[::-1]])}


def masks(x, y, mask):
    """How many entries a mask names is known when it is computed, so these wait for it."""
    outputs = {
        "rows": x[mask],
        "set": pt.set_subtensor(x[mask], y[0, 0]),
        "entries": x[pt.neq(x, 0)],
    }
    outputs |= {
        "set entries": pt.set_subtensor(x[pt.neq(y, 0)], y[0, 0]),
        "where": pt.nonzero(pt.neq(x, 0))[0],
    }
    if x.dtype != "bool":
        outputs |= {"inc": pt.inc_subtensor(x[mask], y[mask]), "summed": x[mask].sum(axis=0)}
    return outputs


WAITING = frozenset(
    {
        "AdvancedSubtensor",
        "AdvancedIncSubtensor",
        "Nonzero",
        "BooleanSubtensor",
        "AdvancedSubtensor1",
        "AdvancedIncSubtensor1",
    }
)
INDICES = {
    "set_subtensor": Family(set_subtensors, ("ab", "ab", "index"), WIDTHS, NOT_EMPTY),
    "inc_subtensor": Family(inc_subtensors, ("ab", "ab", "index"), WIDTHS[1:], NOT_EMPTY),
    "read by arrays": Family(read_by_arrays, ("ab", "ab", "indices"), WIDTHS, CALLS[:2]),
    "written by arrays": Family(written_by_arrays, ("ab", "ab", "indices"), WIDTHS, CALLS[:2]),
    "masks": Family(masks, ("ab", "ab", "mask"), WIDTHS, NOT_EMPTY, left=WAITING),
}  # fmt: skip
