"""Numbers as words: three digits, units, counts."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from symrnn.bench.spread import Spread
from symrnn.errors import printable

if TYPE_CHECKING:
    from symrnn.study.growth import Growth

UNITS = {"s": "s", "us": "µs", "bytes": "bytes"}
TITLES = {
    "total_s": "total",
    "build_s+grad_s": "build + grad",
    "rewrite_s": "rewrite",
    "link_s": "link",
    "jit_s": "JIT",
    "first_call_s": "first call",
    "step_s": "step",
    "peak_rss_bytes": "memory",
    "wall_s": "wall time",
    "before.nodes": "nodes before",
    "after.nodes": "nodes",
    "after.inner_nodes": "inner nodes",
    "after.scalar_nodes": "scalar nodes",
    "after.scans": "scans",
    "after.components": "components",
    "before.scans": "scans before",
    "before.components": "components before",
}


def number(value: Any) -> str:
    """A number with three significant digits, whole numbers whole.

    Examples
    --------
    >>> number(3.14159), number(1234.5), number(17), number(2e-13)
    ('3.14', '1234', '17', '2e-13')
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return printable(value)
    # Beyond that a float is whole because it has no digits left, not because it counts something.
    if float(value).is_integer() and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}"


def duration(seconds: float) -> str:
    """Seconds in the unit that reads best.

    Examples
    --------
    >>> duration(0.0123), duration(1.5), duration(600), duration(0.00001)
    ('12.3 ms', '1.5 s', '600 s', '10 µs')
    """
    if seconds >= 1 or seconds == 0:
        return f"{number(float(f'{seconds:.3g}'))} s"
    return f"{number(seconds * 1e3)} ms" if seconds >= 1e-3 else f"{number(seconds * 1e6)} µs"


def amount(value: Any, quantity: str) -> str:
    """The value of a quantity with its unit, taken from the quantity's name; a dash for None.

    Examples
    --------
    >>> amount(0.5, "link_s"), amount(2**20, "peak_rss_bytes"), amount(None, "link_s")
    ('500 ms', '1.05 MB', '–')
    """
    if value is None:
        return "–"
    if quantity.endswith("_s"):
        return duration(value)
    if quantity.endswith("_bytes"):
        return f"{number(value / 1e6)} MB" if value < 1e9 else f"{number(value / 1e9)} GB"
    return number(value)


def times(spread: Spread) -> str:
    """A ratio in words, to stand before "the nodes" or "as long": its median, and its spread where there is one.

    What is equal is "exactly the nodes", and never "1 times the nodes".

    Examples
    --------
    >>> times(Spread(1.912, 1.85, 2.0, 3)), times(Spread(2.0, 2.0, 2.0, 1))
    ('1.91 times (1.85 to 2)', '2 times')
    >>> times(Spread(1.0, 1.0, 1.0, 3)), times(Spread(1.001, 1.001, 1.001, 1)), times(Spread(1.0, 0.9, 1.1, 3))
    ('exactly', 'about', '1.00 times (0.9 to 1.1)')
    """
    low, middle, high = (number(each) for each in (spread.low, spread.median, spread.high))
    if spread.samples == 1 or low == high:
        return times_span([spread.median])
    return f"{'1.00' if middle == '1' else middle} times ({low} to {high})"


def times_span(ratios: Iterable[float]) -> str:
    """As `times`, of several ratios that are all exact.

    Examples
    --------
    >>> times_span([1.5, 2.5]), times_span([1.0, 1.0]), times_span([1.001])
    ('1.5 to 2.5 times', 'exactly', 'about')
    """
    ratios = list(ratios)
    # Rounded first: 1.001 reads as 1, and may be called about equal but not exactly.
    text = span(ratios)
    if text == "1":
        return "exactly" if set(ratios) == {1} else "about"
    return f"{text} times"


def exponent(growth: "Growth") -> str:
    """A fitted exponent with its interval.

    Examples
    --------
    >>> from symrnn.study.growth import Growth
    >>> exponent(Growth(1.04, 0.95, 1.13, 8))
    '1.04 (0.95 to 1.13)'
    """
    return f"{growth.exponent:.2f} ({growth.low:.2f} to {growth.high:.2f})"


def span(values: Iterable[float]) -> str:
    """The range of some numbers, one number where they agree.

    Examples
    --------
    >>> span([2, 1.5]), span([1.0, 1.0])
    ('1.5 to 2', '1')
    """
    low, high = (
        number(float(f"{pick(values):.3g}")) for values in [list(values)] for pick in (min, max)
    )
    return low if low == high else f"{low} to {high}"


def goal(words: str, is_met: bool) -> str:
    """What a figure should be, in parentheses; a goal that was missed is said to be.

    Examples
    --------
    >>> goal("at most 1.15", True), goal("at most 1.15", False)
    ('(goal: at most 1.15)', '(goal MISSED: at most 1.15)')
    """
    return f"(goal{'' if is_met else ' MISSED'}: {words})"


def title(quantity: str) -> str:
    """The heading of a quantity.

    Examples
    --------
    >>> title("after.components"), title("depth"), title("peak_rss_bytes")
    ('components', 'depth', 'memory')
    """
    return TITLES.get(quantity, quantity.split(".")[-1].removesuffix("_s").replace("_", " "))


def listing(words: Iterable[Any]) -> str:
    """Words joined by commas, and "and" before the last.

    Examples
    --------
    >>> listing(["a"]), listing(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    words = [str(word) for word in words]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def case_text(case: Mapping[str, Any]) -> str:
    """A case as ``form=sgd depth=2``.

    Examples
    --------
    >>> case_text({"form": "sgd", "depth": 2})
    'form=sgd depth=2'
    """
    return printable(" ".join(f"{axis}={value}" for axis, value in case.items()))
