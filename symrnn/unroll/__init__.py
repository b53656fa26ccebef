"""A cell over time: `scan_unroll`, `scan_states`, `static_unroll`, `bidirectional`, and layers with `stack`."""

from symrnn.unroll.api import bidirectional, scan_states, scan_unroll, stack, static_unroll

__all__ = ["bidirectional", "scan_states", "scan_unroll", "stack", "static_unroll"]
