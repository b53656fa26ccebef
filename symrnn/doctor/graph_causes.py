"""Causes that are seen in a graph alone."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
from pytensor.compile.builders import OpFromGraph
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.graph.replace import graph_replace
from pytensor.graph.traversal import graph_inputs
from pytensor.scan.op import Scan
from pytensor.tensor.type import TensorType

from symrnn.doctor.finding import Finding, Patient
from symrnn.measure.attribution import Places
from symrnn.measure.function_spec import FunctionSpec
from symrnn.measure.ledger import Unit
from symrnn.measure.sizes import apply_nodes, graph_size, op_name, with_wrapped
from symrnn.measure.source_lines import NOWHERE, file_and_line, source_line, user_line
from symrnn.measure.stages import rewritten
from symrnn.versions import inner_graphs

LARGEST_CONSTANT = 10**6  # bytes that Numba writes into what it keeps on the disk
MOST_INPUTS = 30
MOST_REPEATS = 50  # nodes of one op that one line makes
LEAST_FEWER = 0.05  # of the nodes: gone once shapes are known
EMBEDDING = {  # linkers that compile constants into the code, and what follows
    "NumbaLinker": f"over {LARGEST_CONSTANT / 1e6:.0f} MB, Numba keeps nothing of it on the disk",
    "JAXLinker": "XLA is given it with the program, computes ahead what follows from it alone, and holds it besides",
}


def located(outputs: list[Variable]) -> Iterator[tuple[Apply, str]]:
    """All nodes, those in bodies as well, with their lines."""
    units: dict[Apply, Unit] = {}

    def walk(outputs: list[Variable], around: Unit | None) -> None:
        for node in apply_nodes(outputs):
            # As units, since `Places` looks for a lost line in the node around.
            units[node] = Unit(node, around)
            for op in with_wrapped(node.op):
                for graph in inner_graphs(op):
                    walk(graph.outputs, units[node])

    walk(outputs, None)
    places = Places(units)
    for node, unit in units.items():
        yield node, file_and_line(*places.of(unit)[:2])


def large_constants(patient: Patient) -> Iterator[Finding]:
    """Arrays in the graph over Numba's limit: in that mode what holds one is compiled again by every process."""
    if patient.linker not in EMBEDDING:
        return
    outputs = [out for graph in patient.rewritten for out in graph.outputs]
    seen = set()
    for node, line in located(outputs):
        for variable in node.inputs:
            data = getattr(variable, "data", None)
            if not isinstance(variable, Constant) or not isinstance(data, np.ndarray):
                continue
            if data.nbytes > LARGEST_CONSTANT and id(data) not in seen:
                seen.add(id(data))
                name = f" {variable.name}" if variable.name else ""
                yield Finding(
                    "large_constant",
                    f"the constant{name} of {data.nbytes / 1e6:.1f} MB ({data.dtype}, shape {data.shape}) is compiled"
                    f" into the code; {EMBEDDING[patient.linker]}",
                    line,
                    "make it shared: pytensor.shared(value, name=..., shape=value.shape)",
                )


def baked_rates(patient: Patient) -> Iterator[Finding]:
    """Rates as numbers in the updates: with another rate it is another function. One finding a line and rate."""
    names: dict[tuple[str, float], list[str]] = {}
    for spec in patient.specs:
        for shared, new in spec.updates.items():
            line = (source_line(new.owner) or "") if new.owner else ""
            for factor in rates_in(shared, new):
                names.setdefault((line, factor.data.item()), []).append(str(shared))
    for (line, rate), updated in names.items():
        first, *others = updated
        rest = f" and of {len(others)} more" if others else ""
        yield Finding(
            "baked_rate",
            f"the update of {first}{rest} has the rate {rate:g} in its graph; another rate"
            " is another function, which compiles again",
            line,
            f'make it shared: rate = pytensor.shared({rate:g}, name="rate"), then rate.set_value(...)',
        )


def rates_in(shared: SharedVariable, new: Variable) -> Iterator[Constant]:
    """Constant factors of the step that an update adds to its variable."""
    terms = list(terms_of(new))
    # What does not begin with the variable itself is no step from it: a count, or another value altogether.
    if shared not in terms and not any(is_scaled(shared, term) for term in terms):
        return
    own = [c.data.item() for term in terms for c in scale_of(shared, term)]
    for term in terms:
        if term is shared or is_scaled(shared, term):
            continue
        for factor in factors_of(term):
            value = factor.data.item()
            is_mean = any(np.isclose(value + kept, 1.0) for kept in own)  # a running mean
            if value not in TRIVIAL and not is_mean:
                # One a term: more factors of one step are one rate.
                yield factor
                break


TRIVIAL = (0.0, 1.0, -1.0, 2.0, -2.0, 0.5)
SUMS, PRODUCTS = ("Add", "Sub", "Neg"), ("Mul", "TrueDiv", "Neg")
WRAPPERS = ("DimShuffle", "Cast", "Alloc")


def scalar_name(variable: Variable) -> str:
    """The scalar op of an element-wise node, or the class of another op."""
    node = variable.owner
    return "" if node is None else type(with_wrapped(node.op)[-1]).__name__


def is_gradient(variable: Variable) -> bool:
    """Whether `pytensor.grad` made it."""
    traces = getattr(variable.tag, "trace", None) or [()]
    return any(frame[0].endswith("gradient.py") and "pytensor" in frame[0] for frame in traces[0])


def terms_of(variable: Variable) -> Iterator[Variable]:
    """What a sum adds up."""
    if scalar_name(variable) in SUMS and not is_gradient(variable):
        for each in variable.owner.inputs:
            yield from terms_of(each)
    else:
        yield variable


def factors_of(variable: Variable) -> Iterator[Constant]:
    """The numbers that a product multiplies, gradients left as they are."""
    if isinstance(variable, Constant):
        if is_float(variable) and variable.data.size == 1:
            yield variable
    elif scalar_name(variable) in (*PRODUCTS, *WRAPPERS) and not is_gradient(variable):
        for each in variable.owner.inputs:
            yield from factors_of(each)


def is_float(variable: Variable) -> bool:
    """Whether it is a tensor of floats."""
    return isinstance(variable.type, TensorType) and variable.type.dtype.startswith("float")


def is_scaled(shared: SharedVariable, term: Variable) -> bool:
    """Whether a term is the variable itself times something."""
    return scalar_name(term) == "Mul" and shared in term.owner.inputs


def scale_of(shared: SharedVariable, term: Variable) -> Iterator[Constant]:
    """The numbers by which a term scales the variable."""
    return factors_of(term) if is_scaled(shared, term) else iter(())


def wide_nodes(patient: Patient) -> Iterator[Finding]:
    """Nodes that take many inputs: the types of all are worked out and passed one by one."""
    outputs = [out for graph in patient.rewritten for out in graph.outputs]
    for node, line in located(outputs):
        if len(node.inputs) > MOST_INPUTS and not isinstance(node.op, Scan | OpFromGraph):
            yield Finding(
                "wide_node",
                f"a node of {op_name(node.op)} takes {len(node.inputs)} inputs (over {MOST_INPUTS}); compilers"
                " take longer than in proportion",
                line,
                "keep the values in one array with an axis more, and reduce along it",
            )


def unrolled_loops(patient: Patient) -> Iterator[Finding]:
    """One line that makes the same node many times: a loop of Python."""
    nodes = [node for node in apply_nodes(patient.outputs) if not is_gradient(node.outputs[0])]
    made = Counter((user_line(node) or NOWHERE, op_name(node.op)) for node in nodes)
    told = set()
    for (place, op), count in made.most_common():
        if count >= MOST_REPEATS and place[0] and place not in told:
            told.add(place)
            yield Finding(
                "unrolled_loop",
                f"one line makes {count} nodes of {op}: a loop of Python writes its steps out, and each is compiled",
                file_and_line(*place[:2]),
                "make it a scan, or one operation along an axis",
            )


def unknown_shapes(patient: Patient) -> Iterator[Finding]:
    """Shared variables without a shape, where knowing it makes the graph smaller: it is rewritten both ways."""
    shared = [
        each
        for each in graph_inputs(patient.outputs)
        if isinstance(each, SharedVariable)
        and isinstance(each.type, TensorType)
        and None in each.type.shape
    ]
    if not shared:
        return
    # The variables are replaced in both, so that the two counts differ by the shapes alone.
    unknown, known = (nodes_with(patient, shared, is_known) for is_known in (False, True))
    if unknown - known < max(1, LEAST_FEWER * unknown):
        return
    names = ", ".join(
        f"{each.name or each} {np.shape(each.get_value(borrow=True))}" for each in shared
    )
    yield Finding(
        "unknown_shape",
        f"the shapes of shared variables are symbols in the graph, though they are known ({names}): {unknown} nodes"
        f" after rewriting, {known} with the shapes",
        made_at(shared[0]),
        "give it: pytensor.shared(value, shape=value.shape)",
    )


def nodes_with(patient: Patient, shared: list, is_known: bool) -> int:
    """Nodes after rewriting, with the shapes of shared variables known or not."""
    new = {
        each: each.type.clone(
            shape=np.shape(each.get_value(borrow=True)) if is_known else each.type.shape
        )(name=each.name)
        for each in shared
    }
    outputs = graph_replace(list(patient.outputs), new, strict=False)
    inputs = [each for each in graph_inputs(outputs) if not isinstance(each, Constant)]
    inputs = [each for each in inputs if not isinstance(each, SharedVariable)]
    return graph_size(rewritten(FunctionSpec(inputs, outputs), patient.mode).fgraph).total_nodes


def made_at(variable: Variable) -> str:
    """The line that made a variable without an owner."""
    traces = getattr(variable.tag, "trace", None) or [()]
    # `user_line` reads the stacks of a node's outputs; this one has no other purpose.
    node = Apply.__new__(Apply)
    node.outputs = [variable]
    return (source_line(node) or "") if traces[0] else ""
