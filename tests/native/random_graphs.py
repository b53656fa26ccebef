"""Random graphs with the values of their inputs: what a graph may hold is a table of ways to grow it."""

from __future__ import annotations

from collections.abc import Callable

from grown import Graph, Skip
from grown_algebra import binary, cast, comparison, jump, switch, unary
from grown_arrays import gathered, joined, masked, split, written
from grown_loops import chosen, enclosed, gradient, nested, recurrence, stopped, weighted
from grown_sums import product, reduction, stack_of_products
from grown_views import numbered, part, permuted, repeated, reshaped, specified

WAYS = (
    unary, jump, cast, binary, binary, binary, comparison, switch,
    permuted, permuted, part, part, part, numbered, reshaped, repeated, specified,
    reduction, reduction, product, stack_of_products,
    joined, joined, split, written, written, gathered, masked,
    chosen, recurrence, recurrence, weighted, stopped, nested, enclosed, gradient,
)  # fmt: skip


def random_graph(choose: Callable[[int], int]) -> Graph:
    """A graph of up to sixteen steps of growth on up to three inputs and a shared variable."""
    g = Graph(choose)
    for _ in range(1 + choose(3)):
        g.add_input()
    if choose(2):
        g.add_input(as_shared=True)
    for _ in range(2 + choose(15)):
        try:
            g.one(WAYS)(g)
        except (Skip, NotImplementedError, TypeError):  # what this PyTensor does not build
            continue
    return g
