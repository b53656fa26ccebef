"""In what two components with equal steps differ: their outer graphs, walked side by side."""

from collections.abc import Mapping
from dataclasses import dataclass

from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Constant, Variable
from pytensor.tensor.elemwise import Elemwise

from symrnn.duplicates.components import INITIAL, LENGTH, Component, gradient_difference
from symrnn.duplicates.kinds import (
    DifferentComputation,
    Kind,
    arithmetic_leaves,
    in_one_line,
    is_count,
    is_parameter,
    is_shape,
    kind_of,
    same_constants,
    same_operation,
    start_of,
)
from symrnn.duplicates.polynomial import fits, polynomial, total


@dataclass(frozen=True, eq=False)
class Difference:
    """One pair of outer variables in which two components differ.

    Attributes
    ----------
    left, right
        What leads to the component that is kept, and to the other.
    role
        As what a step reads them, or what is computed from them: sequence, initial state, ...
    kind
        How they differ.
    text
        The pair in words.
    """

    left: Variable
    right: Variable
    role: str
    kind: Kind
    text: str

    def __str__(self) -> str:
        return f"{self.text} ({self.kind.value})"


def differences(
    first: Component, other: Component, by_output: Mapping[Variable, Component]
) -> list[Difference] | None:
    """In what two components are fed different values, or None when that makes them different computations.

    `by_output` maps the outer outputs of scans to their components.
    """
    walk = Walk(by_output)
    try:
        walk.components(first, other)
    except DifferentComputation:
        return None
    return list(walk.found.values())


class Walk:
    """Two graphs walked side by side from the outputs; the pairs in which they part are `found`."""

    def __init__(self, by_output: Mapping[Variable, Component]):
        self.by_output = by_output
        self.found: dict[frozenset, Difference] = {}
        self.seen: set[tuple[Variable, Variable]] = set()

    def components(self, first: Component, other: Component) -> None:
        """Walk what two components are fed."""
        if text := gradient_difference(first, other):
            self.record(first.outputs[0], other.outputs[0], "step", Kind.GRADIENT, text)
        for (role, x), (_, y) in zip(first.inputs, other.inputs, strict=True):
            if role == INITIAL:
                self.initial(start_of(x), start_of(y))
            else:
                self.variables(x, y, role)

    def initial(self, x: Variable, y: Variable) -> None:
        """Walk two initial states; whatever they are, they are initial states."""
        before = dict(self.found)  # what a walk that fails has found on its way is no cause
        try:
            self.variables(x, y, INITIAL)
        except DifferentComputation:
            self.found = before
            self.record(x, y, INITIAL, Kind.INITIAL_STATE)

    def variables(self, x: Variable, y: Variable, role: str) -> None:
        """Walk two variables."""
        pending = [(x, y)]
        while pending:
            x, y = pending.pop()
            # A pair is walked once: layers above one difference would lead to it again and again, exponentially.
            if x is y or (x, y) in self.seen or are_lengths(x, y, role):
                continue
            self.seen.add((x, y))
            first, other = self.by_output.get(x), self.by_output.get(y)
            if first is not None and other is not None and same_place(x, y, first, other):
                self.components(first, other)
            elif kind := kind_of(x, y, role):
                self.record(x, y, role, kind)
            elif same_operation(x, y):
                pending += zip(x.owner.inputs, y.owner.inputs, strict=True)
            elif sums := paired_sums(x, y):
                pairs, moved = sums
                pending += pairs
                if moved is not None:
                    self.record(*moved, role, Kind.LOOK_AHEAD)
            elif not same_constants(x, y):
                raise DifferentComputation

    def record(
        self, x: Variable, y: Variable, role: str, kind: Kind, text: str | None = None
    ) -> None:
        """Note a pair once, however many ways lead to it."""
        text = text or in_one_line(x, y, kind)
        self.found.setdefault(frozenset((x, y)), Difference(x, y, role, kind, text))


def same_place(x: Variable, y: Variable, first: Component, other: Component) -> bool:
    """Whether x and y are the same output of components with equal steps."""
    return first.key == other.key and first.slot_keys[x] == other.slot_keys[y]


def paired_sums(
    x: Variable, y: Variable
) -> tuple[list[tuple[Variable, Variable]], tuple[Variable, Variable] | None] | None:
    """Two sums: pairs of their terms, and the parameter that is moved in one of them, or nothing.

    After fusion a sum with a look-ahead has one term more: ``xs w + b`` against ``xs w + b + mu v``.
    """
    if not all(v.owner and isinstance(v.owner.op, Elemwise) for v in (x, y)):
        return None
    # Terms that stand in both sums are equal; each other one needs a partner that the same op makes from others.
    left, right = polynomial(x), polynomial(y)
    ours, theirs = dict(left.items() - right.items()), dict(right.items() - left.items())
    pairs = []
    for f in [f for f in ours if len(f) == 1]:
        for g in [g for g in theirs if len(g) == 1 and theirs[g] == ours[f]]:
            if f in ours and same_operation(f[0], g[0]):
                pairs.append((f[0], g[0]))
                del ours[f], theirs[g]
                break
    if not pairs or (ours and theirs):
        return None
    # Terms on one side alone are a jump of the parameter that both sums hold, if state moves it.
    rest = ours or theirs
    if not rest:
        return pairs, None
    leaves = arithmetic_leaves(rest)
    common = [f[0] for f in left.keys() & right.keys() if len(f) == 1]
    base = [x for x in map(start_of, common) if is_parameter(x)]
    if not base or not all(isinstance(leaf, SharedVariable) for leaf in leaves):
        return None
    if not fits(rest, base[0]):
        return None
    return pairs, (base[0], total(rest | {(base[0],): 1.0}, base[0]))


def are_lengths(x: Variable, y: Variable, role: str) -> bool:
    """Whether a pair only tells how long something is; that follows from what it is."""
    if role == LENGTH or (is_shape(x) and is_shape(y)):
        return True
    # Two literal counts are a decision of whoever wrote them (5 steps against 8), and no consequence of the data.
    both_fixed = isinstance(x, Constant) and isinstance(y, Constant)
    return is_count(x) and is_count(y) and not both_fixed
