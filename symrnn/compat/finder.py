"""The import finder: ``theano.x`` is `symrnn.compat.theano.x`, ``lasagne.x`` is `symrnn.lasagne.x`, the same modules.

Both names then stand in ``sys.modules``, so that ``from theano.tensor.nnet import relu`` works in any order, and a
class is one class however it
was reached.
"""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys

GPU_LAYERS = ("lasagne.layers.dnn", "lasagne.layers.corrmm", "lasagne.layers.cuda_convnet")
ROOTS = {
    "theano": "symrnn.compat.theano",
    "lasagne": "symrnn.lasagne",
    "nose": "symrnn.compat.nose",
}


class AliasFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds modules under `roots` where they really are."""

    def __init__(self, roots, gpu_layers):
        self.roots = roots
        self.gpu_layers = gpu_layers

    def find_spec(self, fullname, path=None, target=None):
        root, _, rest = fullname.partition(".")
        # Programs import it without naming it among what they need: it came with Theano.
        if fullname == "six" and importlib.machinery.PathFinder.find_spec("six") is None:
            raise ModuleNotFoundError("six, which came with Theano, is not installed: pip install symrnn[compat]",
                                      name="six")  # fmt: skip
        if root not in self.roots:
            return None
        if fullname in GPU_LAYERS and not self.gpu_layers:
            raise ImportError(f"{fullname} requires a GPU, and THEANO_FLAGS say device=cpu;"
                              " leave that out to get the plain layers under its names")  # fmt: skip
        real = ".".join(filter(None, [self.roots[root], rest]))
        try:
            found = importlib.util.find_spec(real)
        except ModuleNotFoundError:
            found = None
        if found is None:
            in_a_checkout = spec_of_tests(fullname)
            if in_a_checkout is None:
                raise ModuleNotFoundError(missing_module(fullname), name=fullname)
            return in_a_checkout
        return importlib.util.spec_from_loader(
            fullname, self, is_package=found.submodule_search_locations is not None
        )

    def create_module(self, spec):
        root, _, rest = spec.name.partition(".")
        module = importlib.import_module(".".join(filter(None, [self.roots[root], rest])))
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module):
        """Nothing is left to do, but to give the module back the spec it had: importing it put the alias's there."""
        module.__spec__ = sys.modules[module.__name__].__spec__ = real_spec(module)

    def get_code(self, fullname):
        """So that ``runpy`` can run ``-m theano.x``, if anybody does."""
        root, _, rest = fullname.partition(".")
        real = importlib.util.find_spec(".".join(filter(None, [self.roots[root], rest])))
        return real.loader.get_code(real.name)


def spec_of_tests(fullname):
    """The spec of a test suite's module in a checkout on the path, ``theano.tensor.tests.test_basic``, if there is one.

    Only tests are taken from a checkout: what they test is ours.
    """
    if "tests" not in fullname.split("."):
        return None
    *folders, _ = fullname.split(".")
    return importlib.machinery.PathFinder.find_spec(
        fullname, [os.path.join(entry, *folders) for entry in sys.path]
    )


def real_spec(module):
    """The spec of `module` under its own name."""
    spec = module.__spec__
    return getattr(spec, "loader_state", None) or spec


def missing_module(fullname):
    """What to say when a module is not there: what its package says of the name, if that is imported."""
    package, _, name = fullname.rpartition(".")
    if package in sys.modules and fullname.startswith("theano"):
        try:
            getattr(sys.modules[package], name)
        except AttributeError as error:
            # The general advice is worth less than what is said below.
            if "look for" not in str(error):
                return str(error)
    if fullname.startswith("theano"):
        return (f"{fullname} is not part of symrnn.compat; its facade has theano, theano.tensor (nnet, signal,"
                " nlinalg, slinalg), gradient, gof, compile, scan_module, printing, ifelse, sandbox.rng_mrg;"
                f" PyTensor's own modules are at pytensor{fullname[6:]}, if there is one")  # fmt: skip
    if fullname in GPU_LAYERS:
        return f"{fullname} requires a GPU and pylearn2; use lasagne.layers.Conv2DLayer and its kin"
    return f"{fullname} is not part of symrnn.lasagne; `dir(lasagne)` lists what is"


def install(*, lasagne, gpu_layers):
    """Put the finder in front; a second call replaces the first one's."""
    uninstall()
    roots = {name: real for name, real in ROOTS.items() if lasagne or name != "lasagne"}
    sys.meta_path.insert(0, AliasFinder(roots, gpu_layers))


def uninstall():
    """Take the finder and its names out."""
    for finder in [one for one in sys.meta_path if isinstance(one, AliasFinder)]:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if name.partition(".")[0] in finder.roots]:
            del sys.modules[name]
