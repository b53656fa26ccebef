"""A plugin of pytest: run every N-th test from the I-th on, and write each outcome down as soon as it is known."""

import json


def pytest_addoption(parser):
    parser.addoption("--piece", default="0/1", help="I/N")
    parser.addoption("--outcomes", help="a file of JSON lines")


def pytest_collection_modifyitems(config, items):
    first, step = map(int, config.getoption("--piece").split("/"))
    dropped = [item for i, item in enumerate(items) if i % step != first]
    items[:] = [item for i, item in enumerate(items) if i % step == first]
    config.hook.pytest_deselected(items=dropped)


def pytest_configure(config):
    if config.getoption("--outcomes"):
        config.pluginmanager.register(Outcomes(config.getoption("--outcomes")), "outcomes")


class Outcomes:
    """Writes a line a test, and one a file that cannot be collected."""

    def __init__(self, path):
        self.path = path

    def pytest_runtest_logreport(self, report):
        if report.when == "call" or report.outcome != "passed":
            self.write(report.nodeid, report.outcome, report)

    def pytest_collectreport(self, report):
        if report.failed:
            self.write(report.nodeid, "failed", report)

    def write(self, name, outcome, report):
        lines = [line for line in str(report.longrepr or "").splitlines() if line.startswith("E  ")]
        said = lines[0][1:].strip() if lines else str(report.longrepr or "")[-200:]
        with open(self.path, "a") as file:
            file.write(json.dumps([name, outcome, said]) + "\n")
