"""``theano.scan_module.scan_utils``."""

from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import equal_computations
from pytensor.graph.replace import clone_replace
from pytensor.scan.utils import until

from symrnn.compat.missing import missing


def clone(output, replace=None, strict=True, share_inputs=True, copy_inputs=None):
    """A copy of the graph of `output` with some variables replaced.

    Without `share_inputs` the inputs are copied too; the copy of a shared variable shares its storage.
    """
    share_inputs = share_inputs if copy_inputs is None else copy_inputs
    if not share_inputs and isinstance(output, SharedVariable):
        return output.clone()
    return clone_replace(output, replace, rebuild_strict=strict, copy_inputs_over=share_inputs)


__getattr__ = missing(__name__)
