"""Whole numbers of a program: known when it is compiled, or computed when it runs.

Extents, strides and offsets are plain ints wherever they are known. A `Size` is a polynomial in symbols: an extent that
is a parameter of the program, a loop's counter, a number loaded from an array. A comparison of two sizes is decided by
the values of the call that the program is compiled for and written down as a *guard*: the program holds for every
call whose extents decide all its guards alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from operator import eq, ge, gt, le, lt


@dataclass(frozen=True)
class Symbol:
    """A number that is known only when the program runs; `name` is what emitters call it."""

    name: str


@dataclass(frozen=True)
class Remainder:
    """``size % modulus``, for a size that is never negative."""

    size: Size
    modulus: int


@dataclass(frozen=True, eq=False)
class Quotient:
    """``size // divisor`` of extents, rounded down; a guard says that neither is negative, nor the divisor 0."""

    size: Int
    divisor: Int

    # As polynomials, not as the numbers that they are in this call: to compare those would be a guard.
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quotient) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple:
        return tuple(frozenset(_terms(n).items()) for n in (self.size, self.divisor))

    def __repr__(self) -> str:
        return f"{self.size} // {self.divisor}"


Atom = Symbol | Remainder | Quotient


class Size:
    """A polynomial in atoms with whole coefficients."""

    __slots__ = ("facts", "terms")

    def __init__(self, terms: dict[tuple[Atom, ...], int], facts: Facts | None):
        self.terms, self.facts = terms, facts

    def __add__(self, other: Int) -> Int:
        return _sum(self, other)

    __radd__ = __add__

    def __sub__(self, other: Int) -> Int:
        return _sum(self, -1 * other)

    def __rsub__(self, other: Int) -> Int:
        return _sum(-1 * self, other)

    def __neg__(self) -> Int:
        return -1 * self

    def __mul__(self, other: Int) -> Int:
        terms: dict[tuple[Atom, ...], int] = {}
        for left, a in self.terms.items():
            for right, b in _terms(other).items():
                # One monomial is one key, in whatever order its factors came.
                key = tuple(sorted((*left, *right), key=repr))
                terms[key] = terms.get(key, 0) + a * b
        return _size(terms, self.facts or getattr(other, "facts", None))

    __rmul__ = __mul__

    def pinned(self) -> int:
        """This size as the number that it is in the call compiled for, which becomes a guard."""
        return self.known().pin(self)

    __index__ = __int__ = pinned

    def known(self) -> Facts:
        assert self.facts is not None, "a loop's counter has no value while compiling"
        return self.facts

    @property
    def has_value(self) -> bool:
        """Whether it has a value in the call that the program is compiled for: it depends on no counter."""
        return self.facts is not None and symbols(self) <= self.facts.values.keys()

    def _decided(self, test: Callable[[int, int], bool], other: Int) -> bool:
        difference = self - other
        if isinstance(difference, int):
            return test(difference, 0)
        return self.known().decide(test, difference)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, int | Size):
            return NotImplemented
        # Equal in every call, which needs no guard.
        if isinstance(other, Size) and self.terms == other.terms:
            return True
        if not (self.has_value and getattr(other, "has_value", True)):
            return False  # of different counters: not the same number throughout
        return self._decided(eq, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __lt__(self, other: Int) -> bool:
        return self._decided(lt, other)

    def __le__(self, other: Int) -> bool:
        return self._decided(le, other)

    def __gt__(self, other: Int) -> bool:
        return self._decided(gt, other)

    def __ge__(self, other: Int) -> bool:
        return self._decided(ge, other)

    def __bool__(self) -> bool:
        return self != 0

    def __hash__(self) -> int:
        # By its terms: in a dictionary only those are one that are equal in every call, not those that are in this one.
        return hash(frozenset(self.terms.items()))

    def __repr__(self) -> str:
        parts = []
        for atoms, c in self.terms.items():
            factors = [str(c)] if c != 1 or not atoms else []
            parts.append(
                "*".join(factors + [a.name if isinstance(a, Symbol) else f"({a})" for a in atoms])
            )
        return " + ".join(parts)


Int = int | Size


class Facts:
    """The extents that are parameters, with their values in this call, and what was decided by them."""

    def __init__(self, values: dict[str, int]):
        self.values = dict(values)
        self.guards: list[tuple[Callable[[int, int], bool], Int, bool]] = []

    def symbol(self, name: str) -> Size:
        return Size({(Symbol(name),): 1}, self)

    def pin(self, size: Size) -> int:
        value = evaluated(size, self.values)
        # Not the number alone: another call of the program is to be refused where the size would be another.
        self.guards.append((eq, size - value, True))
        return value

    def decide(self, test: Callable[[int, int], bool], difference: Size) -> bool:
        answer = test(evaluated(difference, self.values), 0)
        self.guards.append((test, difference, answer))
        return answer

    def hold_for(self, values: dict[str, int]) -> bool:
        """Whether every decision would be the same with these extents."""
        return all(test(evaluated(size, values), 0) == answer for test, size, answer in self.guards)


def counter(name: str) -> Size:
    """A loop's counter, or a number loaded when the program runs."""
    return Size({(Symbol(name),): 1}, None)


def remainder(size: Int, modulus: Int) -> Int:
    """``size % modulus``, for a size that is never negative."""
    # A modulus is a number of the code: one that is a parameter is pinned by `int`.
    if isinstance(size, int) and isinstance(modulus, int):
        return size % modulus
    return (
        Size({(Remainder(size, int(modulus)),): 1}, None)
        if not isinstance(size, int)
        else size % int(modulus)
    )


def evaluated(size: Int, values: dict[str, int]) -> int:
    """The number that `size` is where its symbols have these values."""
    if isinstance(size, int):
        return size
    total = 0
    for atoms, coefficient in size.terms.items():
        for atom in atoms:
            coefficient *= _atom_value(atom, values)
        total += coefficient
    return total


def _atom_value(atom: Atom, values: dict[str, int]) -> int:
    match atom:
        case Symbol():
            return values[atom.name]
        case Remainder():
            return evaluated(atom.size, values) % atom.modulus
    return evaluated(atom.size, values) // evaluated(atom.divisor, values)


def symbols(size: Int) -> set[str]:
    """The names of the symbols that a size depends on.

    Examples
    --------
    >>> symbols(3 * counter("t") + 1), symbols(7)
    ({'t'}, set())
    """
    found = set[str]()
    for atoms in _terms(size):
        for atom in atoms:
            if isinstance(atom, Symbol):
                found.add(atom.name)
            else:
                found |= symbols(atom.size)
                found |= symbols(atom.divisor) if isinstance(atom, Quotient) else set()
    return found


def linear(size: Int, name: str) -> tuple[Int, Int]:
    """``(factor, rest)`` of ``size = factor * symbol + rest``, as far as the symbol is a factor of terms.

    Examples
    --------
    >>> n, i = Facts({"n": 3}).symbol("n"), counter("i")
    >>> linear(4 * n * i + n + 1, "i")
    (4*n, n + 1)
    """
    symbol = Symbol(name)
    factor: dict[tuple[Atom, ...], int] = {}
    rest: dict[tuple[Atom, ...], int] = {}
    for atoms, c in _terms(size).items():
        if symbol in atoms:
            at = atoms.index(symbol)
            factor[atoms[:at] + atoms[at + 1 :]] = c
        else:
            rest[atoms] = c
    facts = getattr(size, "facts", None)
    return _size(factor, facts), _size(rest, facts)


def quotient(size: Int, divisor: Int) -> Int | None:
    """``size / divisor`` where that is whole, else None; that it is becomes a guard."""
    found = floor_quotient(size, divisor)
    return found if found is not None and found * divisor == size else None


def floor_quotient(size: Int, divisor: Int) -> Int | None:
    """``size // divisor``; None where one is negative, or the divisor is 0.

    Examples
    --------
    >>> n = Facts({"n": 7}).symbol("n")
    >>> floor_quotient(7, 2), floor_quotient(4 * n, 2), floor_quotient(n + 1, 2)
    (3, 2*n, (n + 1 // 2))
    """
    if size < 0 or divisor <= 0:
        return None
    found = whole_quotient(size, divisor)
    if found is not None:
        return found
    if isinstance(size, int) and isinstance(divisor, int):
        return size // divisor
    facts = getattr(size, "facts", None) or getattr(divisor, "facts", None)
    return Size({(Quotient(size, divisor),): 1}, facts)


def steps_within(span: Int, step: int) -> Int:
    """How many steps of that length, forwards or back, begin within a span, which is not negative.

    Examples
    --------
    >>> steps_within(7, 2), steps_within(6, -2), steps_within(0, 3)
    (4, 3, 0)
    """
    size = abs(step)
    found = floor_quotient(span + (size - 1), size)
    assert found is not None
    return found


def floor_remainder(size: Int, modulus: Int) -> Int | None:
    """``size % modulus``; None where one is negative, or the modulus is 0."""
    found = floor_quotient(size, modulus)
    return None if found is None else size - found * modulus


def same(one: Int, other: Int) -> bool:
    """Whether two sizes are equal in every call, which needs no guard."""
    return _terms(one) == _terms(other)


def whole_quotient(size: Int, divisor: Int) -> Int | None:
    """``size / divisor`` where each term of `size` is a multiple of the only one of `divisor`, else None.

    Examples
    --------
    >>> n = Facts({"n": 3}).symbol("n")
    >>> whole_quotient(12 * n, 4), whole_quotient(12 * n, 4 * n), whole_quotient(12, 4 * n)
    (3*n, 3, None)
    """
    if len(_terms(divisor)) != 1:
        return None
    [(atoms, by)] = _terms(divisor).items()
    terms = {}
    for key, c in _terms(size).items():
        rest = list(key)
        for atom in atoms:
            if atom not in rest:
                return None
            rest.remove(atom)
        if c % by:
            return None
        terms[tuple(rest)] = c // by
    return _size(terms, getattr(size, "facts", None))


def product(sizes: Iterable[Int]) -> Int:
    """The product, 1 of none."""
    result: Int = 1
    for size in sizes:
        result = result * size
    return result


def _terms(size: Int) -> dict[tuple[Atom, ...], int]:
    return size.terms if isinstance(size, Size) else {(): int(size)}


def _sum(left: Int, right: Int) -> Int:
    terms = dict(_terms(left))
    for key, c in _terms(right).items():
        terms[key] = terms.get(key, 0) + c
    # A counter has none; what it is added to brings them.
    facts = getattr(left, "facts", None) or getattr(right, "facts", None)
    return _size(terms, facts)


def _size(terms: dict[tuple[Atom, ...], int], facts: Facts | None) -> Int:
    terms = {key: c for key, c in terms.items() if c}
    if not terms:
        return 0
    # A plain number again, so that whoever asks for an int sees that it is known.
    if list(terms) == [()]:
        return terms[()]
    return Size(terms, facts)


def with_numbers(error: Exception, extents: Mapping[str, int]) -> tuple:
    """What an error says, extents that are parameters as the numbers that they are in a call.

    Examples
    --------
    >>> with_numbers(ValueError("shapes (2, n0) and (n1,) not aligned"), {"n0": 30, "n1": 4})
    ('shapes (2, 30) and (4,) not aligned',)
    """

    def number(name: re.Match) -> str:
        return str(extents.get(name[0], name[0]))

    return tuple(
        re.sub(r"\bn\d+\b", number, said) if isinstance(said, str) else said for said in error.args
    )
