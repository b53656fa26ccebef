"""Around processes and files: children, records, statistics, comparisons. Nothing here imports PyTensor."""

__all__ = ["cluster", "compare", "in_turns", "records", "runner", "stats", "trace"]
