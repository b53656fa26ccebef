"""``theano.function``: what it accepted and `pytensor.function` does not."""

import warnings

import pytensor
import pytensor.tensor as pt
from pytensor.compile.mode import Mode, get_mode
from pytensor.compile.ops import wrap_py
from pytensor.graph.traversal import ancestors

from symrnn.compat.flags import MODES
from symrnn.modes import MODES as BACKENDS
from symrnn.modes import NATIVE

from .defaults import WithDefaults, has_default, next_value


def function(inputs, outputs=None, mode=None, updates=None, givens=None, no_default_updates=False,
             accept_inplace=False, name=None, rebuild_strict=True, allow_input_downcast=None, profile=None,
             on_unused_input=None):  # fmt: skip
    """A callable that computes `outputs` from `inputs`; a dictionary of outputs makes it return one."""
    inputs = list(inputs)
    keys = sorted(outputs) if isinstance(outputs, dict) else None
    shown = outputs if keys is None else [outputs[key] for key in keys]
    following = [next_value(one) for one in inputs if next_value(one) is not None]
    wrapped = keys is not None or following or any(map(has_default, inputs))
    computed = [*aslist(shown), *following] if wrapped else shown
    pairs = list(updates.items() if hasattr(updates, "items") else updates or [])
    options = {"no_default_updates": no_default_updates} if no_default_updates else {}
    mode = writing_over(known_mode(mode), computed, accept_inplace)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        compiled = pytensor.function(
            inputs, computed, mode=mode, updates=[fitting(shared, value) for shared, value in pairs],
            givens=givens, accept_inplace=accept_inplace, name=name, rebuild_strict=rebuild_strict,
            allow_input_downcast=allow_input_downcast, profile=profile, on_unused_input=on_unused_input, **options,
        )  # fmt: skip
    return WithDefaults(compiled, inputs, packing(outputs, keys)) if wrapped else compiled


def packing(outputs, keys):
    """The function from a list of values to what a function of `outputs` returns."""
    if keys is not None:
        return lambda found: dict(zip(keys, found, strict=True))
    if outputs is None or isinstance(outputs, (list, tuple)):
        return list
    return lambda found: found[0]


def known_mode(mode):
    """A mode's name in PyTensor."""
    return MODES.get(mode, mode) if isinstance(mode, str) else mode


def writing_over(mode, outputs, accept_inplace):
    """`mode`, or one that runs op by op where the program itself says that an op writes over its argument.

    Native code gives results of their own.
    """
    if not accept_inplace:
        return mode
    full = get_mode(mode)
    variables = [getattr(one, "variable", one) for one in aslist(outputs)]
    nodes = (one.owner for one in ancestors(variables) if one.owner is not None)
    if type(full.linker).__name__ == BACKENDS[NATIVE].linker and any(
        node.op.destroy_map for node in nodes
    ):
        return Mode("py", full.provided_optimizer)
    return mode


def aslist(outputs):
    """`outputs` of a function as a list."""
    if outputs is None:
        return []
    return list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]


def fitting(shared, value):
    """The update of `shared` with `value` in its type.

    PyTensor refuses a value whose axes of size one are known for a variable where they are not, and the other way
    round; Theano took both.
    """
    value = pt.as_tensor(value) if not hasattr(value, "type") else value
    ours, theirs = getattr(shared.type, "shape", None), getattr(value.type, "shape", None)
    if (
        ours is None
        or theirs is None
        or len(ours) != len(theirs)
        or shared.type.dtype != value.type.dtype
    ):
        return shared, value
    for axis, (stored, given) in enumerate(zip(ours, theirs, strict=True)):
        if stored is None and given == 1:
            value = with_free_axis(value, axis, shared.shape[axis])
    if any(
        stored is not None and given is None for stored, given in zip(ours, theirs, strict=True)
    ):
        value = pt.specify_shape(value, ours)
    return shared, value


def with_free_axis(x, axis, size):
    """`x`, one of whose axes has size one, with a size there that its type does not know: `size`, or one."""
    # a slice whose end is not known has a size that is not known
    return x[(slice(None),) * axis + (slice(None, pt.maximum(size, 1)),)]


def as_op(itypes, otypes, infer_shape=None):
    """A decorator that makes an op of a Python function."""
    return wrap_py(itypes, otypes, infer_shape)
