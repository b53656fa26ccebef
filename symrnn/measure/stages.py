"""The phases of compiling a PyTensor function, in this process.

    build       the network and its loss, as the user's Python builds them
    grad        the gradients and the updates
    rewrite     cloning the graph and rewriting it
    link        turning it into a callable (C: compiles the modules; Numba, JAX: translates)
    first call  the first step; the JIT compilers do their work here
    step        every later step

A step calls every function of a form in turn (the odd/even form has two). The clock of a call stops when its outputs
and the updated shared variables are there: a JAX function returns before its work is done.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from statistics import median
from time import process_time
from typing import Any

from pytensor.compile.executor import Function
from pytensor.compile.maker import FunctionMaker
from pytensor.compile.mode import Mode
from pytensor.compile.rebuild import construct_function_ins_and_outs

from symrnn.graph import TrainingGraph
from symrnn.measure.function_spec import FunctionSpec
from symrnn.measure.modes import mode_of
from symrnn.measure.sizes import GraphSize, total_size
from symrnn.measure.source_lines import SourceLine
from symrnn.measure.stopwatch import Stopwatch
from symrnn.measure.target import Target
from symrnn.measure.within_build import phases_within
from symrnn.typing import Updates


def step_functions(graph: TrainingGraph, *updates: Updates) -> list[FunctionSpec]:
    """The functions of a training step, one for each of `updates`, to be called in turn.

    Only the last one reads the batch; it returns the loss.

    Examples
    --------
    >>> import pytensor, pytensor.tensor as pt
    >>> from symrnn.graph import TrainingGraph
    >>> x, w = pt.vector("x"), pytensor.shared(1.0, name="w")
    >>> graph = TrainingGraph([x], ((x - w) ** 2).sum(), [w])
    >>> [len(spec.inputs) for spec in step_functions(graph, {w: w + 1}, {w: w / 2})]
    [0, 1]
    """
    *jumps, correct = updates
    specs = [FunctionSpec([], [], jump) for jump in jumps]
    return [*specs, FunctionSpec(graph.inputs, [graph.loss], correct)]


@dataclass(frozen=True)
class CompileTime:
    """Seconds by phase, sizes before and after rewriting; summed over the functions of a form."""

    build_s: float
    grad_s: float
    rewrite_s: float
    link_s: float
    first_call_s: float
    step_s: tuple[float, ...]  # every sample
    before: GraphSize | None  # None where a compiled function was given
    after: GraphSize
    total_cpu_s: float | None = (
        None  # of this process, its threads added up: the same on a busy machine
    )
    step_cpu_s: tuple[float, ...] = ()

    @property
    def jit_s(self) -> float:
        """The first call minus a step: what a JIT compiler took; never negative."""
        return max(0.0, self.first_call_s - median(self.step_s)) if self.step_s else 0.0

    @property
    def total_s(self) -> float:
        """From the first line of the builder to the end of the first step."""
        return self.build_s + self.grad_s + self.rewrite_s + self.link_s + self.first_call_s

    def to_dict(self) -> dict:
        """The values of a record; `jit_s` and `total_s` among them."""
        return {
            **{name: getattr(self, name) for name in SECONDS},
            "step_s": list(self.step_s),
            **({} if self.total_cpu_s is None else {"total_cpu_s": self.total_cpu_s}),
            **({"step_cpu_s": list(self.step_cpu_s)} if self.step_cpu_s else {}),
            **({"before": self.before.to_dict()} if self.before else {}),
            "after": self.after.to_dict(),
        }


SECONDS = (
    "build_s", "grad_s", "rewrite_s", "link_s", "first_call_s", "jit_s", "total_s"
)  # fmt: skip


def rewritten(spec: FunctionSpec, mode: Mode | str | None) -> FunctionMaker:
    """The function of `spec`, cloned and rewritten for `mode`, but not linked.

    The graph as it will run is ``rewritten(spec, mode).fgraph``.
    """
    # What `pytensor.function` does, but stopping before it links: rewriting and linking are timed apart.
    ins, outs = construct_function_ins_and_outs(
        list(spec.inputs), list(spec.outputs), updates=list(spec.updates.items())
    )
    mode = mode_of(mode)
    return mode.function_maker(ins, outs, mode, on_unused_input="ignore")


def linked(maker: FunctionMaker) -> Function:
    """The callable function of a rewritten graph."""
    return maker.create()


def run_step(functions: Sequence[Function], arguments: Sequence[Sequence]) -> list:
    """Call every function in turn, and wait for outputs and updated shared variables."""
    outputs = []
    for function, args in zip(functions, arguments, strict=True):
        outputs.append(function(*args))
        wait_for(outputs[-1])
        # A function that is called for its updates alone returns nothing to wait for.
        wait_for(variable.container.storage[0] for variable in function.get_shared())
    return outputs


def wait_for(values: object) -> None:
    """Wait for the arrays in `values` that are still being computed (JAX)."""
    if isinstance(values, Mapping):
        values = values.values()
    elif callable(wait := getattr(values, "block_until_ready", None)):
        wait()
        return
    elif not isinstance(values, Iterator | list | tuple):
        return
    for value in values:
        wait_for(value)


def stages(
    build: Callable[[], object],
    functions: Callable[[Any], Sequence[FunctionSpec]] | None,
    arguments: Callable[[Any, Sequence[FunctionSpec]], Sequence[Sequence]],
    *,
    mode: Mode | str | None = None,
    steps: int = 20,
    step_limit_s: float = 10.0,
    watch: Stopwatch | None = None,
    on_value: Callable[..., None] = lambda **values: None,
    rewriting: Callable[[], AbstractContextManager] = nullcontext,
    look: Callable[[Sequence, Sequence, Sequence], None] = lambda specs, functions, lines: None,
    look_back: Callable[[Sequence, Sequence], None] = lambda functions, arguments: None,
) -> CompileTime:
    """Measure every phase once, and up to `steps` steps.

    ``build()`` returns a graph; ``functions(graph)`` differentiates it and returns the functions of a step (None: the
    graph is a `Target`, which has them); ``arguments(graph, functions)`` returns the arrays that each function is
    called with. What `build` spends on gradients of its own is time of "grad". Sizes are counted, and the arrays are
    made, off the clock of the phases (the stopwatch calls this "count" and "batch"); so are `look`, after linking, and
    `look_back`, after the steps.

    After `step_limit_s` seconds no further step is taken, once there are three. What is known is given to `on_value` as
    soon as it is, so that a run that is stopped leaves what it knew.

    Examples
    --------
    >>> import numpy as np, pytensor, pytensor.tensor as pt
    >>> from symrnn.graph import TrainingGraph
    >>> def build():
    ...     x, w = pt.vector("x"), pytensor.shared(np.ones(3), name="w")
    ...     return TrainingGraph([x], ((x - w) ** 2).sum(), [w])
    >>> def functions(graph):
    ...     (w,) = graph.params
    ...     return [FunctionSpec(graph.inputs, [graph.loss], {w: w - pytensor.grad(graph.loss, w)})]
    >>> from symrnn.measure.function_spec import arguments_of
    >>> def arguments(graph, specs):
    ...     return arguments_of(specs, graph.inputs, [np.zeros(3)])
    >>> time = stages(build, functions, arguments, mode="FAST_COMPILE", steps=3)
    >>> len(time.step_s), time.before.scans
    (3, 0)
    """
    watch = watch or Stopwatch()
    lines: Sequence[SourceLine] = ()
    with watch("build"), phases_within(watch, rewriting) as within:
        graph = build()
    specs = specs_of(graph, functions, watch)
    if isinstance(graph, Target) and graph.compiled is not None:
        compiled = [graph.compiled]
        before, lines = within.before(graph.compiled)
        specs = []  # what they were before is gone: rewriting works on the graph itself
    else:
        with watch("count"):
            before = total_size(specs)
            on_value(before=before.to_dict())
        compiled = compiled_in_phases(specs, mode, watch, on_value, rewriting)
    # Counted once more: on PyTensor 3.0 it is the linker that rewrites the steps of scans.
    with watch("count"):
        after = total_size(compiled)
        on_value(after=after.to_dict())
        look(specs, compiled, lines)
    with watch("batch"):
        arrays = arguments(graph, specs)
    with watch("first_call"):
        run_step(compiled, arrays)
    step_s, step_cpu_s = step_samples(compiled, arrays, steps, step_limit_s, watch)
    with watch("count"):
        look_back(compiled, arrays)
    phases = ("build", "grad", "rewrite", "link", "first_call")
    return CompileTime(
        **{f"{name}_s": watch.seconds.get(name, 0.0) for name in phases},
        step_s=step_s,
        before=before,
        after=after,
        total_cpu_s=sum(watch.cpu_seconds.get(name, 0.0) for name in phases),
        step_cpu_s=step_cpu_s,
    )


def specs_of(
    graph: object, functions: Callable[[Any], Sequence[FunctionSpec]] | None, watch: Stopwatch
) -> list[FunctionSpec]:
    """The functions of a step: a target has them, of any other graph they are made."""
    if functions is None:
        assert isinstance(graph, Target)
        return list(graph.functions)
    with watch("grad"):
        return list(functions(graph))


def compiled_in_phases(
    specs: Sequence[FunctionSpec],
    mode: Mode | str | None,
    watch: Stopwatch,
    on_value: Callable[..., None],
    rewriting: Callable[[], AbstractContextManager],
) -> list[Function]:
    """Functions, rewritten and linked; `on_value` gets their size in between."""
    with watch("rewrite"), rewriting():
        makers = [rewritten(spec, mode) for spec in specs]
    with watch("count"):
        on_value(after=total_size(maker.fgraph for maker in makers).to_dict())
    with watch("link"):
        return [linked(maker) for maker in makers]


def step_samples(
    compiled: Sequence[Function],
    arguments: Sequence[Sequence],
    steps: int,
    step_limit_s: float,
    watch: Stopwatch,
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Seconds of up to `steps` steps, at least three, however long they take; and their CPU seconds."""
    samples: list[float] = []
    cpu_samples: list[float] = []
    with watch("step"):
        # Three at least: of fewer, the median is no better than any one of them.
        while len(samples) < steps and (len(samples) < 3 or sum(samples) < step_limit_s):
            begin, begin_cpu = watch.clock(), process_time()
            run_step(compiled, arguments)
            end, end_cpu = watch.clock(), process_time()
            samples.append(end - begin)
            cpu_samples.append(end_cpu - begin_cpu)
            watch.spans.append(("one step", begin, end))
    return tuple(samples), tuple(cpu_samples)
