"""The compile time of one case, in a fresh child process under a time and a memory limit."""

from symrnn.bench.records import Job, Record
from symrnn.bench.runner import measured


def compile_time(job: Job) -> Record:
    """The record of `job`: its phases, sizes, peak memory, and what the backends compiled.

    The job's file defines ``build``, ``functions`` and ``batch``, as an experiment's file does. Whatever happens to the
    child, there is a record; its `status` says how it ended.

    A cold job starts from an empty compiledir. A warm job runs a cold one before it, which fills the compiledir.

    ::

        record = compile_time(Job("mine", {"layers": 2}, "mine.py", mode="CVM", time_limit_s=60))
        record.values["rewrite_s"], record.values["after"]["scans"]
    """
    (record,) = measured([job])
    return record
