"""Budgets and snapshots of graph sizes, and the pytest plugin that holds tests to them.

Nothing is imported here before it is used: pytest loads the plugin of this package at its start.
"""

__all__ = ["assert_graph_budget", "graph_budget"]


def __getattr__(name):
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from symrnn.guard import budget

    return getattr(budget, name)
