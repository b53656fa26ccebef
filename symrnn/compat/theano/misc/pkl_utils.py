"""``theano.misc.pkl_utils``: shared variables in a file, by name.

A file holds one pickle, of any object; its shared variables are found again by their names with `load`.
"""

import pickle
import sys

from symrnn.compat.missing import missing

DEFAULT_PROTOCOL = pickle.HIGHEST_PROTOCOL
StripPickler = pickle.Pickler
CompatUnpickler = pickle.Unpickler


def dump(obj, file_handler, protocol=DEFAULT_PROTOCOL, persistent_id=None):
    """Write `obj`, with shared variables as they are, to an open file."""
    # Graphs are pickled node within node, for which Theano raised the limit so far, too.
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 3000))
    pickle.dump(obj, file_handler, protocol)


def load(f, persistent_load=None):
    """What `dump` wrote; a zip of arrays, as Theano wrote it, is refused."""
    start = f.read(2)
    # As many as were read: a file may be shorter.
    f.seek(-len(start), 1)
    if start == b"PK":
        raise NotImplementedError(
            "this file is a zip that Theano's pkl_utils.dump wrote, which symrnn.compat does not read;"
            " save the arrays with numpy.savez where Theano runs"
        )
    return pickle.load(f, encoding="latin1")


__getattr__ = missing(__name__)
