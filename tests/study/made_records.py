"""A record, made up. Not in conftest.py, of which one process imports one by that name."""

from symrnn.bench.records import Job, Record

MACHINE = {"cpu": "a CPU", "cores": 2, "memory_bytes": 8 * 10**9, "os": "Linux", "blas_threads": 1}
VERSIONS = {"python": "3.11.9", "pytensor": "3.0.7", "numpy": "2.4.0"}


def make_record(case, seconds=1.0, *, nodes=100, status="ok", message="", **job):
    """A record of one compile job that took `seconds` in each of five phases."""
    size = {"nodes": nodes, "inner_nodes": 2 * nodes, "scans": 4, "components": 8, "by_op": {}}
    phases = dict.fromkeys(("build_s", "grad_s", "rewrite_s", "link_s", "first_call_s"), seconds)
    steps = [seconds / 90, seconds / 100, seconds / 110]
    values = phases | {"total_s": 5 * seconds, "jit_s": seconds, "step_s": steps}
    values |= {"peak_rss_bytes": 10**9, "before": size, "after": size, "is_cold": True}
    details = {"message": message, "machine": MACHINE, "versions": VERSIONS}
    details["wall_s"] = 600.0 if status == "time_limit" else 6 * seconds
    values = values if status == "ok" else {}
    return Record.of(Job("naive", case, **job), status, values=values, **details)
