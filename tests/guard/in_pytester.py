"""What a test of the plugin writes and reads: the head of a module, its options, its one failure."""

PLUGINS = ("-p", "symrnn.guard.pytest_plugin", "-p", "no:hypothesispytest", "-p", "no:doctest")

HEAD = """
import pytensor, pytensor.tensor as pt, pytest
x = pt.vector("x")
MODE = pytensor.compile.mode.Mode(linker="py", optimizer=None)
def compiled(y):
    return pytensor.function([x], y, mode=MODE)
"""


def failure(result):
    """The lines of the one failure, without pytest's own."""
    lines = [line for line in result.outlines if line.strip()]
    begin = next(i for i, line in enumerate(lines) if line.startswith("____")) + 1
    end = next(i for i, line in enumerate(lines) if "short test summary" in line)
    return "\n".join(lines[begin:end])
