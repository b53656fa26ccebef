"""`TrainingGraph`: what a builder returns, and what update rules, measurements and experiments accept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable
from pytensor.graph.traversal import ancestors
from pytensor.tensor.variable import TensorVariable

from symrnn.errors import UserError
from symrnn.typing import Params, Updates


@dataclass(frozen=True)
class TrainingGraph:
    """A network with its loss, ready to be differentiated.

    Attributes
    ----------
    inputs
        The variables that a batch is fed to, in order.
    loss
        Scalar to minimise.
    params
        Shared variables to train; the loss depends on every one.
    outputs
        Further expressions by name, for example ``{"logits": (B, K)}``.
    carried
        States that go from one batch to the next, each with its value after this batch; they are not trained, and join
        the updates of the training function.
    averages
        Running averages, keys of `carried`, that some outputs read: with the parameters they are what is evaluated.

    Raises
    ------
    UserError
        When the loss is not a scalar, a parameter is not shared, stands twice, or does not reach the loss.

    Examples
    --------
    >>> import numpy as np, pytensor, pytensor.tensor as pt
    >>> w = pytensor.shared(np.zeros(3), name="w")
    >>> x = pt.vector("x")
    >>> TrainingGraph([x], pt.sum((x - w) ** 2), [w]).params
    (w,)
    """

    inputs: Sequence[TensorVariable]
    loss: TensorVariable
    params: Params
    outputs: Mapping[str, TensorVariable] = field(default_factory=dict)
    carried: Updates = field(default_factory=dict)
    averages: Params = ()

    def __post_init__(self) -> None:
        # As tuples: whoever gave a list may go on to change it. The class is frozen, so they are set past it.
        object.__setattr__(self, "inputs", tuple(self.inputs))
        object.__setattr__(self, "params", tuple(self.params))
        object.__setattr__(self, "averages", tuple(self.averages))
        check_loss(self.loss)
        check_params(self.params, self.loss)
        check_averages(self.averages, self.carried)

    @property
    def evaluated(self) -> Params:
        """The parameters and then the averages: all that an output's value depends on besides the inputs."""
        return (*self.params, *self.averages)


def check_loss(loss: Any) -> None:
    """Refuse a loss that is not a scalar expression."""
    if not isinstance(loss, Variable) or loss.type.ndim != 0:
        kind = getattr(loss, "type", type(loss).__name__)
        raise UserError(
            f"loss must be a scalar expression, but is {loss!r} of type {kind}; reduce it with .mean()"
        )


def check_averages(averages: Params, carried: Updates) -> None:
    """Refuse averages that no update moves."""
    for average in averages:
        if average not in carried:
            raise UserError(
                f"averages must be keys of carried, but {average!r} is none; add its value after a batch"
            )


def check_params(params: Params, loss: Variable | None = None) -> None:
    """Refuse parameters that are not shared, stand twice, or (given `loss`) do not reach it."""
    for i, param in enumerate(params):
        if not isinstance(param, SharedVariable):
            raise UserError(f"params[{i}] must be a shared variable, but is {param!r} ({type(param).__name__});"
                            " make it with pytensor.shared(value)")  # fmt: skip
    names = [param.name for param in params]
    if len(set(params)) != len(names):
        twice = next(param for param in params if list(params).count(param) > 1)
        raise UserError(
            f"params must differ from each other, but {twice!r} stands in it twice; drop one"
        )
    if loss is not None:
        reached = set(ancestors([loss]))
        for param in params:
            if param not in reached:
                raise UserError(f"loss must depend on every parameter, but not on {param!r};"
                                " take it out of params, or build the loss from it")  # fmt: skip
