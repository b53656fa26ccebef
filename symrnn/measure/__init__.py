"""What a graph costs to compile, on any PyTensor graph.

    sizes           `graph_size`: how large it is, and how many recurrences its scans pack
    stages          its phases, in this process
    child_process   `compile_time`: the same in a fresh child process, cold or warm, under limits
    report          `compile_report`: phases, sizes, rewrites and source lines, for people
    rewrite_profile every pass and node rewrite

Nothing is imported here before it is used: the child process that measures times its own imports.
"""

from importlib import import_module

__all__ = ["GraphSize", "compile_report", "compile_time", "graph_size"]

HOMES = {
    "GraphSize": "symrnn.measure.sizes",
    "compile_report": "symrnn.measure.report",
    "compile_time": "symrnn.measure.child_process",
    "graph_size": "symrnn.measure.sizes",
}


def __getattr__(name):
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(HOMES[name]), name)
