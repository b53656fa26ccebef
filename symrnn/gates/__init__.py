"""What a trained recurrent layer does at each step: its gates and its memory, read off a graph and drawn as a page.

Layers are found by their algebra, so whoever wrote them: `walks` gives their gates as arrays, `first_call` what a
network is given when it is asked for the first time, and `page_of_walks` the page of `symrnn explain-cell`.
"""

from symrnn.gates.asked import first_call
from symrnn.gates.page import page_of_walks
from symrnn.gates.walk import Walk, walks

__all__ = ["Walk", "first_call", "page_of_walks", "walks"]
