"""What programs read of a scan's op: ``op.n_seqs``, ``op.info["n_seqs"]``, ``op.inputs``."""

import functools

from pytensor.graph.basic import Apply
from pytensor.scan.op import Scan, ScanInfo

COUNTS = (
    "n_seqs",
    "n_mit_mot",
    "n_mit_sot",
    "n_sit_sot",
    "n_nit_sot",
    "n_non_seqs",
    "as_while",
)
OTHER_NAMES = {"n_shared_outs": "n_untraced_sit_sot", "n_other_ignore": "n_non_seqs"}

OF_NODES = ("outer_seqs", "outer_mitmot", "outer_mitsot", "outer_sitsot", "outer_nitsot", "outer_non_seqs",
            "outer_shared", "outer_mitmot_outs", "outer_mitsot_outs", "outer_sitsot_outs", "outer_nitsot_outs",
            "outer_shared_outs")  # fmt: skip
OF_NODES = tuple(name for name in OF_NODES if hasattr(Scan, name))


def of_nodes(method):
    """A method of a list of inputs or outputs that takes the node, too."""

    @functools.wraps(method)
    def called(op, variables):
        if isinstance(variables, Apply):
            variables = variables.outputs if method.__name__.endswith("_outs") else variables.inputs
        return method(op, variables)

    return called


def _of_info(name):
    return property(lambda op: info_entry(op.info, name))


def info_entry(info, name):
    """What Theano's dictionary held under `name`."""
    for spelled in (OTHER_NAMES.get(name), name):
        if spelled is not None and hasattr(info, spelled):
            return getattr(info, spelled)
    raise KeyError(name)


def properties():
    """The attributes that a Scan lacks, by name."""
    found = {name: _of_info(name) for name in (*COUNTS, *OTHER_NAMES)}
    found["var_mappings"] = property(lambda op: op.get_oinp_iinp_iout_oout_mappings())
    found["inputs"] = property(lambda op: op.inner_inputs)
    found["outputs"] = property(lambda op: op.inner_outputs)
    # What PyTensor's Scan has itself stays, since its own code reads it, too.
    return {name: value for name, value in found.items() if not hasattr(Scan, name)}


def install():
    """Let scans have them."""
    for name, value in properties().items():
        setattr(Scan, name, value)
        _added.append(name)
    ScanInfo.__getitem__ = info_entry
    for name in OF_NODES:
        _replaced[name] = getattr(Scan, name)
        setattr(Scan, name, of_nodes(_replaced[name]))


def uninstall():
    """Take them away."""
    while _added:
        delattr(Scan, _added.pop())
    if "__getitem__" in vars(ScanInfo):
        del ScanInfo.__getitem__
    while _replaced:
        setattr(Scan, *_replaced.popitem())


_added, _replaced = [], {}
