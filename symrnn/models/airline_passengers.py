"""A recurrent network that forecasts a monthly series from last month's count and the month.

It says the growth from last month to this one, on the scale of logarithms.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor import scan
from pytensor.tensor.variable import TensorVariable

from symrnn.cells import RNNCell
from symrnn.data import monthly_csv
from symrnn.data.monthly_csv import PASSENGERS, YEAR, MonthlySeries
from symrnn.errors import UserError, check_choice
from symrnn.graph import TrainingGraph
from symrnn.init import glorot_uniform, zeros
from symrnn.losses import mean_squared_error
from symrnn.params import param
from symrnn.training.network import Network
from symrnn.training.recipe import Recipe
from symrnn.typing import Updates
from symrnn.unroll import scan_unroll
from symrnn.updates import nesterov_momentum

FEATURES = 1 + YEAR  # last month's count, and which month it is now
NAMES = ("w", "b", "w_y", "b_y")
WRITTEN = ("layer", "hand")
SCALE = 10.0  # growths are of the size of 0.1


def airline_passengers(
    *,
    months: int | None = None,
    hidden_size: int = 4,
    weight_decay: float = 0.0,
    seed: int = 0,
    dtype: str | None = None,
    written: str = "layer",
) -> TrainingGraph:
    """Tanh states and a linear output at each month.

    Parameters
    ----------
    months
        T + 1 where it is static.
    hidden_size
        H.
    weight_decay
        Half of it, times the sum of all squared weights, is added to the loss.
    dtype
        Of inputs and parameters; `pytensor.config.floatX` unless given.
    written
        ``"layer"``: with `symrnn.unroll.scan_unroll`; ``"hand"``: ``h := tanh([x, h] @ w + b)`` in `pytensor.scan`, as
        without this library. The same function of the same parameters.

    Returns
    -------
    TrainingGraph
        Inputs ``xs (T, 1, 13)``, of `features`, and ``growths (T, 1)``; output ``"growth" (T, 1)``.

    Examples
    --------
    >>> graph = airline_passengers()
    >>> [f"{p.name} {p.type.shape}" for p in graph.params]
    ['w (17, 4)', 'b (4,)', 'w_y (4, 1)', 'b_y (1,)']
    """
    rng = np.random.default_rng(seed)
    shapes = [(FEATURES + hidden_size, hidden_size), (hidden_size,), (hidden_size, 1), (1,)]
    params = [
        param(name, shape, glorot_uniform if len(shape) == 2 else zeros, rng, dtype=dtype)
        for name, shape in zip(NAMES, shapes, strict=True)
    ]
    steps = None if months is None else months - 1
    xs = pt.tensor("xs", dtype=params[0].dtype, shape=(steps, 1, FEATURES))
    growths = pt.tensor("growths", dtype=params[0].dtype, shape=(steps, 1))
    growth = said_growth(params, xs, written=written)
    loss = airline_loss(params, growth, growths, weight_decay)
    return TrainingGraph([xs, growths], loss, params, {"growth": growth})


def said_growth(
    params: Sequence[TensorVariable], xs: TensorVariable, *, written: str = "layer"
) -> TensorVariable:
    """``(T, 1)``, the growth that the network of `params`, in the order of `NAMES`, says for each month."""
    w, b, w_y, b_y = params
    check_choice("written", written, WRITTEN)
    hs = states_of_layer(w, b, xs) if written == "layer" else states_by_hand(w, b, xs)
    return (pt.dot(hs, w_y) + b_y)[:, :, 0] / SCALE


def states_of_layer(w: TensorVariable, b: TensorVariable, xs: TensorVariable) -> TensorVariable:
    """``(T, 1, H)``, with the library's cell: the rows of `w` that meet the input, and those that meet the state."""
    return scan_unroll(RNNCell(w[:FEATURES], w[FEATURES:], b), xs)


def states_by_hand(w: TensorVariable, b: TensorVariable, xs: TensorVariable) -> TensorVariable:
    """The same by one product of ``[x, h]`` and `w` a step, differentiated by PyTensor."""

    def step(x, h, w, b):
        return pt.tanh(pt.dot(pt.join(1, x, h), w) + b)

    h0 = pt.zeros((xs.shape[1], b.type.shape[0]), dtype=xs.dtype)
    return scan(step, sequences=[xs], outputs_info=[h0], non_sequences=[w, b], return_updates=False)


def airline_loss(
    params: Sequence[TensorVariable],
    growth: TensorVariable,
    growths: TensorVariable,
    weight_decay: float = 0.0,
) -> TensorVariable:
    """Mean squared error of the growth in per cent of its usual size, and weight decay."""
    decay = sum((p**2).sum() for p in params if p.type.ndim == 2)
    return mean_squared_error(SCALE * growth, SCALE * growths) + 0.5 * weight_decay * decay


def airline_passengers_loss(
    params: Sequence[TensorVariable],
    graph: TrainingGraph,
    *,
    written: str = "layer",
    weight_decay: float = 0.0,
) -> TensorVariable:
    """The loss of ``graph = airline_passengers(...)``, built again on `params`, expressions in its order.

    Examples
    --------
    >>> graph = airline_passengers()
    >>> loss = airline_passengers_loss([0.5 * p for p in graph.params], graph)
    """
    xs, growths = graph.inputs
    return airline_loss(params, said_growth(params, xs, written=written), growths, weight_decay)


def features(series: MonthlySeries, counts: np.ndarray, steps: int) -> np.ndarray:
    """``(T, 1, 13)``: for months 1 to `steps`, the last one's count, on the scale of logarithms, and the month.

    Counts are relative to the first, so that the unit does not matter.
    """
    last = np.log(counts[: steps - 1] / counts[0])
    month = np.eye(YEAR)[series.months(steps)[1:]]
    return np.concatenate([last[:, None], month], axis=1)[:, None].astype(pytensor.config.floatX)


@dataclass(frozen=True)
class AirlinePassengers(Recipe):
    """Trained on all but the last two years, all months in one batch, with Nesterov's momentum.

    Size, decay and steps were chosen in the two years before those (``experiments/airline_passengers.py``).

    Attributes
    ----------
    test_months
        Held out, at the end of the series.
    hidden_size, weight_decay
        As for `airline_passengers`.
    learning_rate, momentum
        Of `symrnn.updates.nesterov_momentum`.
    """

    steps: int = 1000
    batch_size: int = 1
    test_months: int = 24
    hidden_size: int = 4
    weight_decay: float = 0.01
    learning_rate: float = 0.02
    momentum: float = 0.9

    free: ClassVar = frozenset({"steps"})
    small: ClassVar = ({"test_months": 4, "hidden_size": 2},)

    def data(self, path: Path | None = None) -> MonthlySeries:
        series = monthly_csv.read(path or PASSENGERS)
        if len(series.counts) < self.test_months + 2 * YEAR:
            raise UserError(
                f"{path or 'the series'} must have two years of months before the {self.test_months}"
                f" held out, but has {len(series.counts)} in all; give test_months a lower number"
            )
        return series

    def graph(self) -> TrainingGraph:
        return airline_passengers(
            hidden_size=self.hidden_size, weight_decay=self.weight_decay, seed=self.seed
        )

    def updates(self, graph: TrainingGraph) -> Updates:
        return nesterov_momentum(graph.loss, graph.params, self.learning_rate, self.momentum)

    def batch(self, data: MonthlySeries, step: int) -> list[np.ndarray]:
        steps = len(data.counts) - self.test_months
        growths = np.diff(np.log(data.counts[:steps]))[:, None]
        return [features(data, data.counts, steps), growths.astype(pytensor.config.floatX)]

    def test(self, network: Network, data: MonthlySeries) -> dict[str, float]:
        start = len(data.counts) - self.test_months
        # The first month has none before it to be forecast from, so `fit` begins with the second.
        actual, fitted = data.counts[start:], fit(network, data)[start - 1 :]
        ahead = forecast(network, data, start, self.test_months)
        return {
            "error a month ahead": rmse(fitted, actual),
            "error of last year's month": rmse(data.counts[start - YEAR : -YEAR], actual),
            f"error {self.test_months} months ahead": rmse(ahead, actual),
            "error of the last year seen": rmse(seasonal(data.counts[:start], len(actual)), actual),
        }

    def predict(
        self, network: Network, words: tuple[str, ...], path: Path | None = None
    ) -> Iterator[str]:
        series = self.data(path)
        steps = asked_months(words)
        for step, count in enumerate(forecast(network, series, len(series.counts), steps)):
            yield f"{series.name(len(series.counts) + step)}  {count:.0f}"


def fit(network: Network, series: MonthlySeries) -> np.ndarray:
    """``(T - 1,)``: each month but the first, forecast from all before it."""
    xs = features(series, series.counts, len(series.counts))
    return series.counts[:-1] * np.exp(network("growth", xs)[:, 0])


def forecast(network: Network, series: MonthlySeries, start: int, steps: int) -> np.ndarray:
    """``(steps,)``: the months from `start` on, none of them and nothing after them seen."""
    # What is to be forecast stands as ones until it is; the network walks forward, so no month before is touched.
    counts = np.concatenate([series.counts[:start], np.ones(steps)])
    for step in range(start, start + steps):
        # The whole series again for each month, in one shape throughout: a longer one each time would compile anew in
        # JAX mode.
        growth = network("growth", features(series, counts, len(counts)))[step - 1, 0]
        counts[step] = counts[step - 1] * np.exp(growth)
    return counts[start:]


def seasonal(counts: np.ndarray, steps: int) -> np.ndarray:
    """The naive forecast of `steps` months: the last year of ``counts (T,)``, again and again."""
    return np.resize(counts[-YEAR:], steps)


def rmse(forecast: np.ndarray, actual: np.ndarray) -> float:
    """Root of the mean squared error, in the unit of the counts."""
    return float(np.sqrt(np.mean((forecast - actual) ** 2)))


def asked_months(words: tuple[str, ...]) -> int:
    """How many months a user asks for; a year unless told."""
    if len(words) > 1 or not all(word.isdecimal() and int(word) for word in words):
        raise UserError(f"give a number of months to forecast, but got {' '.join(words)!r}")
    return int(words[0]) if words else YEAR
