"""The outputs of a Scan's step in their places, none written over before the last that reads it."""

from __future__ import annotations

from pytensor.graph.basic import Variable

from symrnn.native.builder import Builder, OpenKernel
from symrnn.native.window import Window


def finish_step(
    inner: Builder, now: list[tuple[Variable, Window]], later: list[tuple[Variable, Window]]
) -> None:
    """Put the outputs of a step in their places; `later` are those whose places other outputs still read."""
    # These go where they are wanted when their kernels are closed, and are settled in the end.
    computed = [
        (var, target) for var, target in now if isinstance(inner.values.get(var), OpenKernel)
    ]
    for var, target in now:
        if (var, target) not in computed:
            inner.settle(var, target)
    pending = _apart(inner, later)
    fused = [
        (var, target, value)
        for var, target in later
        if isinstance(value := inner.values.get(var), OpenKernel)
    ]
    kernels = list(dict.fromkeys(kernel for _, _, kernel in fused))
    # What makes no state comes first: it may read states as they were.
    for kernel in [k for k in inner.open if k not in kernels]:
        inner.close(kernel)
    for kernel in kernels:
        own = [(var, target) for var, target, k in fused if k is kernel]
        if _writes_last(kernel, own, kernels):
            _write_with(inner, kernel, own)
        else:
            pending += own
    direct = [k for k in kernels if k.copies]
    # Again those first that write over no state.
    for kernel in [*(k for k in kernels if not k.copies), *direct]:
        inner.close(kernel)
    for source, target in pending:
        if isinstance(source, Variable):
            inner.settle(source, target)
        else:
            inner.copy(source, target)
    for var, target in computed:
        inner.settle(var, target)


def _apart(
    inner: Builder, later: list[tuple[Variable, Window]]
) -> list[tuple[Variable | Window, Window]]:
    """What is to be written where, of the outputs that no open kernel makes."""
    # A state may become another one's old value (h, c = c, h), and must be read before that is written over.
    states = {target.buffer for _, target in later}
    pending: list[tuple[Variable | Window, Window]] = []
    for var, target in later:
        value = inner.values.get(var)
        if isinstance(value, Window) and value.buffer in states and value != target:
            copy = inner.temporary(value.dtype, value.shape)
            inner.copy(value, copy)
            pending.append((copy, target))
        elif not isinstance(value, OpenKernel):
            pending.append((var, target))
    return pending


def _write_with(inner: Builder, kernel: OpenKernel, own: list[tuple[Variable, Window]]) -> None:
    """Have a kernel write states besides its members."""
    for var, target in own:
        kernel.copies.append((kernel.members[var], target))
        if var not in inner.places and not inner.unread.get(var):
            # The copy is all that there is of it: no member is to be written besides.
            inner.values[var] = target


def _writes_last(
    kernel: OpenKernel, own: list[tuple[Variable, Window]], kernels: list[OpenKernel]
) -> bool:
    """Whether a kernel may write states itself: it reads them at its own index alone, and nothing after it does."""
    for _, target in own:
        if tuple(target.shape) != tuple(kernel.shape):
            return False
        reads = [w for w in kernel.inputs if isinstance(w, Window) and w.buffer is target.buffer]
        # By buffers, not by entries: rather once too often to a copy than once too seldom.
        if any(w != target for w in reads) or any(
            k.reads(target.buffer) for k in kernels if k is not kernel
        ):
            return False
    return True
