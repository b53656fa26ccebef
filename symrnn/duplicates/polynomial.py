"""Element-wise expressions as polynomials in their atoms, to see that ``v*mu + w - eta*g`` holds ``w`` once.

A polynomial is a dictionary ``{factors: coefficient}``: `factors` is a sorted tuple of atoms (empty for a number), the
coefficient a float. Sums, differences, products, negations and division by a number are taken apart, through the axes
that broadcasting adds and through fused scalar ops; whatever else stands in the expression is an atom.
"""

import math
from collections import defaultdict
from itertools import product

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Constant, Variable
from pytensor.scalar.basic import Add, Composite, Mul, Neg, Sub, TrueDiv
from pytensor.tensor.elemwise import DimShuffle

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


def total(terms: Polynomial, like: Variable) -> Variable:
    """The expression of a polynomial, of the type of `like`.

    Examples
    --------
    >>> import pytensor, pytensor.tensor as pt
    >>> w, v = pt.vectors("wv")
    >>> pytensor.dprint(total({(w,): 1.0, (v,): -1.0}, w), file="str").splitlines()[0]
    'Sub [id A]'
    """
    plus = [_term(factors, c) for factors, c in terms.items() if c > 0]
    minus = [_term(factors, -c) for factors, c in terms.items() if c < 0]
    value = pt.add(*plus) if len(plus) > 1 else plus[0] if plus else pt.zeros_like(like)
    for term in minus:
        value = value - term
    return (
        value if value.type == like.type else like.type.filter_variable(pt.cast(value, like.dtype))
    )


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


def _term(factors, coefficient):
    if not factors:
        return pt.constant(coefficient)
    value = factors[0]
    for factor in factors[1:]:
        value = value * factor
    return value if coefficient == 1 else np.asarray(coefficient, value.dtype) * value


def _operands(variable):
    """The operands to look into, or none when the variable is an atom."""
    node = variable.owner
    if node is None or _number(variable) is not None:
        return []
    if isinstance(node.op, DimShuffle):
        return node.inputs if _only_adds_axes(node.op) else []
    scalar_op = getattr(node.op, "scalar_op", node.op)
    if isinstance(scalar_op, Add | Sub | Mul | Neg | Composite):
        return node.inputs
    if isinstance(scalar_op, TrueDiv) and _number(node.inputs[1]) is not None:
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
    op = getattr(variable.owner.op, "scalar_op", variable.owner.op)
    match op:
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
        case _:  # DimShuffle that adds axes
            return terms[0]


def _sum(polynomials):
    result = defaultdict(float)
    for terms in polynomials:
        for factors, coefficient in terms.items():
            result[factors] += coefficient
    return {factors: c for factors, c in result.items() if c}


def _product(polynomials):
    result = defaultdict(float)
    for terms in product(*(p.items() for p in polynomials)):
        factors = tuple(sorted((x for f, _ in terms for x in f), key=_age))
        result[factors] += float(np.prod([c for _, c in terms]))
    return {factors: c for factors, c in result.items() if c}


def _age(variable):
    """When a variable was made: an order of factors that is the same in every run."""
    return int(variable.auto_name.removeprefix("auto_"))


def _number(variable):
    """The value of a constant that is one number, through added axes."""
    while variable.owner and isinstance(variable.owner.op, DimShuffle):
        variable = variable.owner.inputs[0]
    if isinstance(variable, Constant) and np.size(variable.data) == 1:
        try:
            return float(np.asarray(variable.data).reshape(()))
        except (TypeError, ValueError):
            return None
    return None


def _only_adds_axes(op):
    order = [axis for axis in op.new_order if axis != "x"]
    return order == list(range(op.input_ndim))
