"""What a recurrent cell is: weights, a state, and one step as element-wise algebra.

A step is split in three so that only what must happen step by step does:

* the *input projection* ``zs = xs @ w_x + b``, one matrix product for all steps, outside the scan;
* the *recurrent product* ``r = h_prev @ w_h``;
* ``advance(z, r, state) -> state``, element-wise algebra alone.

The first two are the same for every cell and are written once, in `symrnn.unroll.direction`. A cell of your own is a
frozen dataclass with a ``State`` and an ``advance``; whatever algebra stands there, it gets the assembled gradient too:

>>> from dataclasses import dataclass
>>> from typing import NamedTuple
>>> import pytensor.tensor as pt
>>> from symrnn.cells import Cell
>>> class LeakyState(NamedTuple):
...     h: pt.TensorVariable  # (B, H)
>>> @dataclass(frozen=True)
... class LeakyCell(Cell):
...     leak: float = 0.1
...     State = LeakyState
...     gates = 1
...     def advance(self, z: TensorVariable, r: TensorVariable, state: Any) -> Any:
...         return LeakyState((1 - self.leak) * state.h + self.leak * pt.arctan(z + r))
>>> LeakyCell.create(3, 4, rng=0).params
(w_x, w_h, b)
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Self

import numpy as np
from pytensor.tensor.sharedvar import TensorSharedVariable
from pytensor.tensor.variable import TensorVariable

from symrnn.errors import UserError
from symrnn.init import glorot_uniform, orthogonal, zeros
from symrnn.ops.products import DENSE, Product
from symrnn.params import param

Seed = int | np.random.Generator | None


@dataclass(frozen=True)
class Cell(ABC):
    """Weights of a recurrent cell; subclasses say what a step does with them.

    Attributes
    ----------
    w_x
        ``(D, G*H)``, input to hidden, one block of H columns a gate.
    w_h
        ``(H, G*H)``, hidden to hidden.
    b
        ``(G*H,)``.
    x_product, h_product
        What multiplies by `w_x` and `w_h`, `symrnn.ops.products.Dense` by default. With a `Convolution` of K entries
        the weights are ``(K*D, G*H)`` and ``(K*H, G*H)``, and everything ``(B, H)`` is ``(B, H, *S)``; that of `w_h`
        keeps the size.

    They may be shared variables or any expressions on them. Class attributes: ``State``, a NamedTuple of ``(B, H)``
    variables whose first field is fed back and put out; ``gates``, the number G of blocks.
    """

    w_x: TensorVariable
    w_h: TensorVariable
    b: TensorVariable
    x_product: Product = field(default=DENSE, kw_only=True)
    h_product: Product = field(default=DENSE, kw_only=True)

    State: ClassVar[Any]  # a NamedTuple class, each cell its own
    gates: ClassVar[int]

    @abstractmethod
    def advance(self, z: TensorVariable, r: TensorVariable, state: Any) -> Any:
        """The next state from ``z`` and ``r``, both ``(B, G*H)``, and the last state; element-wise algebra."""

    @classmethod
    def create(
        cls,
        input_size: int,
        hidden_size: int,
        *,
        rng: Seed,
        name: str = "",
        dtype: str | None = None,
        layers: int | None = None,
        x_product: Product = DENSE,
        h_product: Product = DENSE,
        **options: Any,
    ) -> Self:
        """A cell with fresh parameters: Glorot-uniform ``w_x``, orthogonal ``w_h``, zero ``b``.

        `rng` is a `numpy.random.Generator` or a seed, `name` a prefix for the parameters' names, `dtype` their dtype
        (default `pytensor.config.floatX`). With `layers`, every weight gets a leading layer axis of that size, for
        `symrnn.unroll.stack`. `options` are the cell's own fields.
        """
        for argument, size in (("input_size", input_size), ("hidden_size", hidden_size)):
            if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
                raise UserError(f"{argument} must be a whole number of at least 1, but is {size!r}")
        check_products(x_product, h_product)
        # One generator for all weights, in the order of the fields: the same seed makes the same cell.
        rng = np.random.default_rng(rng)
        width = cls.gates * hidden_size
        return cls(
            w_x=param(
                f"{name}w_x",
                (x_product.taps * input_size, width),
                glorot_uniform,
                rng,
                dtype=dtype,
                layers=layers,
            ),
            w_h=param(
                f"{name}w_h",
                (h_product.taps * hidden_size, width),
                orthogonal,
                rng,
                dtype=dtype,
                layers=layers,
            ),
            b=param(f"{name}b", (width,), zeros, rng, dtype=dtype, layers=layers),
            x_product=x_product,
            h_product=h_product,
            **options,
        )

    @property
    def weights(self) -> dict[str, TensorVariable]:
        """The fields that hold variables, by name and in their order."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        # Other fields say what the cell does (an activation, a leak); a number among them is no weight.
        return {name: value for name, value in values.items() if isinstance(value, TensorVariable)}

    @property
    def params(self) -> tuple[TensorSharedVariable, ...]:
        """The shared variables among the weights."""
        return tuple(
            value for value in self.weights.values() if isinstance(value, TensorSharedVariable)
        )

    @property
    def input_size(self) -> int:
        """D, from the static shape of `w_x`."""
        return _static(self.w_x, -2, "w_x") // self.x_product.taps

    @property
    def hidden_size(self) -> int:
        """H, from the static shape of `w_h`."""
        return _static(self.w_h, -2, "w_h") // self.h_product.taps


def check_products(x_product: Product, h_product: Product) -> None:
    """Refuse products that no cell can stand on."""
    if x_product.axes != h_product.axes or not h_product.keeps_size:
        raise UserError(
            "h_product must have as many axes as x_product, odd windows and a stride of 1, for a state keeps its size,"
            f" but is {h_product} beside {x_product}"
        )


def _static(var: TensorVariable, axis: int, name: str) -> int:
    size = var.type.shape[axis]
    # Everything downstream counts on it: gates are cut by static slices, so that no shape arithmetic enters a graph.
    if size is None:
        raise UserError(
            f"{name} must have a static shape, but is of type {var.type}; make it with "
            "pytensor.shared(value, shape=value.shape), or wrap it in pytensor.tensor.specify_shape"
        )
    return size
