"""One target of every kind, as somebody's file would hold it: the thing itself, and a function that returns it."""

from importlib.util import find_spec

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.graph.fg import FunctionGraph

from symrnn.graph import TrainingGraph
from symrnn.measure.function_spec import FunctionSpec

x, y = pt.vectors("x", "y")
w = pytensor.shared(np.ones(3), name="w")
loss = ((x - w) ** 2).sum()
state = pytensor.shared(np.zeros(3), name="state")

a_variable = pt.exp(x) + y
a_list_of_outputs = [pt.exp(x), x * w]
inputs_and_outputs = ([y, x], [x + y, x])
with_updates = ([x], loss, {w: w - 0.1 * pytensor.grad(loss, w)})
an_update_dictionary = {w: w - 0.1 * pytensor.grad(loss, w), state: state + x}
a_training_graph = TrainingGraph([x], loss, [w], {"distance": pt.sqrt(loss)}, {state: state + x})
compiled = pytensor.function([x], loss, updates=with_updates[2], mode="FAST_COMPILE")
a_function_graph = FunctionGraph([x], [pt.exp(x) * 2], clone=False)
a_function_spec = FunctionSpec([x], [loss])
function_specs = [FunctionSpec([], [], {w: w + 1}), a_function_spec]

NAMES = {  # kind, as the error names it: the name here
    "a variable": "a_variable",
    "a list of outputs": "a_list_of_outputs",
    "(inputs, outputs)": "inputs_and_outputs",
    "(inputs, outputs, updates)": "with_updates",
    "an update dictionary": "an_update_dictionary",
    "a TrainingGraph": "a_training_graph",
    "a compiled function": "compiled",
    "a FunctionGraph": "a_function_graph",
    "a FunctionSpec": "a_function_spec",
    "a list of FunctionSpecs": "function_specs",
}

if find_spec("pymc"):
    import pymc

    with pymc.Model() as a_model:
        pymc.Normal("seen", pymc.Normal("mean"), pymc.HalfNormal("spread"), observed=[1.0, 2.0])
    NAMES["a PyMC Model"] = "a_model"

for name in NAMES.values():  # build_a_variable and so on
    globals()[f"build_{name}"] = lambda name=name: globals()[name]
