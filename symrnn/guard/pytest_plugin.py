"""pytest plugin: budgets and snapshots of graph sizes, for any PyTensor function.

    @pytest.mark.graph_budget(scans=2, nodes=180)   every function that the test compiles
    def test_layer(graph_snapshot):
        graph_snapshot.check(pytensor.function(...), name="train")

A suite without them pays one look at each collected test: nothing is imported, no test is wrapped.
"""

import shlex
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from symrnn.guard.snapshot import Key

MARK, FIXTURE = "graph_budget", "graph_snapshot"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("symrnn").addoption(
        "--graph-update",
        action="store_true",
        help="write graph snapshots as they are now, and delete those that are not used",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        f"{MARK}(scans=..., components=..., nodes=..., inner_nodes=..., total_nodes=...,"
        " scalar_nodes=..., widest_scan=..., by_op={...}): limits for every PyTensor function that"
        " the test compiles",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Wrap tests only when one of them asks for it; add a test that fails when a snapshot belongs to none."""
    if any(is_guarded(item) for item in items):
        config.pluginmanager.register(Guard(), "symrnn-graph-guard")
    if is_whole_run(config):
        modules = {item.path: item for item in items if isinstance(item, pytest.Function)}
        for path, item in modules.items():
            module = item.getparent(pytest.Module)
            if module is not None and snapshot_file(path).exists():
                names = frozenset(name_of_test(i) for i in items if i.path == path)
                items.append(Stale.from_parent(module, name="unused graph snapshots", tests=names))


def is_guarded(item: pytest.Item) -> bool:
    """Whether a test has the mark or takes the fixture."""
    return MARK in item.keywords or FIXTURE in getattr(item, "fixturenames", ())


def is_whole_run(config: pytest.Config) -> bool:
    """Whether the modules are collected whole, so that what is not there is gone."""
    # With any of these some tests are not collected, and their snapshots are no leftovers.
    options = ("keyword", "markexpr", "lf", "deselect", "stepwise")
    return not any("::" in arg for arg in config.args) and not any(
        config.getoption(name, None) for name in options
    )


class Guard:
    """The hooks around the tests of a suite that has budgets or snapshots."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        mark = item.get_closest_marker(MARK)
        if mark is None:
            result = yield
        else:
            result = yield from under_budget(mark)
        # After the test and only if it passed: one that failed half-way has not checked all of its graphs.
        snapshots = getattr(item, "funcargs", {}).get(FIXTURE)
        if snapshots is not None:
            snapshots.check_unused()
        return result


def under_budget(mark: pytest.Mark) -> Generator[None, object, object]:
    """The test within its budget; a failure is the message alone."""
    from symrnn.guard.budget import graph_budget

    if mark.args:
        pytest.fail(f"graph_budget takes limits by name, but got {mark.args}", pytrace=False)
    # The message is raised outside of the ``with`` block, so that pytest shows it alone and not how it came up.
    failed, too_large = None, ""
    try:
        with graph_budget(**mark.kwargs):
            try:
                result = yield
            except BaseException as error:
                failed = error
                raise
    except (AssertionError, ValueError) as error:
        if failed is not None:
            raise
        too_large = str(error)
    if too_large:
        pytest.fail(too_large, pytrace=False)
    return result


@pytest.fixture
def graph_snapshot(request: pytest.FixtureRequest) -> "Snapshots":
    """``graph_snapshot.check(graph, name=..., graph=False)``: compares sizes with the file beside the test."""
    return Snapshots(request.node)


class Snapshots:
    """The snapshots of one test."""

    def __init__(self, item: pytest.Item):
        self.test, self.nodeid = name_of_test(item), item.nodeid
        self.path = snapshot_file(item.path)
        self.update = item.config.getoption("--graph-update")
        self.checked: set[str] = set()

    def check(self, target: object, name: str = "graph", *, graph: bool = False) -> None:
        """Fail when the size of `target` (anything that `symrnn.measure.target.target_of` takes) is not the one in the
        file.

        With `graph` the printed graph is compared as well.
        """
        from symrnn.guard import snapshot
        from symrnn.measure.target import target_of

        __tracebackhide__ = True
        # once: a function that builds would build a graph for each question
        function = target_of(target)
        if name in self.checked:
            pytest.fail(
                f"{self.test} checks two graphs named {name!r}; give them names", pytrace=False
            )
        self.checked.add(name)
        key = snapshot.key_of(function, self.test, name)
        new = snapshot.block(function, with_graph=graph)
        if self.update:
            with snapshot.changed(self.path) as blocks:
                blocks[key] = new
            return
        blocks = snapshot.read(self.path)
        if key not in blocks:
            self.miss(key, any((k.test, k.name) == (self.test, name) for k in blocks))
        elif blocks[key] != new:
            sentence, *lines = snapshot.changes(function, blocks[key], new)
            message = [f"{name} of {self.test}: {sentence}", *lines, f"to accept: {self.command}"]
            pytest.fail("\n".join(message), pytrace=False)

    def miss(self, key: "Key", has_others: bool) -> None:
        """Skip when there is a block for another version or mode, fail when there is none at all."""
        missing = f"no snapshot of {key.name} for pytensor {key.version} in mode {key.mode}"
        message = f"{missing}; to add it: {self.command}"
        if has_others:
            # Somebody else's PyTensor: no reason to fail a suite that is right on the versions its author has.
            pytest.skip(message)
        pytest.fail(message, pytrace=False)

    def check_unused(self) -> None:
        """Fail when the file has a graph of this test that the test no longer checks."""
        from symrnn.guard import snapshot

        unused = {k for k in snapshot.read(self.path) if k.test == self.test} - {
            k for k in snapshot.read(self.path) if k.name in self.checked
        }
        if unused and self.update:
            with snapshot.changed(self.path) as blocks:
                for key in unused:
                    blocks.pop(key, None)
        elif unused:
            names = ", ".join(sorted({key.name for key in unused}))
            pytest.fail(
                f"{self.path.name} has a snapshot of {names} that {self.test} does not check;"
                f" to delete it: {self.command}",
                pytrace=False,
            )

    @property
    def command(self) -> str:
        """The command that accepts the graphs of this test."""
        return f"pytest {shlex.quote(self.nodeid)} --graph-update"


class Stale(pytest.Item):
    """Fails when a snapshot file has blocks of tests that are gone; with ``--graph-update`` deletes them."""

    def __init__(self, *, tests: frozenset[str], **kwargs: Any):
        super().__init__(**kwargs)
        self.tests = tests

    def runtest(self) -> None:
        from symrnn.guard import snapshot

        path = snapshot_file(self.path)
        stale = {key for key in snapshot.read(path) if key.test not in self.tests}
        if stale and self.config.getoption("--graph-update"):
            with snapshot.changed(path) as blocks:
                for key in stale:
                    blocks.pop(key, None)
        elif stale:
            tests = ", ".join(sorted({key.test for key in stale}))
            where = shlex.quote(self.nodeid.split("::")[0])
            pytest.fail(
                f"{path.name} has snapshots of tests that are gone: {tests};"
                f" to delete them: pytest {where} --graph-update",
                pytrace=False,
            )

    def repr_failure(self, excinfo: pytest.ExceptionInfo, style: object = None) -> str:
        return str(excinfo.value)

    def reportinfo(self) -> tuple:
        return self.path, None, self.name


def snapshot_file(path: str | Path) -> Path:
    """The file beside a test module that holds its snapshots."""
    return Path(path).with_suffix(".graphs.txt")


def name_of_test(item: pytest.Item) -> str:
    """A test within its module: ``TestLayer::test_size[gru]``."""
    return item.nodeid.split("::", 1)[-1]
