"""Experiments read from files, and what their records say: tables, figures, reports."""

__all__ = [
    "against_hand",
    "amounts",
    "experiment",
    "figures",
    "growth",
    "page",
    "quantities",
    "report",
    "table",
]
