"""What a measurement ran on: the machine, the versions, and the threads that are pinned."""

import os
import platform
import sys
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

import symrnn

# One thread a job: more would disturb other jobs, and make small products slower.
BLAS_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
PINNED_THREADS = dict.fromkeys(BLAS_THREADS, "1") | {
    "NUMEXPR_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
}

PACKAGES = ("pytensor", "numpy", "scipy", "numba", "llvmlite", "jax", "jaxlib", "torch")


def machine() -> dict:
    """Processor, cores, memory, operating system, and the load before the job.

    Examples
    --------
    >>> sorted(machine())
    ['cores', 'cpu', 'load_before', 'memory_bytes', 'os']
    """
    return {
        "cpu": cpu_name(),
        "cores": usable_cores(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "os": platform.platform(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def versions() -> dict[str, str]:
    """Versions of Python, symrnn, and what is installed of the packages that matter.

    Nothing is imported for it; it is looked up once a process.
    """
    return dict(found_versions())


@lru_cache(maxsize=1)
def found_versions() -> dict[str, str]:
    """What `versions` returns a copy of."""
    found = {"python": platform.python_version(), "symrnn": symrnn.__version__}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def blas() -> dict:
    """The BLAS libraries that are loaded in this process, and their threads (by threadpoolctl).

    Empty before NumPy is imported; ``blas_threads`` is the largest number of any pool, 0 where
    threadpoolctl is missing.
    """
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return {"blas": "unknown", "blas_threads": 0}
    # NumPy's and SciPy's wheels bring a BLAS each: with one pinned and one not, the larger number tells.
    pools = threadpool_info()
    names = {f"{p['internal_api']} {p['version'] or ''}".strip() for p in pools}
    threads = max((p["num_threads"] for p in pools), default=1)
    return {"blas": ", ".join(sorted(names)), "blas_threads": threads}


@lru_cache(maxsize=1)
def cpu_name() -> str:
    """The processor as the kernel names it."""
    try:
        with open("/proc/cpuinfo") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def usable_cores() -> int:
    """Cores that this process may run on."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def peak_rss_bytes() -> int:
    """The most memory that this process has held.

    Read from ``/proc`` on Linux: what ``getrusage`` reports there begins with the memory of the
    parent process at the fork.
    """
    try:
        with open("/proc/self/status") as lines:
            peaks = [line.split()[1] for line in lines if line.startswith("VmHWM")]
        return int(peaks[0]) * 1024
    except (OSError, IndexError):
        from resource import RUSAGE_SELF, getrusage

        return getrusage(RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
