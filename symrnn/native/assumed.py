"""PyTensor's inference of assumptions (is this matrix diagonal?), which finds soon that nothing is known.

A product of matrices asks whether either is diagonal; PyTensor seeks the answer in everything that it was computed
from, for this property and for each that is tied to it, also those that could only deny it, over again after every
rewrite. In most graphs nothing holds. Here the rules for the property, and for those that it would follow from, are
asked alone, and PyTensor only where one of them says yes.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from pytensor.assumptions import core as assumptions
from pytensor.assumptions.core import (
    ASSUMPTION_INFER_REGISTRY,
    IMPLIES,
    AssumptionFeature,
    AssumptionKey,
    FactState,
    infer_assumption_for_node,
)
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.graph.traversal import walk_toposort

# Since PyTensor 3.3: what the reader of a value promises of it, and what the numbers of a constant say.
CLIENT_INFER_KEYS = getattr(assumptions, "CLIENT_INFER_KEYS", ())
infer_assumption_from_client: Any = getattr(assumptions, "infer_assumption_from_client", None)
CONSTANT_INFER_REGISTRY = getattr(assumptions, "CONSTANT_INFER_REGISTRY", {})
SAYS_NOTHING = FactState.UNKNOWN, FactState.FALSE


class SparingAssumptionFeature(AssumptionFeature):
    """PyTensor's feature, that is asked where a property may hold.

    `_missing` holds, by property, the variables of which it is known not to; a change of the graph takes out what was
    computed from what has changed, as far as rules look.
    """

    __slots__ = ("_changed", "_missing")

    def on_attach(self, fgraph: Any) -> None:
        super().on_attach(fgraph)
        self._changed: set[Variable] = set()
        self._missing: dict[AssumptionKey, set[Variable]] = {}

    def on_change_input(
        self, fgraph: Any, node: Any, i: Any, old_var: Any, new_var: Any, reason: Any = None
    ) -> None:
        super().on_change_input(fgraph, node, i, old_var, new_var, reason)
        self._changed.update(node.outputs)
        self._changed.add(new_var)  # facts about `old_var` are taken over

    def on_prune(self, fgraph: Any, node: Apply, reason: Any = None) -> None:
        super().on_prune(fgraph, node, reason)
        self._changed.difference_update(node.outputs)

    def clone(self) -> SparingAssumptionFeature:
        return SparingAssumptionFeature()

    def check(self, var: Variable, key: AssumptionKey) -> bool:
        return self._may_hold(var, key) and super().check(var, key)

    def _may_hold(self, var: Variable, key: AssumptionKey) -> bool:
        """Whether any rule says that the property holds, or contradicts another."""
        if self._changed:
            self._forget_changed()
        missing, keys = self._missing.setdefault(key, set()), with_stronger(key)
        follows = with_rules(keys)

        def unsettled(v: Variable) -> Iterable[Variable]:
            if v in missing or v.owner is None or not follows[type(v.owner.op)]:
                return ()
            return v.owner.inputs

        if var not in missing:
            for v in walk_toposort([var], unsettled):
                if v not in missing and not any(self._is_said(v, k, missing) for k in keys):
                    missing.add(v)
        return var not in missing

    def _is_said(self, var: Variable, key: AssumptionKey, missing: set[Variable]) -> bool:
        """Whether it is known that the property holds of `var`, or a rule says so if it holds of all but `missing`."""
        if self.cache.get((var, key), FactState.UNKNOWN) not in SAYS_NOTHING:
            return True
        if key in CLIENT_INFER_KEYS and self._is_promised(var, key):
            return True
        node = var.owner
        if node is None:
            rule = CONSTANT_INFER_REGISTRY.get(key) if isinstance(var, Constant) else None
            return rule is not None and rule(var) not in SAYS_NOTHING
        if not with_rules((key,))[type(node.op)]:
            return False
        # As if it held of all that is not known to lack it: only so is a no certain, whatever is found out later.
        states = [FactState.UNKNOWN if x in missing else FactState.TRUE for x in node.inputs]
        said = infer_assumption_for_node(key, node.op, self, self.fgraph, node, states)
        return said[node.outputs.index(var)] not in SAYS_NOTHING

    def _is_promised(self, var: Variable, key: AssumptionKey) -> bool:
        """Whether something that reads `var` promises the property."""
        return any(
            infer_assumption_from_client(key, client.op, client, index) not in SAYS_NOTHING
            for client, index in self.fgraph.clients.get(var, ())
        )

    def _forget_changed(self) -> None:
        """Take out what is not known any more."""
        clients = self.fgraph.clients
        for key, missing in self._missing.items():
            if not missing:
                continue
            follows, pending = with_rules(with_stronger(key)), [*self._changed]
            missing -= self._changed
            reached: set[Apply] = set()
            # All that follows from a change, for each: nothing in rewriting a large graph runs more often.
            while pending:
                for node, _ in clients.get(pending.pop(), ()):
                    if node not in reached and follows[type(node.op)]:
                        reached.add(node)
                        pending += node.outputs
                        missing.difference_update(node.outputs)
        self._changed.clear()


def with_rules(keys: tuple[AssumptionKey, ...]) -> WithRules:
    """Whether any of the properties can be inferred, by types of ops."""
    # How many rules there are is part of the question, so that one that is registered later is not missed.
    return _with_rules(keys, len(ASSUMPTION_INFER_REGISTRY))


@cache
def _with_rules(keys: tuple[AssumptionKey, ...], registered: int) -> WithRules:
    return WithRules(keys)


class WithRules(dict[type, bool]):
    """Each type of op is looked up once."""

    def __init__(self, keys: tuple[AssumptionKey, ...]):
        self._keys = keys

    def __missing__(self, kind: type) -> bool:
        found = any(
            (k, cls) in ASSUMPTION_INFER_REGISTRY for k in self._keys for cls in kind.__mro__
        )
        self[kind] = found
        return found


@cache
def with_stronger(key: AssumptionKey) -> tuple[AssumptionKey, ...]:
    """A property, and those that it follows from, also through others."""
    found = [key]
    # The list grows as it is walked.
    for k in found:
        found += [s for s, weaker in IMPLIES.items() if k in weaker and s not in found]
    return tuple(found)
