"""PyTensor's inference of assumptions (is this matrix diagonal?), which finds soon that nothing is known.

A product of matrices asks whether either is diagonal; the answer is sought in everything that it was computed from, for
this property and for each that is tied to it, over again after every rewrite. Nothing follows in most graphs.
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
from pytensor.graph.basic import Constant, Variable
from pytensor.graph.traversal import walk_toposort

# Since PyTensor 3.3: what the reader of a value promises of it, and what the numbers of a constant say.
CLIENT_INFER_KEYS = getattr(assumptions, "CLIENT_INFER_KEYS", ())
infer_assumption_from_client: Any = getattr(assumptions, "infer_assumption_from_client", None)
CONSTANT_INFER_REGISTRY = getattr(assumptions, "CONSTANT_INFER_REGISTRY", {})


class SparingAssumptionFeature(AssumptionFeature):
    """PyTensor's feature; where no rule has anything to say, that is noted for all tied properties in one pass."""

    __slots__ = ()

    def clone(self) -> SparingAssumptionFeature:
        return SparingAssumptionFeature()

    def _compute(self, var, key):
        if key not in CLIENT_INFER_KEYS:
            self._settle_unknown(var, related(key))
            if (state := self.cache.get((var, key))) is not None:
                return state
        return super()._compute(var, key)

    def _settle_unknown(self, var: Variable, keys: tuple) -> None:
        """Note that nothing is known of `var` and of what it is computed from, down to the first that says anything."""

        def unsettled(v: Variable) -> Iterable[Variable]:
            if v.owner is None or (v, keys[0]) in self.cache:
                return ()
            return v.owner.inputs if has_rules(keys, type(v.owner.op)) else ()

        for v in walk_toposort([var], unsettled):
            if all((v, key) in self.cache for key in keys):
                continue
            if not self._says_nothing(v, keys):
                continue  # PyTensor's own search takes it from here
            for key in keys:
                self.cache.setdefault((v, key), FactState.UNKNOWN)
            self._var_to_keys.setdefault(v, set()).update(keys)

    def _says_nothing(self, var: Variable, keys: tuple) -> bool:
        """Whether no rule for `keys` infers anything of `var`, and nothing is known of what it is computed from."""
        if self._is_promised(var, keys):
            return False
        node = var.owner
        if node is None:
            infer = (CONSTANT_INFER_REGISTRY.get(k) for k in keys if isinstance(var, Constant))
            return all(rule is None or rule(var) is FactState.UNKNOWN for rule in infer)
        if not has_rules(keys, type(node.op)):
            return True
        if any(self.cache.get((x, k)) is not FactState.UNKNOWN for x in node.inputs for k in keys):
            return False
        unknown = [FactState.UNKNOWN] * len(node.inputs)
        return all(
            state is FactState.UNKNOWN
            for key in keys
            for state in infer_assumption_for_node(key, node.op, self, self.fgraph, node, unknown)
        )

    def _is_promised(self, var: Variable, keys: tuple) -> bool:
        """Whether something that reads `var` promises anything of it."""
        return any(
            infer_assumption_from_client(key, client.op, client, index) is not FactState.UNKNOWN
            for key in keys
            if key in CLIENT_INFER_KEYS
            for client, index in self.fgraph.clients.get(var, ())
        )


def has_rules(keys: tuple, kind: type) -> bool:
    """Whether any of the properties can be inferred for ops of that type."""
    return any((key, cls) in ASSUMPTION_INFER_REGISTRY for key in keys for cls in kind.__mro__)


@cache
def related(key: AssumptionKey) -> tuple[AssumptionKey, ...]:
    """The keys tied to `key` by implications, in either direction and through others; `key` is one of them."""
    found, stack = {key}, [key]
    while stack:
        k = stack.pop()
        near = [
            *IMPLIES.get(k, ()),
            *(stronger for stronger, weaker in IMPLIES.items() if k in weaker),
        ]
        stack += [n for n in near if n not in found]
        found.update(near)
    return tuple(sorted(found, key=lambda k: k.name))
