"""What a graph costs to compile, on any PyTensor graph.

    graph_size      how large it is, and how many recurrences its scans pack
    stages          its phases, in this process
    compile_time    the same in a fresh child process, cold or warm, under limits
    report          `compile_report`: phases, sizes, rewrites and source lines, for people
    rewrite_profile every pass and node rewrite

Nothing is imported here before it is used: the child process that measures times its own imports.
"""


def __getattr__(name):
    if name == "compile_report":
        from symrnn.measure.report import compile_report

        return compile_report
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
