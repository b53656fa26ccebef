"""What a record says of its machine is what the system says."""

import builtins
import io
import os
import resource
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from symrnn.bench import machine as module
from symrnn.bench.machine import blas, cpu_name, machine, peak_rss_bytes, usable_cores, versions

only_linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def test_memory_and_cores_are_the_systems():
    found = machine()
    assert found["memory_bytes"] == psutil.virtual_memory().total
    assert found["cores"] == usable_cores() == len(psutil.Process().cpu_affinity())


def test_the_load_is_that_of_the_last_minute(monkeypatch):
    monkeypatch.setattr(os, "getloadavg", lambda: (1.236, 5.0, 9.0))
    assert machine()["load_before"] == 1.24


@pytest.fixture
def proc(monkeypatch):
    """Texts of files that are opened by path, in place of those of the system; None for a file that is not there."""
    texts, opened = {}, builtins.open

    def open_(path, *args, **kwargs):
        if path not in texts:
            return opened(path, *args, **kwargs)
        if texts[path] is None:
            raise FileNotFoundError(path)
        return io.StringIO(texts[path])

    monkeypatch.setattr(builtins, "open", open_)
    return texts


def test_the_processor_has_the_name_that_the_kernel_gives_it(proc, monkeypatch):
    name_again = cpu_name.__wrapped__
    proc["/proc/cpuinfo"] = (
        "processor\t: 0\nmodel name\t: A CPU: with a colon\nmodel name\t: other\n"
    )
    assert name_again() == "A CPU: with a colon"
    proc["/proc/cpuinfo"] = None
    monkeypatch.setattr("platform.processor", lambda: "")
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    assert name_again() == "arm64"
    monkeypatch.setattr("platform.processor", lambda: "a processor")
    assert name_again() == "a processor"


@only_linux
def test_the_most_memory_is_what_was_held_and_not_what_is(proc):
    proc["/proc/self/status"] = "VmPeak:\t  900 kB\nVmHWM:\t   12 kB\nVmRSS:\t    5 kB\n"
    assert peak_rss_bytes() == 12 * 1024


@pytest.mark.parametrize(("platform", "unit"), [("darwin", 1), ("linux", 1024)])
def test_without_proc_the_most_memory_is_getrusages(platform, unit, proc, monkeypatch):
    """In bytes on a Mac, in kilobytes elsewhere."""
    monkeypatch.setattr(module.sys, "platform", platform)
    monkeypatch.setattr(resource, "getrusage", lambda who: type("", (), {"ru_maxrss": 7 + who}))
    for text in (None, "VmRSS: 5 kB\n"):
        proc["/proc/self/status"] = text
        assert peak_rss_bytes() == (7 + resource.RUSAGE_SELF) * unit


def test_without_affinity_the_cores_are_all(monkeypatch):
    monkeypatch.setattr(module.sys, "platform", "darwin")
    for count, cores in ((3, 3), (None, 1)):
        monkeypatch.setattr(os, "cpu_count", lambda count=count: count)
        assert usable_cores() == cores


def test_versions_are_those_installed_and_nothing_is_imported():
    root = Path(module.__file__).parents[2]
    code = "import sys; from symrnn.bench.machine import versions; versions(); print('numpy' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(root)}
    told = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "False"
    found = versions()
    assert found["numpy"] == __import__("numpy").__version__
    found["numpy"] = "changed"
    assert versions()["numpy"] != "changed"  # a copy


def test_threads_of_the_blas_are_those_of_the_largest_pool(monkeypatch):
    pools = [
        {"internal_api": "openblas", "version": "0.3", "num_threads": 2},
        {"internal_api": "openmp", "version": None, "num_threads": 4},
        {"internal_api": "openblas", "version": "0.3", "num_threads": 1},
    ]
    for found, expected in ((pools, ("openblas 0.3, openmp", 4)), ([], ("", 1))):
        monkeypatch.setattr("threadpoolctl.threadpool_info", lambda found=found: found)
        assert tuple(blas().values()) == expected
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    assert blas() == {"blas": "unknown", "blas_threads": 0}
