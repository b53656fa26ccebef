"""Which tests run which lines of a package, and how long each takes: one run of its tests under Coverage."""

import json
from pathlib import Path

import coverage
import pytest


class Contexts:
    """A plugin of pytest: lines belong to the test that runs, and each test has a time."""

    def __init__(self, measured: coverage.Coverage) -> None:
        self.measured = measured
        self.seconds: dict[str, float] = {}
        self.failed: list[str] = []

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item):
        self.measured.switch_context(item.nodeid)
        yield
        self.measured.switch_context("")

    def pytest_runtest_logreport(self, report):
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration
        if report.failed:
            self.failed.append(report.nodeid)


def measure(root: Path, package: str, tests: list[str], file: Path) -> None:
    """Run the tests and write down, for each line of the package, which of them ran it."""
    measured = coverage.Coverage(data_file=None, include=[f"{root / package}/*"])
    contexts = Contexts(measured)
    measured.start()
    pytest.main(["-q", "-p", "no:cacheprovider", "-m", "not slow", *tests], plugins=[contexts])
    measured.stop()
    assert not contexts.failed, contexts.failed
    data = measured.get_data()
    lines = {
        str(Path(name).relative_to(root)): {
            line: sorted(filter(None, tests))
            for line, tests in data.contexts_by_lineno(name).items()
        }
        for name in data.measured_files()
    }
    file.write_text(json.dumps({"seconds": contexts.seconds, "lines": lines}))


def tests_of(covered: dict, mutant) -> list[str]:
    """The tests that run the statement of a mutant; where none does, those that run its file, else all.

    What runs on import has no test of its own.
    """
    lines = covered["lines"].get(mutant.path, {})
    statement = range(mutant.first_line, mutant.last_line + 1)
    here = {test for line in statement for test in lines.get(str(line), ())}
    every = {test for tests in lines.values() for test in tests}
    return sorted(here or every or covered["seconds"])
