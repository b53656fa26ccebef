"""Theano's names of rewrites, where a mode is told to leave them out or take them in; and of applying them."""

from pytensor.compile.mode import Mode
from pytensor.graph.rewriting.basic import GraphRewriter

RENAMED = {
    "scanOp_pushout_seqs_ops": "scan_push_out_seq",
    "scanOp_pushout_nonseqs_ops": "scan_push_out_non_seq",
    "scanOp_pushout_output": "scan_push_out_add",
    "scan_pushout_dot1": "scan_push_out_dot1",
    "scanOp_save_mem": "scan_save_mem",
    "scanOp_make_inplace": "scan_make_inplace",
    "scanOp_merge": "scan_merge",
    "scanOp_merge_inouts": "scan_merge_inouts",
    "inplace_elemwise_opt": "inplace_elemwise",
    "local_elemwise_fusion": "fusion",
    "local_log_softmax": "local_logsoftmax",
    "c_blas": "CBlas",
}


def with_theanos_names(method):
    """A method of `Mode` that takes Theano's names beside PyTensor's."""

    def called(mode, *tags):
        # Both spellings: PyTensor passes over a name that it does not know.
        return method(mode, *tags, *(RENAMED[tag] for tag in tags if tag in RENAMED))

    return called


def install():
    """Let modes know Theano's names."""
    GraphRewriter.optimize = lambda rewriter, fgraph: rewriter.rewrite(fgraph)
    for name in ("including", "excluding", "requiring"):
        _replaced[name] = getattr(Mode, name)
        setattr(Mode, name, with_theanos_names(_replaced[name]))


def uninstall():
    """Let modes be PyTensor's."""
    if "optimize" in vars(GraphRewriter):
        del GraphRewriter.optimize
    while _replaced:
        setattr(Mode, *_replaced.popitem())


_replaced = {}
