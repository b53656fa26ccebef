"""``theano.scan_module.scan_opt``: rewrites of scans."""

from pytensor.scan.rewriting import ScanMerge

from symrnn.compat.missing import missing

__getattr__ = missing(__name__, {
    "PushOutNonSeqScan": "pytensor.scan.rewriting.push_out",
    "ScanInplaceOptimizer": "pytensor.scan.rewriting.ScanInplaceOptimizer",
})  # fmt: skip
