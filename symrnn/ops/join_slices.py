"""One Join in place of the chain of IncSubtensor nodes that the gradient of slices leaves.

The gradient of ``a[:, :n]``, ``a[:, n:2*n]``, … is written by PyTensor as additions into a matrix of zeros, one copy of
the whole matrix a slice. Where the slices partition the axis it is a concatenation::

    IncSubtensor(IncSubtensor(zeros, g0, 0:n), g1, n:2n)   ->   Join(axis, g0, g1)
"""

import pytensor.tensor as pt
from pytensor.graph.fg import FunctionGraph
from pytensor.tensor.subtensor import IncSubtensor, get_idx_list


def join_slices(fgraph: FunctionGraph) -> None:
    """Replace, in place, every chain of additions into zeros whose slices partition one axis.

    Examples
    --------
    >>> import pytensor
    >>> from pytensor.graph.fg import FunctionGraph
    >>> from pytensor.graph.rewriting.utils import rewrite_graph
    >>> a = pt.matrix("a", shape=(None, 4))
    >>> g = rewrite_graph(pytensor.grad((a[:, :2] ** 2).sum() + a[:, 2:].sum(), a), include=("canonicalize",))
    >>> fgraph = FunctionGraph([a], [g], clone=False)
    >>> join_slices(fgraph)
    >>> type(fgraph.outputs[0].owner.op).__name__
    'Join'
    """
    # From the outputs back: the last addition of a chain holds all others, which are gone once it is replaced.
    for node in reversed(fgraph.toposort()):
        if node in fgraph.apply_nodes and isinstance(node.op, IncSubtensor):
            joined = _joined(node.outputs[0])
            if joined is not None:
                fgraph.replace(node.outputs[0], joined, reason="join_slices")


def _joined(var):
    pieces, axis, width = [], None, None
    out_type = var.type
    while var.owner is not None and isinstance(var.owner.op, IncSubtensor):
        place = _slice_on_one_axis(var.owner)
        if place is None or (axis is not None and place[0] != axis):
            return None
        axis, start, stop = place
        pieces.append((start, stop, var.owner.inputs[1]))
        var = var.owner.inputs[0]
    if not pieces or not _is_zero(var):
        return None
    # They partition the axis when each starts where the one before it stops, the first at 0 and the last at the end.
    width = out_type.shape[axis]
    pieces.sort(key=lambda piece: piece[0])
    edges = [0, *(stop for _, stop, _ in pieces)]
    starts = [start for start, _, _ in pieces]
    if starts != edges[:-1] or edges[-1] != width:
        return None
    # An addition into a slice broadcasts its piece; a join does not.
    if any(piece.type.broadcastable != out_type.broadcastable for _, _, piece in pieces):
        return None
    return pieces[0][2] if len(pieces) == 1 else pt.join(axis, *(piece for _, _, piece in pieces))


def _slice_on_one_axis(node):
    """``(axis, start, stop)`` when the node adds into one slice with constant ends, else None."""
    index = get_idx_list(node.inputs[1:], node.op.idx_list)
    partial = [axis for axis, item in enumerate(index) if item != slice(None)]
    if len(partial) != 1 or not isinstance(index[partial[0]], slice):
        return None
    axis = partial[0]
    size = node.inputs[0].type.shape[axis]
    ends = [_constant(end) for end in (index[axis].start, index[axis].stop, index[axis].step)]
    if size is None or "unknown" in ends:
        return None
    start, stop, step = slice(*ends).indices(size)
    return (axis, start, stop) if step == 1 else None


def _constant(end):
    if end is None:
        return None
    return int(end.data) if hasattr(end, "data") else "unknown"


def _is_zero(var):
    try:
        return pt.get_underlying_scalar_constant_value(var) == 0
    except pt.exceptions.NotScalarConstantError:
        return False
