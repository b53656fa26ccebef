"""The graphs of Nesterov's two forms, of a plain recurrent network with two weights, as they are and as rewritten."""

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.compile.mode import Mode

from making.graphs import svg
from symrnn.measure.function_spec import FunctionSpec
from symrnn.measure.stages import rewritten
from symrnn.updates import nesterov_momentum, nesterov_naive_clone, nesterov_naive_per_parameter


def network():
    """``loss, [w_x, w_h], xs`` of ``h := tanh(x w_x + h w_h)`` in a plain scan."""
    xs = pt.tensor("xs", shape=(None, 3))
    w_x, w_h = (
        pytensor.shared(np.eye(n, 4), name=name, shape=(n, 4))
        for n, name in ((3, "w_x"), (4, "w_h"))
    )
    hs = pytensor.scan(
        lambda x, h, w_x, w_h: pt.tanh(x @ w_x + h @ w_h),
        xs,
        pt.zeros(4),
        [w_x, w_h],
        return_updates=False,
        name="forward",
    )
    return (hs**2).mean(), [w_x, w_h], xs


FORMS = {
    "odd_even": (nesterov_momentum, "odd/even form"),
    "naive": (nesterov_naive_clone, "naive form, gradients cloned once"),
    "per_parameter": (
        nesterov_naive_per_parameter,
        "naive form, gradients cloned for each parameter",
    ),
}


def outputs_of(form):
    """What a training function of a form computes, by name: the loss, and the new values."""
    loss, params, _ = network()
    updates = FORMS[form][0](loss, params, 0.1, 0.9)
    return {"loss": loss} | {f"new {var.name}": value for var, value in updates.items()}


def as_written(form):
    """The picture of the graph before rewriting."""
    return svg(outputs_of(form), f"{FORMS[form][1]}, as written")


def after_rewriting(form):
    """The picture of what PyTensor's own rewrites make of it."""
    loss, params, xs = network()
    updates = FORMS[form][0](loss, params, 0.1, 0.9)
    mode = Mode(linker="py", optimizer="fast_run").excluding("fusion", "inplace", "BlasOpt")
    maker = rewritten(FunctionSpec([xs], [loss], updates), mode)
    names = ["loss", *(f"new {var.name}" for var in updates)]
    made = dict(zip(names, maker.fgraph.outputs, strict=True))
    return svg(made, f"{FORMS[form][1]}, after rewriting")
