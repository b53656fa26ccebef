"""How trainings are drawn: every rule, every form of momentum, and rates that change between calls."""

from dataclasses import replace

from hypothesis import strategies as st
from network_draws import modes, networks
from rules_in_numpy import TAKES
from training_runs import FORMS, NO_RATE, RateCase, TrainingCase, WaveCase

FRACTION = st.sampled_from([0.0, 0.1, 0.5, 0.9])
RANGES = {  # of the values of a rate
    "learning_rate": st.sampled_from([0.0, 0.01, 0.07, 0.3]),
    "epsilon": st.sampled_from([0.003, 0.01, 0.2]),
    "weight_decay": st.sampled_from([0.0, 0.1, 0.5]),
    "momentum_decay": st.sampled_from([0.0, 0.1, 0.5]),
} | dict.fromkeys(("momentum", "rho", "beta1", "beta2"), FRACTION)
SHAPES = [(), (3,), (1,), (2, 3), (1, 2), (2, 1, 2)]


@st.composite
def rates(draw, name: str, calls: int) -> RateCase:
    """One rate of a training of so many calls."""
    values = RANGES[name]
    kind = draw(st.sampled_from(["number", "number", "input", "shared", "schedule"]))
    if kind == "number":
        return RateCase(kind, (draw(values),))
    if kind != "schedule":
        return RateCase(kind, tuple(draw(values) for _ in range(calls)))
    steps, fraction = draw(st.integers(1, 4)), draw(st.sampled_from([0.1, 0.5]))
    schedule = draw(st.sampled_from(["warm_up", "step_decay", "cosine"]))
    return RateCase(
        (schedule, steps, draw(values), fraction * (0.1 if schedule == "cosine" else 1)), ()
    )


@st.composite
def waves(draw) -> WaveCase:
    shapes = tuple(draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=3)))
    dtypes = tuple(draw(st.sampled_from(["float64", "float64", "float32"])) for _ in shapes)
    return WaveCase(shapes, dtypes, draw(st.integers(0, 999)))


@st.composite
def trainable_networks(draw):
    """Networks whose weights are shared variables."""
    return replace(draw(networks()), leaves="shared")


@st.composite
def trainings(draw) -> TrainingCase:
    """A training by any rule, a quarter of them of a recurrent network."""
    problem = draw(trainable_networks() if draw(st.integers(0, 3)) == 0 else waves())
    rule, calls = draw(st.sampled_from(sorted(TAKES))), draw(st.integers(1, 4))
    over = draw(st.sampled_from([None, None, "momentum", "applied", *FORMS]))
    given = draw(st.sampled_from(["loss", "loss", "gradients", "bounded"]))
    bound = draw(st.sampled_from([None, None, 0.4])) if over is None else None
    # a network that was drawn for JAX knows its shapes, which JAX asks for
    mode = draw(modes(may_be_jax=getattr(problem, "mode", "JAX") == "JAX"))
    if mode == "JAX" and isinstance(problem, WaveCase):
        # PyTensor's sums of float32 are float64 there (docs/upstream/sum_of_float32_in_jax.md)
        problem = problem._replace(dtypes=("float64",) * len(problem.dtypes))
    return TrainingCase(
        problem,
        rule,
        tuple((name, draw(rates(name, calls))) for name in TAKES[rule]),
        over,
        draw(rates("momentum", calls)) if over else NO_RATE,
        given,
        bound,
        calls,
        mode,
    )
