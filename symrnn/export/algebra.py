"""The algebra of a step: what element-wise formulas and products with constant matrices are, in one form for all.

Everything is a `Form`: a sum of terms, each a coefficient a unit times a product of atoms. An atom is

* a leaf: units of a variable, ``("leaf", variable, low, high)``;
* a map: a product of atoms times a matrix, ``("map", product, matrix)``;
* a function of a form, ``("fn", name, form)``.

Gates that are cut out of one product, products of pieces joined, factors multiplied out, terms in another order: they
all are the same form. Matrices and forms are kept in tables and stand in atoms by number, so atoms compare quickly.
A mask is an atom that is 0 or 1, so that its square is itself.
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from symrnn.export.graph import Node, Value
from symrnn.export.indexing import places_of

Atom = tuple[Any, ...]
Product = tuple[Atom, ...]
TOO_MANY = 40  # terms; whatever has more is no cell of the table


class NoForm(Exception):
    """What can't be said in this algebra: no error, for the step is then left as it is."""


class Form:
    """A sum of terms over `width` units."""

    def __init__(self, width: int, terms: Mapping[Product, np.ndarray]) -> None:
        self.width = width
        self.terms = {p: c for p, c in terms.items() if np.any(c)}
        if len(self.terms) > TOO_MANY:
            raise NoForm("too many terms")

    def key(self) -> Any:
        """What is equal for equal forms."""
        return self.width, tuple(
            # Sums in another order differ in their last digits; values have no order but that of their text.
            sorted(((p, np.round(c, 12).tobytes()) for p, c in self.terms.items()), key=repr)
        )


class Blocks:
    """Forms side by side, which have no common name for their units."""

    def __init__(self, forms: Iterable[Form]) -> None:
        self.forms = list(forms)
        self.width = sum(form.width for form in self.forms)


Sum = Form | Blocks


class Algebra:
    """Forms of the values of a step, from forms of its inputs."""

    def __init__(self) -> None:
        self.matrices: list[np.ndarray] = []
        self.forms: list[Form] = []
        self._matrix_numbers: dict[Any, int] = {}
        self._form_numbers: dict[Any, int] = {}
        self.truths: set[Atom] = set()  # atoms that are 0 or 1

    # Tables

    def matrix(self, array: np.ndarray) -> int:
        """The number of a matrix."""
        array = np.ascontiguousarray(array, float)
        # By bytes: a matrix that other orders of products give costs a match, and never makes a wrong one.
        key = (array.shape, array.tobytes())
        if key not in self._matrix_numbers:
            self._matrix_numbers[key] = len(self.matrices)
            self.matrices.append(array)
        return self._matrix_numbers[key]

    def number(self, form: Form) -> int:
        """The number of a form; equal forms have the same."""
        key = form.key()
        if key not in self._form_numbers:
            self._form_numbers[key] = len(self.forms)
            self.forms.append(form)
        return self._form_numbers[key]

    # Forms

    def leaf(self, value: Any, width: int, *, is_truth: bool = False) -> Form:
        """All units of a variable."""
        atom = ("leaf", value, 0, width)
        if is_truth:
            self.truths.add(atom)
        return Form(width, {(atom,): np.ones(width)})

    def constant(self, array: np.ndarray, width: int) -> Form:
        """A number a unit."""
        return Form(width, {(): np.broadcast_to(np.asarray(array, float).reshape(-1), (width,))})

    def function(self, name: str, form: Sum) -> Sum:
        """A function of each unit."""
        if isinstance(form, Blocks):
            return Blocks(self.function(name, each) for each in form.forms)  # type: ignore[misc]
        if set(form.terms) <= {()} and name in NUMBERS:
            return self.constant(
                NUMBERS[name](form.terms.get((), np.zeros(form.width))), form.width
            )
        return Form(form.width, {(("fn", name, self.number(form)),): np.ones(form.width)})

    def add(self, a: Sum, b: Sum, sign: float = 1.0) -> Sum:
        """The sum, or with a `sign` the difference."""
        pieces = self._matched(a, b)
        return self._joined(self._add(x, y, sign) for x, y in pieces)

    def _add(self, a: Form, b: Form, sign: float) -> Form:
        width = max(a.width, b.width)
        terms = {p: np.broadcast_to(c, (width,)) for p, c in a.terms.items()}
        for p, c in b.terms.items():
            terms[p] = terms.get(p, 0.0) + sign * c
        return Form(width, terms)

    def multiply(self, a: Sum, b: Sum) -> Sum:
        """The product, unit by unit."""
        return self._joined(self._multiply(x, y) for x, y in self._matched(a, b))

    def _multiply(self, a: Form, b: Form) -> Form:
        width = max(a.width, b.width)
        terms: dict[Product, Any] = {}
        for p, c in a.terms.items():
            for q, d in b.terms.items():
                product = self._product(p + q)
                terms[product] = terms.get(product, 0.0) + c * d * np.ones(width)
        return Form(width, terms)

    def _product(self, atoms: Product) -> Product:
        kept: list[Atom] = []
        for atom in sorted(atoms, key=repr):
            if not (atom in self.truths and atom in kept):
                kept.append(atom)
        return tuple(kept)

    def map(self, form: Sum, matrix: np.ndarray) -> Form:
        """``form @ matrix``."""
        if isinstance(form, Blocks):
            ends = np.cumsum([0, *(each.width for each in form.forms)])
            total: Sum = Form(matrix.shape[1], {})
            for each, (low, high) in zip(form.forms, pairwise(ends), strict=True):
                total = self.add(total, self.map(each, matrix[low:high]))
            assert isinstance(total, Form)
            return total
        terms: dict[Product, Any] = {}
        width = matrix.shape[1]
        for p, c in form.terms.items():
            scaled = np.broadcast_to(c, (form.width,))[:, None] * matrix
            if p == ():
                terms[()] = terms.get((), 0.0) + scaled.sum(axis=0)
                continue
            if len(p) == 1 and p[0][0] == "map":
                inner, scaled = p[0][1], self.matrices[p[0][2]] @ scaled
            else:
                # The width goes with the product: an atom of one number does not say how many units it was spread over.
                inner = (p, form.width)
            atom = ("map", inner, self.matrix(scaled))
            terms[(atom,)] = terms.get((atom,), 0.0) + np.ones(width)
        return Form(width, terms)

    def cut(self, form: Sum, low: int, high: int) -> Sum:
        """Units from `low` to `high`."""
        if isinstance(form, Blocks):
            at, taken = 0, []
            for each in form.forms:
                first, last = max(low - at, 0), min(high - at, each.width)
                if first < last:
                    taken.append(self.cut(each, first, last))
                at += each.width
            return self._joined(taken)
        if form.width == 1:
            return form
        return Form(
            high - low,
            {
                self._product(
                    tuple(self._cut_atom(atom, low, high) for atom in p)
                ): np.broadcast_to(c, (form.width,))[low:high]
                for p, c in form.terms.items()
            },
        )

    def _cut_atom(self, atom: Atom, low: int, high: int) -> Atom:
        match atom:
            case ("leaf", value, first, last):
                if last - first == 1:
                    return atom  # one for all units
                made: Atom = ("leaf", value, first + low, first + high)
            case ("map", inner, matrix):
                # Columns of the matrix alone: gates cut out of one product are the same atoms as gates of their own.
                made = ("map", inner, self.matrix(self.matrices[matrix][:, low:high]))
            case ("fn", name, number):
                piece = self.cut(self.forms[number], low, high)
                assert isinstance(piece, Form)
                made = ("fn", name, self.number(piece))
            case _:
                raise NoForm(atom)
        if atom in self.truths:
            self.truths.add(made)
        return made

    def join(self, forms: Iterable[Sum]) -> Sum:
        """Side by side."""
        return self._joined(forms)

    def _joined(self, forms: Iterable[Sum]) -> Sum:
        flat: list[Form] = []
        for each in forms:
            flat += each.forms if isinstance(each, Blocks) else [each]
        return flat[0] if len(flat) == 1 else Blocks(flat)

    def _matched(self, a: Sum, b: Sum) -> list[tuple[Form, Form]]:
        """Pieces of both that are of the same units."""
        if isinstance(a, Form) and isinstance(b, Form):
            if 1 not in (a.width, b.width) and a.width != b.width:
                raise NoForm("two widths")
            return [(a, b)]
        width = max(a.width, b.width)
        ends = {0, width}
        for each in (a, b):
            if isinstance(each, Blocks):
                ends |= set(np.cumsum([form.width for form in each.forms]).tolist())
        places = sorted(ends)
        pairs = []
        for low, high in pairwise(places):
            pieces = [each if each.width == 1 else self.cut(each, low, high) for each in (a, b)]
            if not all(isinstance(piece, Form) for piece in pieces):
                raise NoForm("blocks that do not fit")
            pairs.append(tuple(pieces))
        return pairs  # type: ignore[return-value]

    def substituted(self, form: Form, atom: Atom, value: int) -> Form:
        """`form` where an atom is 0 or 1."""
        terms: dict[Product, Any] = {}
        for p, c in form.terms.items():
            if atom in p and not value:
                continue
            # A mask is its own square, so it stands in a product once, and leaving it out is putting it to 1.
            kept = self._product(tuple(self._of_atom(a, atom, value) for a in p if a != atom))
            terms[kept] = terms.get(kept, 0.0) + c
        return Form(form.width, terms)

    def _of_atom(self, of: Atom, atom: Atom, value: int) -> Atom:
        if of[0] == "fn":
            return ("fn", of[1], self.number(self.substituted(self.forms[of[2]], atom, value)))
        if of[0] == "map":
            product, _ = of[1]
            # Within a product with a matrix it may be 0 in some units and 1 in others: no state stays as a whole.
            if atom in product:
                raise NoForm("a mask within a product with a matrix")
        return of


NUMBERS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "Sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "Tanh": np.tanh,
    "Exp": np.exp,
    "Relu": lambda x: np.maximum(x, 0),
    "Abs": np.abs,
}
FUNCTIONS = {"Sigmoid", "Tanh", "Relu", "Exp", "Abs", "Softplus"}
FUNCTIONS |= {"Sin", "Cos", "Log", "Sqrt", "Atan"}


def form_of(algebra: Algebra, value: Value, known: dict[Value, Sum]) -> Sum:
    """The form of a value of a step, on the forms of its inputs; `NoForm` where it has none."""
    if value in known:
        return known[value]
    if value.constant is not None:
        if any(size != 1 for size in value.shape[:-1]) or value.constant.dtype.kind not in "fiub":
            raise NoForm("a constant that is no row")
        known[value] = algebra.constant(value.constant, value.shape[-1] if value.shape else 1)  # type: ignore[arg-type]
        return known[value]
    if value.node is None:
        raise NoForm("an input from outside")
    known[value] = _of_node(algebra, value.node, known)
    return known[value]


def _of_node(algebra: Algebra, node: Node, known: dict[Value, Sum]) -> Sum:
    def form(i: int) -> Sum:
        value = node.inputs[i]
        assert value is not None
        return form_of(algebra, value, known)

    op = node.op
    if op in FUNCTIONS:
        return algebra.function(op, form(0))
    match op:
        case "Add" | "Sub":
            return _rectified(algebra, algebra.add(form(0), form(1), 1.0 if op == "Add" else -1.0))
        case "Neg":
            return algebra.multiply(form(0), algebra.constant(np.array(-1.0), 1))
        case "Mul":
            return algebra.multiply(form(0), form(1))
        case "Div" | "Reciprocal":
            above = form(0) if op == "Div" else algebra.constant(np.array(1.0), 1)
            return _divided(algebra, above, form(1 if op == "Div" else 0))
        case "Where":
            truth = form(0)
            old = algebra.multiply(
                algebra.add(algebra.constant(np.array(1.0), 1), truth, -1.0), form(2)
            )
            return algebra.add(algebra.multiply(truth, form(1)), old)
        case "Not":
            return algebra.add(algebra.constant(np.array(1.0), 1), form(0), -1.0)
        case "Cast":
            if node.attributes["to"] == "bool" and node.inputs[0].dtype != "bool":  # type: ignore[union-attr]
                made = algebra.function("nonzero", form(0))
                if isinstance(made, Form):
                    algebra.truths |= {atom for p in made.terms for atom in p}
                return made
            return form(0)
        case "MatMul":
            return _mapped(algebra, node, form)
    return _of_same_units(algebra, node, form)


def _of_same_units(algebra: Algebra, node: Node, form: Callable[[int], Sum]) -> Sum:
    """Nodes that move units and compute nothing: cut, joined, or with other axes before them."""
    attributes = node.attributes
    last = node.outputs[0].ndim - 1
    match node.op:
        case "Slice" if attributes["axis"] == last and attributes["step"] == 1:
            if (places := places_of(node, form(0).width)) is None:
                raise NoForm("a bound that is an expression")
            return algebra.cut(form(0), *places)
        case "Concat" if attributes["axis"] == last:
            return algebra.join(form(i) for i in range(len(node.inputs)))
        case "Transpose" if node.outputs[0].ndim < 3 and attributes["perm"] == (0, 1):
            return form(0)
        case "Unsqueeze" if last not in attributes["axes"]:
            return form(0)
        case "Unsqueeze" | "Squeeze" if form(0).width == 1:
            return form(0)
        case "Expand":
            size = node.outputs[0].shape[-1]
            if form(0).width in (1, size) and size is not None:
                return algebra.add(form(0), algebra.constant(np.array(0.0), size))
    raise NoForm(node.op)


def _mapped(algebra: Algebra, node: Node, form: Callable[[int], Sum]) -> Form:
    x, y = node.inputs
    assert x is not None
    assert y is not None
    if y.constant is not None and y.ndim == 2:
        return algebra.map(form(0), y.constant)
    if x.constant is not None and x.ndim == 2 and y.ndim == 1:
        return algebra.map(form(1), x.constant.T)
    raise NoForm("a product of two variables")


def _divided(algebra: Algebra, above: Sum, below: Sum) -> Sum:
    """By numbers; and ``1 / (1 + exp(-x)) = sigmoid(x)``."""
    if not isinstance(below, Form):
        raise NoForm("a division by pieces")
    if set(below.terms) == {()}:
        return algebra.multiply(above, Form(below.width, {(): 1 / below.terms[()]}))
    if len(below.terms) == 2 and () in below.terms:
        [power] = [p for p in below.terms if p]
        is_one = np.all(below.terms[()] == 1) and np.all(below.terms[power] == 1)
        if is_one and len(power) == 1 and power[0][:2] == ("fn", "Exp"):
            inner = algebra.multiply(
                algebra.forms[power[0][2]], algebra.constant(np.array(-1.0), 1)
            )
            return algebra.multiply(above, algebra.function("Sigmoid", inner))
    raise NoForm("a division")


def _rectified(algebra: Algebra, form: Sum) -> Sum:
    """``(x + |x|) / 2 = relu(x)``, as Lasagne writes it; the halves may stand inside or outside."""
    if not isinstance(form, Form):
        return form
    for p, c in form.terms.items():
        if len(p) == 1 and p[0][:2] == ("fn", "Abs"):
            inner = algebra.forms[p[0][2]]
            rest = Form(form.width, {q: d for q, d in form.terms.items() if q != p})
            scaled = algebra.multiply(inner, Form(form.width, {(): c}))
            assert isinstance(scaled, Form)
            if np.all(c > 0) and scaled.key() == rest.key():
                return algebra.multiply(
                    algebra.function("Relu", inner), Form(form.width, {(): 2 * c})
                )
    return form
