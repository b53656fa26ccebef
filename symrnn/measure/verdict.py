"""What a measurement says in words: the total, the share of each phase, and what to do about the largest.

From the values of a record, without PyTensor. A sentence stands here only with the figures that it follows from.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from statistics import median
from textwrap import fill
from typing import Any

from symrnn.measure.file_names import file_name

PHASES = ("build", "grad", "rewrite", "link", "first_call")  # of the total, in this order
LARGE = 0.3  # of the total: worth a sentence
WIDTH = 120  # of the text
A_LINE = 0.1  # of the total: below, a phase has its line among the phases and no table
BACKENDS = {  # by the name of its events: what it does, and what it makes
    "numba": ("Numba compiling", "function"),
    "c_compiled": ("the C++ compiler compiling", "module"),
    "jax": ("XLA compiling", "program"),
}


@dataclass(frozen=True)
class Verdict:
    """Seconds by phase, the largest first, and what follows from them."""

    total_s: float
    shares: tuple[tuple[str, float, float], ...]  # phase, seconds, share of the total
    sentences: tuple[str, ...]

    @property
    def head(self) -> str:
        """``Compiling took 11.3 s: 84 % first call, 9 % build, 6 % rewrite.``

        Examples
        --------
        >>> verdict({"phases_s": {"build": 1.0, "rewrite": 3.0}}).head
        'Compiling took 4.00 s: 75 % rewrite, 25 % build.'
        """
        shown = [f"{share:.0%} {name}".replace("%", " %") for name, _, share in self.shares]
        return f"Compiling took {seconds(self.total_s)}: {', '.join(shown)}."

    def __str__(self) -> str:
        return "\n".join(fill(said, WIDTH) for said in (self.head, *self.sentences))


def verdict(values: Mapping[str, Any]) -> Verdict | None:
    """What the values of a record say; None where they hold no phase."""
    phases = {name: values.get("phases_s", {}).get(name, 0.0) for name in PHASES}
    total = sum(phases.values())
    if total <= 0:
        return None
    ordered = sorted(phases.items(), key=lambda item: -item[1])
    shares = [(name.replace("_", " "), s, s / total) for name, s in ordered if s > 0]
    found = [sentence for say in SENTENCES for sentence in say(values, total)]
    return Verdict(total, tuple(shares), tuple(found))


def share_of(values: Mapping[str, Any], phase: str) -> float:
    """The share of a phase in the total; 1 where there is no total, so that nothing is hidden."""
    found = verdict({"phases_s": values.get("phases_s", {})})
    if found is None:
        return 1.0
    return next((share for name, _, share in found.shares if name == phase), 0.0)


def compiling_s(values: Mapping[str, Any]) -> tuple[str, float]:
    """The backend that compiled longest, and for how long."""
    events = values.get("compile_events", {})
    spent = {name: events.get(f"{name}_s", 0.0) for name in BACKENDS}
    longest = max(spent, key=lambda name: spent[name])
    return longest, spent[longest]


def of_compiling(values: Mapping[str, Any], total: float) -> Iterator[str]:
    """The backend that takes the time, its dearest op, and the line that made it."""
    backend, spent = compiling_s(values)
    if spent < LARGE * total:
        return
    does, makes = BACKENDS[backend]
    count = values["compile_events"][backend]
    sentence = (
        f"{percent(spent / total)} is {does} {count} {makes}{'s' * (count != 1)} ({seconds(spent)})"
    )
    yield sentence + dearest_op(values) + "."


def dearest_op(values: Mapping[str, Any]) -> str:
    """``; the dearest op is Scan: 4.1 s in 2 nodes, the dearest from model.py:12``."""
    found = values.get("attribution") or {}
    if not found.get("ops"):
        return ""
    op = found["ops"][0]
    of_it = [node for node in found["nodes"] if node["op"] == op["op"] and node["path"]]
    spent = op["total_s"] + op["shared_s"]
    text = f"; the dearest op is {op['op']}: {seconds(spent)} in {counted(op['nodes'], 'node')}"
    which = "the dearest " if op["nodes"] > 1 else ""
    return text + (f", {which}from {place(of_it[0])}" if of_it else "")


def of_native(values: Mapping[str, Any], total: float) -> Iterator[str]:
    """What the same function costs in native mode, where that was measured."""
    native_s = values.get("native_total_s")
    if native_s and native_s < total / 2:
        yield (
            f"Mode NATIVE compiles the same in {seconds(native_s)}, {total / native_s:.0f} times less:"
            ' `import symrnn.native`, then mode="NATIVE".'
        )


def of_caches(values: Mapping[str, Any], total: float) -> Iterator[str]:
    """What the next process will pay again."""
    events = values.get("compile_events", {})
    made, kept = events.get("numba", 0), events.get("numba_saved", 0)
    if made and not kept and not events.get("numba_loaded") and events["numba_s"] >= LARGE * total:
        yield "Numba kept none of it on the disk, so every process pays again; `symrnn doctor` names the cause."


def of_rewriting(values: Mapping[str, Any], total: float) -> Iterator[str]:
    """The dearest rewrite, where rewriting is much of the total."""
    spent = values.get("phases_s", {}).get("rewrite", 0.0)
    if spent < LARGE * total:
        return
    sentence = f"{percent(spent / total)} is rewriting the graph ({seconds(spent)})"
    if values.get("rewrites"):
        from symrnn.measure.rewrite_timing import NODE_REWRITE, RewriteProfile

        profile = RewriteProfile.from_dict(values["rewrites"])
        idle_s = sum(each.seconds for each in profile.never_applied())
        if named := profile.by_name(NODE_REWRITE):
            each = named[0]
            sentence += (
                f"; the dearest rewrite is {each.name}: {seconds(each.seconds)},"
                f" {each.applied} of {each.tried} tries changed the graph;"
                f" {seconds(idle_s)} went to rewrites that never apply"
            )
    nodes = (values.get("before") or {}).get("nodes")
    yield sentence + (f". It grows with the graph, here {nodes} nodes." if nodes else ".")


def of_building(values: Mapping[str, Any], total: float) -> Iterator[str]:
    """Building and differentiating, where they are much of the total."""
    phases = values.get("phases_s", {})
    says = {"build": "the program building the graph", "grad": "taking gradients"}
    scans = (values.get("before") or {}).get("scans", 0)
    deep = f"; the gradient of scans upon scans grows faster than their number, here {scans}"
    for name, words in says.items():
        if (spent := phases.get(name, 0.0)) >= LARGE * total:
            more = deep if name == "grad" and scans > 2 else ""
            yield f"{percent(spent / total)} is {words} ({seconds(spent)}){more}."


def of_start_up(values: Mapping[str, Any], total: float) -> Iterator[str]:
    """PyTensor's own modules, which are no part of anybody's graph."""
    spent = (values.get("attribution") or {}).get("start_up_s", 0.0)
    if spent >= A_LINE * total:
        yield (
            f"{percent(spent / total)} is PyTensor compiling its own modules, once for a compiledir"
            f" ({seconds(spent)})."
        )


SENTENCES: tuple[Callable[[Mapping[str, Any], float], Iterator[str]], ...] = (
    of_compiling,
    of_native,
    of_rewriting,
    of_building,
    of_start_up,
    of_caches,
)


def seconds(amount: float) -> str:
    """An amount as people say it.

    Examples
    --------
    >>> seconds(11.34), seconds(0.0042)
    ('11.3 s', '4.2 ms')
    """
    return (
        f"{amount:.3g} s"
        if amount >= 10
        else f"{amount:.2f} s"
        if amount >= 0.1
        else f"{amount * 1e3:.1f} ms"
    )


def percent(share: float) -> str:
    """``84 %``."""
    return f"{100 * share:.0f} %"


def counted(number: int, noun: str) -> str:
    """``1 node``, ``2 nodes``."""
    return f"{number} {noun}{'s' * (number != 1)}"


def place(line: Mapping[str, Any]) -> str:
    """``model.py:12``, ``pymc/model/core.py:12``, or what stands for a node without a line."""
    return f"{file_name(line['path'])}:{line['line']}" if line["path"] else "(rewrites)"


def step_s(values: Mapping[str, Any]) -> float:
    """The median of the steps; 0 where none was timed."""
    return median(values["step_s"]) if values.get("step_s") else 0.0
