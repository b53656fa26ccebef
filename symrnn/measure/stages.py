"""The phases of compiling a PyTensor function, in this process.

    build       the network and its loss, as the user's Python builds them
    grad        the gradients and the updates
    rewrite     cloning the graph and rewriting it
    link        turning it into a callable (C: compiles the modules; Numba, JAX: translates)
    first call  the first step; the JIT compilers do their work here
    step        every later step

A step calls every function of a form in turn (the odd/even form has two). The clock of a call
stops when its outputs and the updated shared variables are there: a JAX function returns before
its work is done.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter, process_time

from pytensor.compile.maker import FunctionMaker
from pytensor.compile.mode import get_mode, predefined_modes
from pytensor.compile.rebuild import construct_function_ins_and_outs
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable

from symrnn.errors import UserError
from symrnn.measure.sizes import GraphSize, graph_size
from symrnn.modes import known_mode


@dataclass(frozen=True)
class FunctionSpec:
    """What a PyTensor function is made of, before it is compiled.

    Examples
    --------
    >>> import pytensor, pytensor.tensor as pt
    >>> x, total = pt.scalar("x"), pytensor.shared(0.0)
    >>> spec = FunctionSpec([x], [2 * x], {total: total + x})
    >>> [float(out) for out in linked(rewritten(spec, "FAST_COMPILE"))(3.0)]
    [6.0]
    >>> float(total.get_value())
    3.0
    """

    inputs: Sequence[Variable]
    outputs: Sequence[Variable]
    updates: Mapping[SharedVariable, Variable] = field(default_factory=dict)

    def __post_init__(self):
        object.__setattr__(self, "inputs", tuple(self.inputs))
        object.__setattr__(self, "outputs", tuple(self.outputs))
        object.__setattr__(self, "updates", dict(self.updates))

    @property
    def targets(self) -> tuple[Variable, ...]:
        """Everything that the function computes: its outputs, then the new shared values."""
        return (*self.outputs, *self.updates.values())


def step_functions(graph, *updates) -> list[FunctionSpec]:
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
    before: GraphSize
    after: GraphSize

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
            "before": self.before.to_dict(),
            "after": self.after.to_dict(),
        }


SECONDS = (
    "build_s", "grad_s", "rewrite_s", "link_s", "first_call_s", "jit_s", "total_s"
)  # fmt: skip


def rewritten(spec: FunctionSpec, mode) -> FunctionMaker:
    """The function of `spec`, cloned and rewritten for `mode`, but not linked.

    The graph as it will run is ``rewritten(spec, mode).fgraph``.
    """
    ins, outs = construct_function_ins_and_outs(
        list(spec.inputs), list(spec.outputs), updates=list(spec.updates.items())
    )
    mode = get_mode(known_mode(mode))
    return mode.function_maker(ins, outs, mode, on_unused_input="ignore")


def linked(maker: FunctionMaker):
    """The callable function of a rewritten graph."""
    return maker.create()


def run_step(functions, arguments) -> list:
    """Call every function in turn, and wait for outputs and updated shared variables."""
    outputs = []
    for function, args in zip(functions, arguments, strict=True):
        outputs.append(function(*args))
        wait_for(outputs[-1])
        wait_for(variable.container.storage[0] for variable in function.get_shared())
    return outputs


def wait_for(values) -> None:
    """Wait for the arrays in `values` that are still being computed (JAX)."""
    if isinstance(values, Mapping):
        values = values.values()
    elif callable(getattr(values, "block_until_ready", None)):
        values.block_until_ready()
        return
    elif not isinstance(values, Iterator | list | tuple):
        return
    for value in values:
        wait_for(value)


class Stopwatch:
    """Seconds by phase; several stretches of one phase add up.

    `on_phase` is called with the name of each phase as it begins. The clock is an argument, for
    tests.

    Examples
    --------
    >>> ticks = iter([0.0, 1.5, 2.0, 2.25])
    >>> watch = Stopwatch(clock=lambda: next(ticks))
    >>> with watch("link"):
    ...     pass
    >>> with watch("link"):
    ...     pass
    >>> watch.seconds
    {'link': 1.75}
    """

    def __init__(self, on_phase: Callable[[str], None] = lambda name: None, clock=perf_counter):
        self.seconds: dict[str, float] = {}
        self.cpu_seconds: dict[str, float] = {}  # of this process; the same on a busy machine
        self.spans: list[tuple[str, float, float]] = []  # name, begin, end; on the clock
        self.on_phase, self.clock = on_phase, clock

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Count the time of the ``with`` block as phase `name`, also where it fails."""
        self.on_phase(name)
        begin, begin_cpu = self.clock(), process_time()
        try:
            yield
        finally:
            end, spent = self.clock(), process_time() - begin_cpu
            self.spans.append((name, begin, end))
            self.seconds[name] = self.seconds.get(name, 0.0) + end - begin
            self.cpu_seconds[name] = self.cpu_seconds.get(name, 0.0) + spent


def arguments_of(specs: Sequence[FunctionSpec], inputs, batch) -> list[list]:
    """The arrays that each function is called with; `batch` has one for each of `inputs`."""
    inputs, batch = list(inputs), list(batch)
    if len(inputs) != len(batch):
        raise UserError(
            f"batch must hold one array for each of the {len(inputs)} inputs {inputs},"
            f" but holds {len(batch)}; return them in the order of the inputs"
        )
    arrays = dict(zip(inputs, batch, strict=True))
    missing = [v for spec in specs for v in spec.inputs if v not in arrays]
    if missing:
        raise UserError(
            f"functions may take the inputs {inputs} only, but one takes {missing[0]!r};"
            " add it to the inputs of the graph, or replace it by a value"
        )
    return [[arrays[variable] for variable in spec.inputs] for spec in specs]


def stages(
    build: Callable[[], object],
    functions: Callable[[object], Sequence[FunctionSpec]],
    arguments: Callable[[object, Sequence[FunctionSpec]], Sequence[Sequence]],
    *,
    mode=None,
    steps: int = 20,
    step_limit_s: float = 10.0,
    watch: Stopwatch | None = None,
    on_value: Callable[..., None] = lambda **values: None,
    rewriting: Callable[[], AbstractContextManager] = nullcontext,
    look: Callable[[Sequence, Sequence], None] = lambda specs, functions: None,
    look_back: Callable[[Sequence, Sequence], None] = lambda functions, arguments: None,
) -> CompileTime:
    """Measure every phase once, and up to `steps` steps.

    ``build()`` returns a graph; ``functions(graph)`` differentiates it and returns the functions
    of a step; ``arguments(graph, functions)`` returns the arrays that each function is called
    with. Sizes are counted, and the arrays are made, off the clock of the phases (the stopwatch
    calls this "count" and "batch"); so are `look`, after linking, and `look_back`, after the steps.

    After `step_limit_s` seconds no further step is taken, once there are three. What is known is
    given to `on_value` as soon as it is, so that a run that is stopped leaves what it knew.

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
    >>> def arguments(graph, specs):
    ...     return arguments_of(specs, graph.inputs, [np.zeros(3)])
    >>> time = stages(build, functions, arguments, mode="FAST_COMPILE", steps=3)
    >>> len(time.step_s), time.before.scans
    (3, 0)
    """
    watch = watch or Stopwatch()
    with watch("build"):
        graph = build()
    with watch("grad"):
        specs = list(functions(graph))
    with watch("count"):
        before = sum(graph_size(spec.targets) for spec in specs)
        on_value(before=before.to_dict())
    with watch("rewrite"), rewriting():
        makers = [rewritten(spec, mode) for spec in specs]
    with watch("count"):
        on_value(after=sum(graph_size(maker.fgraph) for maker in makers).to_dict())
    with watch("link"):
        compiled = [linked(maker) for maker in makers]
    with watch("count"):
        after = sum(graph_size(function) for function in compiled)
        on_value(after=after.to_dict())
        look(specs, compiled)
    with watch("batch"):
        arrays = arguments(graph, specs)
    with watch("first_call"):
        run_step(compiled, arrays)
    step_s = step_samples(compiled, arrays, steps, step_limit_s, watch)
    with watch("count"):
        look_back(compiled, arrays)
    phases = ("build", "grad", "rewrite", "link", "first_call")
    seconds = {f"{name}_s": watch.seconds[name] for name in phases}
    return CompileTime(**seconds, step_s=tuple(step_s), before=before, after=after)


def step_samples(compiled, arguments, steps, step_limit_s, watch) -> list[float]:
    """Seconds of up to `steps` steps; at least three, however long they take."""
    samples = []
    with watch("step"):
        while len(samples) < steps and (len(samples) < 3 or sum(samples) < step_limit_s):
            begin = watch.clock()
            run_step(compiled, arguments)
            end = watch.clock()
            samples.append(end - begin)
            watch.spans.append(("one step", begin, end))
    return samples


def mode_name(mode):
    """``NUMBA`` for a mode that has a name; linker and rewrite tags for another."""
    named = [name for name, known in predefined_modes.items() if known is mode]
    if named:
        return named[0]
    query = mode.provided_optimizer
    if isinstance(query, str):
        return f"{type(mode.linker).__name__} {query}"
    tags = [f"+{tag}" for tag in sorted(map(str, getattr(query, "include", ()) or ()))]
    tags += [f"-{tag}" for tag in sorted(map(str, getattr(query, "exclude", ()) or ()))]
    return " ".join([type(mode.linker).__name__, *(tags or ["without rewrites"])])
