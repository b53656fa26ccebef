"""`doctor`: the causes in a target, each looked for in its own way."""

import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import pytensor
from pytensor.compile import maker as maker_module
from pytensor.compile.maker import FunctionMaker
from pytensor.compile.mode import Mode
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op

from symrnn.doctor import graph_causes
from symrnn.doctor.finding import Conversion, Finding, Patient
from symrnn.doctor.graph_causes import located
from symrnn.duplicates.explained import step_name
from symrnn.duplicates.found import duplicates
from symrnn.measure.function_spec import FunctionSpec
from symrnn.measure.lines_kept import lines_kept
from symrnn.measure.modes import mode_of
from symrnn.measure.patched import patched
from symrnn.measure.sizes import op_name
from symrnn.measure.source_lines import file_and_line, full_traces
from symrnn.measure.stages import linked, rewritten
from symrnn.measure.target import Target, target_of

OBJECT_MODE = re.compile("object mode")
BLAS_OPS = ("Gemm", "Gemv", "Ger", "Dot22", "Dot22Scalar", "BatchedDot")


def doctor(target: object, *, mode: Mode | str | None = None) -> list[Finding]:
    """What in `target` compiles slowly or again in every process; nothing for a clean graph.

    Parameters
    ----------
    target
        Anything that `symrnn.measure.target.target_of` takes. It is rewritten and linked, but not called.
    mode
        The mode to examine it for; the default mode if None.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> x = pt.vector("x")
    >>> doctor(([x], pt.exp(x)), mode="FAST_COMPILE")
    []
    """
    patient = examined(target, mode_of(mode))
    return [finding for look in CAUSES.values() for finding in look(patient)]


def examined(target: object, mode: Mode) -> Patient:
    """The target as it is built, rewritten and linked, with what is said meanwhile."""
    # As they were: within, all warnings are shown and caught, to be told which of them would not have been.
    filters = list(warnings.filters)
    with ExitStack() as stack:
        caught = stack.enter_context(warnings.catch_warnings(record=True))
        warnings.simplefilter("always")
        specs = stack.enter_context(asked_for())
        stack.enter_context(lines_kept())
        with full_traces():
            found = target_of(target)
        # Of what the target compiled itself, the graphs are those that it asked for: its own is rewritten by now.
        if found.compiled is None:
            specs = list(found.functions)
        makers = [rewritten(spec, mode) for spec in specs]
        conversions = converted(makers, mode)
    graphs = [maker.fgraph for maker in makers]
    return Patient(
        mode=mode,
        specs=specs,
        rewritten=graphs if found.compiled is None or graphs else [found.compiled.maker.fgraph],
        outputs=[variable for spec in specs for variable in spec.targets] or found.outputs,
        conversions=conversions,
        hidden=[each for each in caught or () if is_hidden(each, filters)],
    )


@contextmanager
def asked_for() -> Iterator[list[FunctionSpec]]:
    """What `pytensor.function` is asked to compile in the ``with`` block, as it was before rewriting."""
    specs: list[FunctionSpec] = []

    def noting(construct: Callable) -> Callable:
        def noted(inputs: Sequence, outputs: Any = None, **options: Any) -> Any:
            # With givens the function is of other outputs than these.
            if not options.get("givens"):
                given = [getattr(each, "variable", each) for each in inputs]
                listed = outputs if isinstance(outputs, list | tuple) else [outputs]
                kept: list[Any] = [
                    getattr(each, "variable", each) for each in listed if each is not None
                ]
                specs.append(FunctionSpec(given, kept, dict(options.get("updates") or {})))
            return construct(inputs, outputs, **options)

        return noted

    with patched(maker_module, "construct_function_ins_and_outs", noting):
        yield specs


def converted(makers: Sequence[FunctionMaker], mode: Mode) -> list[Conversion]:
    """Link for Numba, and see what each node became; nothing for other linkers."""
    if type(mode.linker).__name__ != "NumbaLinker":
        return []
    from pytensor.link.numba.dispatch import basic

    found: list[Conversion] = []
    broken: list[int] = []  # for each conversion that runs: how many within it have no key

    def watching(funcify: Callable) -> Callable:
        def watched(op: Any, node: Apply | None = None, **options: Any) -> Any:
            broken.append(0)
            with warnings.catch_warnings(record=True) as said:
                warnings.simplefilter("always")
                function, key = funcify(op, node=node, **options)
            within = broken.pop()
            # What holds something without a key has none itself: the innermost one is told, and not all around it.
            if broken and key is None:
                broken[-1] += 1
            if isinstance(op, Op) and node is not None:
                in_object_mode = any(OBJECT_MODE.search(str(each.message)) for each in said or ())
                found.append(Conversion(node, key is not None or within > 0, in_object_mode))
            return function, key

        return watched

    with (
        patched(basic, "numba_funcify_ensure_cache", watching),
        # Without the cache no op is asked for a key, and all would seem to lack one.
        pytensor.config.change_flags(numba__cache=True),
    ):
        for maker in makers:
            linked(maker)
    return found


def is_hidden(warning: warnings.WarningMessage, filters: Sequence[tuple]) -> bool:
    """Whether filters keep a warning from being shown."""
    for action, message, category, _module, line in filters:
        text = str(warning.message)
        if (
            (message is None or re.match(message, text))
            and issubclass(warning.category, category)
            # A warning that was caught tells its file and not its module, so a filter for one says nothing here.
            and _module is None
            and line in (0, warning.lineno)
        ):
            return bool(action == "ignore")
    return False


def object_mode_ops(patient: Patient) -> Iterator[Finding]:
    """Ops that Numba cannot compile: Python runs them, and the function is not kept."""
    lines = line_by_node(patient)
    for each in patient.conversions:
        if each.in_object_mode:
            yield Finding(
                "object_mode",
                f"Numba has no implementation of {op_name(each.node.op)} and calls Python for it; the whole function"
                " is then compiled again by every process",
                lines.get(each.node, ""),
                "register one with pytensor.link.numba.dispatch.basic.register_funcify_default_op_cache_key,"
                " or compute it of ops that have one",
            )


def ops_without_key(patient: Patient) -> Iterator[Finding]:
    """Ops whose implementation has no key: the function that holds one is never kept on the disk."""
    lines = line_by_node(patient)
    for each in patient.conversions:
        if not each.has_key and not each.in_object_mode:
            yield Finding(
                "no_cache_key",
                f"the Numba implementation of {op_name(each.node.op)} has no cache key, so the function that holds it"
                " is compiled again by every process",
                lines.get(each.node, ""),
                "register it with register_funcify_default_op_cache_key or register_funcify_and_cache_key",
            )


def line_by_node(patient: Patient) -> dict[Apply, str]:
    """The lines of the nodes after rewriting."""
    return dict(located([out for graph in patient.rewritten for out in graph.outputs]))


def missing_blas(patient: Patient) -> Iterator[Finding]:
    """Matrix products without a BLAS to link: PyTensor compiles a slow stand-in."""
    is_c = patient.linker in ("CLinker", "OpWiseCLinker")
    is_c |= bool(getattr(patient.mode.linker, "c_thunks", False))
    if not is_c or pytensor.config.blas__ldflags:
        return
    outputs = [out for graph in patient.rewritten for out in graph.outputs]
    products = [
        (node, line) for node, line in located(outputs) if type(node.op).__name__ in BLAS_OPS
    ]
    if products:
        yield Finding(
            "no_blas",
            f"no BLAS is linked (blas__ldflags is empty), and {len(products)} matrix products use PyTensor's stand-in,"
            " which is more to compile and slower to run",
            products[0][1],
            "install one, such as libopenblas-dev, and set PYTENSOR_FLAGS=blas__ldflags=-lopenblas",
        )


def hidden_warnings(patient: Patient) -> Iterator[Finding]:
    """Warnings that were raised and not shown."""
    told = {(each.filename, each.lineno, str(each.message)): each for each in patient.hidden}
    for each in told.values():
        yield Finding(
            "hidden_warning",
            f"a {each.category.__name__} was raised and not shown: {' '.join(str(each.message).split())[:200]}",
            file_and_line(each.filename, each.lineno),
            "do what it says; `python -W default` shows such warnings",
        )


def duplicate_recurrences(patient: Patient) -> Iterator[Finding]:
    """Recurrences that are computed twice."""
    for group in duplicates(Target(patient.specs)) if patient.specs else ():
        # What follows from another group is gone when that is.
        if group.follows_from is None:
            step = step_name(group.components[0]).removeprefix("at ")
            cures = dict.fromkeys(kind.cure for kind in group.kinds)
            yield Finding(
                "duplicate_recurrence",
                f"the same recurrence is computed {len(group.components)} times, for {group.nodes} apply nodes more",
                step,
                "; ".join(cures) + "; `symrnn explain` says more",
            )


CAUSES: dict[str, Callable[[Patient], Iterator[Finding]]] = {
    "large_constant": graph_causes.large_constants,
    "baked_rate": graph_causes.baked_rates,
    "object_mode": object_mode_ops,
    "no_cache_key": ops_without_key,
    "wide_node": graph_causes.wide_nodes,
    "unknown_shape": graph_causes.unknown_shapes,
    "unrolled_loop": graph_causes.unrolled_loops,
    "duplicate_recurrence": duplicate_recurrences,
    "no_blas": missing_blas,
    "hidden_warning": hidden_warnings,
}
