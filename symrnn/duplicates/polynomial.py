"""Element-wise expressions as polynomials in their atoms, to see that ``v*mu + w - eta*g`` holds
``w`` once.

A polynomial is a dictionary ``{factors: coefficient}``: `factors` is a sorted tuple of atoms (empty for a number), the
coefficient a float. Element-wise sums, differences, products, negations and division by a number are taken apart,
through the axes that broadcasting adds in front and through fused scalar ops; whatever else stands in the expression is
an atom. So is what is not a real number: sums of flags are no sums, and small integers overflow.
"""

import math
from collections import defaultdict
from itertools import product
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Constant, Variable
from pytensor.scalar.basic import Add, Composite, Mul, Neg, ScalarOp, Sub, TrueDiv
from pytensor.tensor.elemwise import DimShuffle, Elemwise

Polynomial = dict[tuple[Variable, ...], float]
MOST_TERMS = 32  # a product of more terms than these stays an atom


def polynomial(expression: Variable, known: dict[Variable, Polynomial] | None = None) -> Polynomial:
    """The polynomial ``{factors: coefficient}`` of an element-wise expression.

    `known` maps variables to their polynomials; what is found on the way is added to it.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> w, v = pt.vectors("wv")
    >>> polynomial(w - (-0.9) * v + 2 * w - w * 2)
    {(w,): 1.0, (v,): 0.9}
    """
    # shared by a caller that asks for many expressions of one graph
    known = {} if known is None else known
    pending = [expression]
    while pending:  # depth first without recursion: a sum over many layers is deep
        variable = pending[-1]
        if variable in known:
            pending.pop()
        elif missing := [x for x in _operands(variable) if x not in known]:
            pending += missing
        else:
            known[pending.pop()] = _combined(variable, known)
    return known[expression]


def total(terms: Polynomial, like: Any) -> Any:
    """The expression of a polynomial, of the type of the variable `like`.

    Examples
    --------
    >>> import pytensor, pytensor.tensor as pt
    >>> w, v = pt.vectors("wv")
    >>> pytensor.dprint(total({(w,): 1.0, (v,): -1.0}, w), file="str").splitlines()[0]
    'Sub [id A]'
    """
    plus = [_term(factors, c, like) for factors, c in terms.items() if c > 0]
    minus = [_term(factors, -c, like) for factors, c in terms.items() if c < 0]
    value = pt.add(*plus) if len(plus) > 1 else plus[0] if plus else pt.zeros_like(like)
    for term in minus:
        value = value - term
    if value.type == like.type:
        return value
    value = pt.cast(value, like.dtype)
    if value.type.broadcastable != like.type.broadcastable:  # what had its axes has cancelled
        value = pt.alloc(value, *like.shape)
    return like.type.filter_variable(value)


def fits(terms: Polynomial, like: Variable) -> bool:
    """Whether no term has more axes than `like`."""
    return all(x.type.ndim <= like.type.ndim for factors in terms for x in factors)


def difference(left: Polynomial, right: Polynomial) -> Polynomial:
    """``left - right`` for two polynomials; terms that cancel are gone."""
    result = defaultdict(float, left)
    for factors, coefficient in right.items():
        result[factors] -= coefficient
    return {factors: c for factors, c in result.items() if c}


def in_words(terms: Polynomial) -> str:
    """A polynomial as a reader would write it after another term.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> w, v = pt.vectors("wv")
    >>> in_words(polynomial(0.5 * v - w))
    '+ 0.5*v - w'
    """
    parts = []
    for factors, c in terms.items():
        product = "*".join(str(x) for x in factors)
        number = "" if c in (1, -1) and product else f"{abs(c):g}{'*' if product else ''}"
        parts.append(f"{'-' if c < 0 else '+'} {number}{product}")
    return " ".join(parts)


def _term(factors, coefficient, like):
    """One product; of integers and flags as real numbers, as which they stood in the expression."""
    if not factors:
        return pt.constant(coefficient)
    factors = [x if _is_real(x) else pt.cast(x, like.dtype) for x in factors]
    value = factors[0]
    for factor in factors[1:]:
        value = value * factor
    return value if coefficient == 1 else np.asarray(coefficient, value.dtype) * value


def _operands(variable):
    """The operands to look into, or none when the variable is an atom."""
    node = variable.owner
    if node is None or _number(variable) is not None or not _is_real(variable):
        return []
    if isinstance(node.op, DimShuffle):
        return node.inputs if _only_adds_axes_in_front(node.op) else []
    scalar_op = _scalar_op(node)
    if isinstance(scalar_op, Add | Sub | Mul | Neg | Composite):
        return node.inputs
    if isinstance(scalar_op, TrueDiv) and _number(node.inputs[1]):
        return node.inputs
    return []


def _combined(variable, known):
    number = _number(variable)
    if number is not None:
        return {(): number} if number else {}
    operands = _operands(variable)
    if not operands:
        return {(variable,): 1.0}
    terms = [known[x] for x in operands]
    op = _scalar_op(variable.owner)
    match op:
        case None:  # axes in front
            return terms[0]
        case Add():
            return _sum(terms)
        case Sub():
            return difference(*terms)
        case Neg():
            return difference({}, terms[0])
        case Mul():
            sizes = math.prod(len(p) for p in terms)
            return _product(terms) if sizes <= MOST_TERMS else {(variable,): 1.0}
        case TrueDiv():
            return {f: c / _number(operands[1]) for f, c in terms[0].items()}
        case Composite():
            inner = dict(zip(op.fgraph.inputs, terms, strict=True))
            result = polynomial(op.fgraph.outputs[variable.owner.outputs.index(variable)], inner)
            atoms = {x for p in terms for factors in p for x in factors}
            outside = all(x in atoms for factors in result for x in factors)
            return result if outside else {(variable,): 1.0}


def _scalar_op(node):
    """What an element-wise node computes of each element; None for another node, a sum over axes too."""
    if isinstance(node.op, Elemwise):
        return node.op.scalar_op
    return node.op if isinstance(node.op, ScalarOp) else None


def _sum(polynomials):
    result: Polynomial = defaultdict(float)
    for terms in polynomials:
        for factors, coefficient in terms.items():
            result[factors] += coefficient
    return {factors: c for factors, c in result.items() if c}


def _product(polynomials):
    result: Polynomial = defaultdict(float)
    for terms in product(*(p.items() for p in polynomials)):
        factors = tuple(sorted((x for f, _ in terms for x in f), key=_age))
        result[factors] += float(np.prod([c for _, c in terms]))
    return {factors: c for factors, c in result.items() if c}


def _age(variable):
    """When a variable was made: an order of factors that is the same in every run."""
    return int(variable.auto_name.removeprefix("auto_"))


def _is_real(variable):
    return str(getattr(variable.type, "dtype", "")).startswith("float")


def _number(variable):
    """The value of a constant that is one finite number, through added axes."""
    while variable.owner and isinstance(variable.owner.op, DimShuffle):
        variable = variable.owner.inputs[0]
    if isinstance(variable, Constant) and np.size(variable.data) == 1:
        try:
            number = float(np.asarray(variable.data).reshape(()))
        except (TypeError, ValueError):
            return None
        return number if math.isfinite(number) else None
    return None


def _only_adds_axes_in_front(op):
    """Whether the axes are those that broadcasting adds by itself; a column is another matrix than a row."""
    added = len(op.new_order) - op.input_ndim
    return tuple(op.new_order) == ("x",) * added + tuple(range(op.input_ndim))
