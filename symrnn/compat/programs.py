"""Running a program as ``python`` would, with its own sources read as those of its time.

Only sources of the program are: not those in the standard library, in installed packages, or in symrnn. What is
converted is
compiled in memory; no bytecode is written.
"""

import ast
import builtins
import importlib.abc
import importlib.machinery
import importlib.util
import os
import runpy
import site
import sys
import sysconfig
import types
from dataclasses import dataclass

from symrnn.compat import generators, python2, sources
from symrnn.errors import UserError


@dataclass(frozen=True)
class Era:
    """When a program was written: for Python 2, for a NumPy that took lists as indices."""

    python2: bool = False
    old_numpy: bool = True

    def tree(self, source, path):
        """The syntax tree of a source (bytes) at `path`."""
        tree = python2.parsed(source, path) if self.python2 else sources.parsed(source, path)
        if self.python2 or self.old_numpy:
            tree = generators.with_quiet_ends(tree)
        return sources.with_old_indices(tree) if self.old_numpy else tree

    def code(self, source, path):
        """The bytecode of a source (bytes) at `path`."""
        tree = self.tree(source, path)
        try:
            return compile(tree, path, "exec", dont_inherit=True)
        except SyntaxError as error:
            if not self.python2:
                raise
            raise python2.no_python_3(path, error) from error


def era_in_use():
    """The era that the program's own modules are read by; Python 2's where none is installed."""
    finders = (one for one in sys.meta_path if isinstance(one, SourceFinder))
    return next((one.era for one in finders), Era(python2=True))


def run_script(path, arguments, era):
    """Run a file as ``__main__``."""
    if not os.path.isfile(path):
        raise UserError(f"{path} is not a file; name a script, or a module with -m")
    install_sources(era)
    sys.argv = [path, *arguments]
    sys.path[0:1] = [os.path.dirname(os.path.abspath(path))]
    run_source(path, era)


def run_source(path, era, package=None):
    """Run a source as ``__main__``."""
    main = types.ModuleType("__main__")
    main.__dict__.update(__file__=path, __builtins__=module_builtins(era), __package__=package)
    sys.modules["__main__"] = main
    with open(path, "rb") as file:
        code = era.code(file.read(), path)
    exec(code, main.__dict__)  # the program that was asked for


def run_module(name, arguments, era):
    """Run a module as ``__main__``."""
    install_sources(era)
    if name.partition(".")[0] in ("pytest", "py"):
        convert_tests(era)
        arguments = ["-p", "symrnn.compat.nose.in_pytest", *arguments]
    sys.argv = [name, *arguments]
    sys.path[0:1] = [os.getcwd()]
    spec = importlib.util.find_spec(name)
    if (
        spec is not None
        and isinstance(spec.loader, ConvertingLoader)
        and not spec.submodule_search_locations
    ):
        run_source(spec.origin, era, spec.parent)
    else:
        runpy.run_module(name, run_name="__main__", alter_sys=True)


def module_builtins(era):
    """What the program finds as built-in names."""
    return vars(builtins) | python2.BUILTINS if era.python2 else builtins


def install_sources(era):
    """Read the program's modules by `era`."""
    if era.python2:
        python2.install_modules()
    # Behind the aliases of theano and lasagne, before Python's own finder.
    sys.meta_path.insert(1, SourceFinder(era))


class SourceFinder(importlib.abc.MetaPathFinder):
    """Finds the program's own modules and gives them a loader that converts."""

    def __init__(self, era):
        self.era = era

    def find_spec(self, fullname, path=None, target=None):
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if (
            spec is None
            or not isinstance(spec.loader, importlib.machinery.SourceFileLoader)
            or not is_own(spec.origin)
        ):
            return None
        spec.loader = ConvertingLoader(spec.loader.name, spec.loader.path, self.era)
        return spec


class ConvertingLoader(importlib.machinery.SourceFileLoader):
    """Compiles a source as its era says."""

    def __init__(self, fullname, path, era):
        super().__init__(fullname, path)
        self.era = era

    def get_code(self, fullname):
        return self.era.code(self.get_data(self.path), self.path)

    def exec_module(self, module):
        module.__builtins__ = module_builtins(self.era)
        super().exec_module(module)


def is_own(path):
    """Whether a source belongs to the program."""
    return not os.path.abspath(path).startswith(installed_folders())


def installed_folders():
    """Where Python, packages and symrnn lie."""
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    folders = {
        here,
        *site.getsitepackages(),
        site.getusersitepackages(),
        *sysconfig.get_paths().values(),
        *(
            entry
            for entry in sys.path
            if os.path.basename(entry) in ("site-packages", "dist-packages")
        ),
    }
    # The prefix itself may be a folder above the program, such as /usr.
    folders -= {sysconfig.get_path("data"), sysconfig.get_path("scripts")}
    return tuple(os.path.join(folder, "") for folder in folders)


def convert_tests(era):
    """Let pytest, which reads test files itself, convert them too; its cache of them stays out of use."""
    import _pytest.assertion.rewrite as rewrite

    def rewritten(path, config):
        source = path.read_bytes()
        own = is_own(path)
        tree = era.tree(source, str(path)) if own else ast.parse(source, str(path))
        rewrite.rewrite_asserts(tree, source, str(path), config)
        return importlib.util.source_hash(source), compile(
            tree, str(path), "exec", dont_inherit=True
        )

    def exec_module(hook, module):
        if is_own(module.__spec__.origin):
            module.__builtins__ = module_builtins(era)
        original_exec(hook, module)

    original_exec = rewrite.AssertionRewritingHook.exec_module
    # pytest reads test files by this function of its own, and not by loaders.
    rewrite._rewrite_test = rewritten
    rewrite.AssertionRewritingHook.exec_module = exec_module
    sys.dont_write_bytecode = True
    sys.pycache_prefix = os.path.join(os.path.dirname(__file__), "no-such-cache")
