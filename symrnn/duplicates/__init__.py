"""What a graph computes twice: found, explained, removed."""

from symrnn.duplicates.explained import explanation
from symrnn.duplicates.found import Duplicates, duplicates
from symrnn.duplicates.odd_even import OddEvenForm, odd_even_form
from symrnn.duplicates.share import share_recurrences

__all__ = [
    "Duplicates",
    "OddEvenForm",
    "duplicates",
    "explanation",
    "odd_even_form",
    "share_recurrences",
]
