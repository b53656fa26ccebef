"""Experiments read from files, and what their records say: tables, figures, reports."""
