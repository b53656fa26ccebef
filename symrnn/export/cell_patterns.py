"""The cells that are recognised: one row of `CELL_PATTERNS` a way to write one, and how rows are matched.

A row's equations say the next states in terms of the last ones. In them,

* ``h``, ``c`` are last states, ``c_new`` is a next one;
* lower-case functions ``f``, ``g``, ``k`` stand for activations, the same one wherever the same letter stands;
* capital letters stand for affine forms of the input and the last output: ``x @ W + h @ R + b``;
* ``map(...)`` is a product with any matrix.

Both sides are multiplied out, so a row matches whatever is equal to it by addition and multiplication. `gates` names
the capital letters in the order of a kind's columns (LSTM ``i f o g``, GRU ``reset update new``); ``-U`` is ``U`` with
all its signs turned, since ``1 - sigmoid(u) = sigmoid(-u)``.

How to add one: write the row. A cell that is no LSTM, GRU or RNN with other weights has no operator in ONNX, and stays
a Scan without any row. The row below for coupled gates was added so:

>>> [row.name for row in CELL_PATTERNS if row.kind == "LSTM"]
['LSTM', 'LSTM with coupled gates']
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

import numpy as np

from symrnn.export.algebra import Algebra, Form, NoForm, Product

Binding = dict[str, Any]


@dataclass(frozen=True)
class CellPattern:
    """One way to write a cell; see the module's docstring.

    Attributes
    ----------
    name
        Of the row.
    kind
        ``"LSTM"``, ``"GRU"`` or ``"RNN"``.
    equations
        The next value of each state; the first state is put out.
    gates
        Capital letters by the kind's columns.
    peepholes
        Gates that may see a state unit by unit, and which.
    exact
        Activations that the row is true for alone.
    reset
        Of a GRU: ``"after"`` or ``"before"`` the product with the recurrent weights.
    """

    name: str
    kind: str
    equations: Mapping[str, str]
    gates: tuple[str, ...]
    peepholes: Mapping[str, str] = field(default_factory=dict)
    exact: Mapping[str, str] = field(default_factory=dict)
    reset: str = ""


PEEPHOLES = {"I": "c", "F": "c", "O": "c_new"}
CELL_PATTERNS: tuple[CellPattern, ...] = (
    CellPattern(
        "LSTM",
        "LSTM",
        {"h": "f(O) * k(c_new)", "c": "f(I) * g(G) + f(F) * c"},
        ("I", "F", "O", "G"),
        PEEPHOLES,
    ),
    CellPattern(
        "LSTM with coupled gates",
        "LSTM",
        {"h": "f(O) * k(c_new)", "c": "(1 - f(F)) * g(G) + f(F) * c"},
        ("-F", "F", "O", "G"),
        PEEPHOLES,
        exact={"f": "Sigmoid"},
    ),
    CellPattern(
        "GRU, reset after the product",
        "GRU",
        {"h": "(1 - f(U)) * g(N + f(S) * M) + f(U) * h"},
        ("S", "U", "N", "M"),
        reset="after",
    ),
    CellPattern(
        "GRU, reset before the product",
        "GRU",
        {"h": "(1 - f(U)) * g(N + map(f(S) * h)) + f(U) * h"},
        ("S", "U", "N"),
        reset="before",
    ),
    CellPattern(
        "GRU whose update gate lets in, reset after the product",
        "GRU",
        {"h": "f(U) * g(N + f(S) * M) + (1 - f(U)) * h"},
        ("S", "-U", "N", "M"),
        exact={"f": "Sigmoid"},
        reset="after",
    ),
    CellPattern(
        "GRU whose update gate lets in, reset before the product",
        "GRU",
        {"h": "f(U) * g(N + map(f(S) * h)) + (1 - f(U)) * h"},
        ("S", "-U", "N"),
        exact={"f": "Sigmoid"},
        reset="before",
    ),
    CellPattern("RNN", "RNN", {"h": "g(A)"}, ("A",)),
)


def terms_of(text: str) -> list[tuple[float, tuple[Any, ...]]]:
    """An equation multiplied out: a number and factors a term.

    Examples
    --------
    >>> terms_of("(1 - f(F)) * c")
    [(1.0, (('state', 'c'),)), (-1.0, (('fn', 'f', [(1.0, (('unknown', 'F'),))]), ('state', 'c')))]
    """
    return _expanded(ast.parse(text, mode="eval").body)


def _expanded(tree: ast.expr) -> list[tuple[float, tuple[Any, ...]]]:
    match tree:
        case ast.Constant(value):
            return [(float(value), ())]  # type: ignore[arg-type]
        case ast.Name(name):
            return [(1.0, ((_kind(name), name.removesuffix("_new")),))]
        case ast.Call(ast.Name("map"), [inside]):
            # One product inside, as all rows have it: a matrix times a sum would be several terms.
            [(_, factors)] = _expanded(inside)
            return [(1.0, (("map", factors),))]
        case ast.Call(ast.Name(name), [inside]):
            return [(1.0, (("fn", name, _expanded(inside)),))]
        case ast.BinOp(left, ast.Mult(), right):
            return [(a * b, p + q) for a, p in _expanded(left) for b, q in _expanded(right)]
        case ast.BinOp(left, ast.Add(), right):
            return _expanded(left) + _expanded(right)
        case ast.BinOp(left, ast.Sub(), right):
            return _expanded(left) + [(-a, p) for a, p in _expanded(right)]
    raise AssertionError(ast.dump(tree))


def _kind(name: str) -> str:
    if name.isupper():
        return "unknown"
    return "new" if name.endswith("_new") else "state"


class Matcher:
    """Matches equations with forms; what is found stands in bindings."""

    def __init__(self, algebra: Algebra, states: Mapping[str, Product], new: Mapping[str, Form]):
        self.algebra, self.states, self.new = algebra, states, new

    def matches(self, pattern: CellPattern) -> Iterator[Binding]:
        """Every way in which the next states are those of a pattern."""
        # The state that no other equation reads first: it binds most.
        names = list(pattern.equations)[::-1]
        yield from self._all(pattern, names, {})

    def _all(self, pattern: CellPattern, names: list[str], binding: Binding) -> Iterator[Binding]:
        if not names:
            if all(binding[f"act:{a}"] == name for a, name in pattern.exact.items()):
                yield binding
            return
        terms = terms_of(pattern.equations[names[0]])
        for found in self.sum(terms, self.new[names[0]], binding):
            yield from self._all(pattern, names[1:], found)

    def sum(self, terms: Sequence[Any], form: Form, binding: Binding) -> Iterator[Binding]:
        """Ways in which a sum is this form."""
        # A state that was computed in this step is no unknown: its whole form must be what stands there.
        if len(terms) == 1 and terms[0][1] and terms[0][1][0][0] == "new":
            if form.key() == self.new[terms[0][1][0][1]].key():
                yield binding
            return
        unknown = [t for t in terms if any(factor[0] == "unknown" for factor in t[1])]
        # Terms without a capital letter first: they say exactly what they take, and what is left goes to the others.
        exact = [t for t in terms if t not in unknown]
        yield from self._exact(exact, unknown, dict(form.terms), form.width, binding)

    def _exact(self, exact, unknown, rest, width, binding):
        if not exact:
            # A letter with factors takes what contains them; one alone takes all that is left, so it comes last.
            yield from self._open(sorted(unknown, key=lambda t: -len(t[1])), rest, width, binding)
            return
        (number, factors), *others = exact
        for product in list(rest):
            # A row's numbers, 1 and -1, hold in every unit: a coefficient that differs between units is no match.
            if len(product) != len(factors) or not np.allclose(rest[product], number):
                continue
            left = {p: c for p, c in rest.items() if p != product}
            # Factors have no order; a term of a row has two at most.
            for atoms in permutations(product):
                for found in self._factors(factors, atoms, binding):
                    yield from self._exact(others, unknown, left, width, found)

    def _open(self, unknown: Any, rest: Any, width: int, binding: Binding) -> Iterator[Binding]:
        """Terms with a capital letter take what contains their other factors, or all that is left."""
        if not unknown:
            if not rest:
                yield binding
            return
        (number, factors), *others = unknown
        [(_, name)] = [factor for factor in factors if factor[0] == "unknown"]
        known = [factor for factor in factors if factor[0] != "unknown"]
        if not known:
            taken = Form(width, {p: c / number for p, c in rest.items()})
            yield from self._bound(name, taken, {}, others, width, binding)
            return
        [factor] = known
        for atom in {atom for product in rest for atom in product}:
            for found in self._factors([factor], [atom], binding):
                inside = {p: c for p, c in rest.items() if atom in p}
                taken = Form(width, {_without(p, atom): c / number for p, c in inside.items()})
                left = {p: c for p, c in rest.items() if p not in inside}
                yield from self._bound(name, taken, left, others, width, found)

    def _bound(self, name, taken, left, others, width, binding):
        if name in binding:
            if binding[name].key() != taken.key():
                return
        else:
            binding = {**binding, name: taken}
        yield from self._open(others, left, width, binding)

    def _factors(self, factors: Any, atoms: Any, binding: Binding) -> Iterator[Binding]:
        if not factors:
            yield binding
            return
        for found in self._factor(factors[0], atoms[0], binding):
            yield from self._factors(factors[1:], atoms[1:], found)

    def _factor(self, factor: Any, atom: Any, binding: Binding) -> Iterator[Binding]:
        match factor[0], atom[0]:
            case "state", "leaf":
                if (atom,) == self.states[factor[1]]:
                    yield binding
            case "fn", "fn":
                # A letter is one activation: all gates of a layer share theirs in ONNX.
                if binding.get(f"act:{factor[1]}", atom[1]) == atom[1]:
                    named = {**binding, f"act:{factor[1]}": atom[1]}
                    yield from self.sum(factor[2], self.algebra.forms[atom[2]], named)
            case "map", "map":
                (product, _), matrix = atom[1], self.algebra.matrices[atom[2]]
                if len(product) == len(factor[1]):
                    for order in permutations(product):
                        for found in self._factors(factor[1], order, binding):
                            yield {**found, "map": matrix}


def _without(product: Product, atom: Any) -> Product:
    at = product.index(atom)
    return product[:at] + product[at + 1 :]


def without_peephole(form: Form, state: Form) -> tuple[Form, np.ndarray | None]:
    """`form` less what it sees of a state unit by unit, and how much that is.

    `state` is a leaf, or the form of a next state, which is known by a term that is no affine one.
    """
    telling = [p for p in state.terms if len(p) > 1] or list(state.terms)
    if not telling or telling[0] not in form.terms:
        return form, None
    weight = form.terms[telling[0]] / state.terms[telling[0]]
    terms = dict(form.terms)
    for p, c in state.terms.items():
        terms[p] = terms.get(p, 0.0) - weight * c
        # What was added and is subtracted again leaves rounding errors, which would pass for weights.
        if np.allclose(terms[p], 0, atol=1e-9):
            del terms[p]
    return Form(form.width, terms), weight


def affine(algebra: Algebra, form: Form) -> tuple[dict[Any, np.ndarray], np.ndarray]:
    """A matrix for each variable that an affine form reads, with the rows that it reads, and the bias.

    Raises
    ------
    NoForm
        When the form is no affine one.
    """
    bias = np.zeros(form.width)
    matrices: dict[Any, np.ndarray] = {}
    for product, c in form.terms.items():
        if product == ():
            bias = bias + c
            continue
        if len(product) != 1:
            raise NoForm("a product among pre-activations")
        match product[0]:
            case ("map", (((("leaf", name, low, high)),), _), number):
                matrix = algebra.matrices[number] * c
            case ("leaf", name, low, high):
                # Unit by unit is a diagonal matrix; one number for all units is a matrix of one row.
                matrix = np.diag(c) if high - low == form.width else np.reshape(c, (1, -1))
            case _:
                raise NoForm("a function among pre-activations")
        # How many rows a variable has is seen from the pieces that are read, each with its own end.
        rows = matrices.setdefault(name, np.zeros((high, form.width)))
        if len(rows) < high:
            rows = np.concatenate([rows, np.zeros((high - len(rows), form.width))])
        rows = rows.copy()
        rows[low:high] += matrix
        matrices[name] = rows
    return matrices, bias
