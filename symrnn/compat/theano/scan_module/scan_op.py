"""``theano.scan_module.scan_op``: the op of a scan; `symrnn.compat.scans` gives it the attributes it had."""

from pytensor.scan.op import Scan

from symrnn.compat.missing import missing

__getattr__ = missing(__name__)
