"""Programs written for Theano, unchanged, on PyTensor.

``python -m symrnn.compat script.py …`` runs a script, ``-m module …`` a module (so ``-m pytest …`` a test suite); in a
notebook, ``import symrnn.compat; symrnn.compat.install()`` comes first. From then on ``import theano`` finds
`symrnn.compat.theano`, a facade of explicit names over PyTensor, and ``import lasagne`` finds `symrnn.lasagne`. A
process that did not ask has neither.

``THEANO_FLAGS`` is read (see `symrnn.compat.flags`), before PyTensor is imported. Functions run in native mode unless a
flag names another (`symrnn.compat.default_mode`).
"""

__all__ = ["install", "uninstall"]


def install(*, lasagne=True, gpu_layers=None, old_numpy=True):
    """Make ``theano``, and unless told otherwise ``lasagne``, importable in this process; see `symrnn.compat.finder`.

    Parameters
    ----------
    lasagne
        Whether ``import lasagne`` finds `symrnn.lasagne`; false leaves it to a Lasagne that is installed.
    gpu_layers
        Whether ``lasagne.layers.dnn`` and ``corrmm`` exist, bound to the plain layers, or raise ImportError as
        Lasagne does
        without a GPU. By default they do unless THEANO_FLAGS say ``device=cpu``.
    old_numpy
        Whether names that NumPy and Python's library dropped since (``np.float``, ``time.clock``) are put back;
        NumPy then prints as it did, too.
    """
    from symrnn.compat import finder, flags, library_era, numpy_era

    given = flags.apply_environment()
    if old_numpy:
        library_era.restore_names()
        numpy_era.restore_names()
    finder.install(
        lasagne=lasagne,
        gpu_layers=given.get("device") != "cpu" if gpu_layers is None else gpu_layers,
    )
    # These import PyTensor, so they come after its flags.
    from symrnn.compat import default_mode, rewrites, scans, variables

    default_mode.choose(given)
    quiet_compilers()
    variables.install()
    scans.install()
    rewrites.install()


def quiet_compilers():
    """Keep the compilers' own lines out of a program's log, whose root level they would follow."""
    import logging

    for name in ("numba", "llvmlite"):
        logger = logging.getLogger(name)
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.WARNING)


def uninstall():
    """Take ``theano`` and ``lasagne`` away again; what a program has imported stays bound in it."""
    from symrnn.compat import default_mode, finder, numpy_era, rewrites, scans, variables

    numpy_era.print_as_today()

    default_mode.restore()
    finder.uninstall()
    variables.uninstall()
    scans.uninstall()
    rewrites.uninstall()
