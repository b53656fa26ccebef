"""How far do Numba's optimisation level and its cache change compile time, and what does the step pay?

Expected: level 1 takes a third off the cold total without slowing the step much; level 0 slows it;
without the cache nothing is gained cold, and a warm start is lost. About two hours on 2 cores,
some minutes with --quick.
"""

from symrnn.study.experiment import grid

cases = [
    *grid(cell=["rnn", "lstm"], depth=[1], level=[3, 2, 1, 0], cache=["on"]),
    *grid(cell=["rnn", "lstm"], depth=[1], level=[3], cache=["off"]),
]
quick = grid(cell=["rnn"], depth=[1], level=[3, 1], cache=["on"])
modes = ["NUMBA"]
states = ["cold", "warm"]
quick_states = ["cold"]
rounds = 3
quick_rounds = 1
time_limit_s = 900
quick_time_limit_s = 600
reference = {"level": 3, "cache": "on"}
needs = ["symrnn.models.digit_stack", "symrnn.updates", "sklearn.model_selection"]

BATCH = 64


def environment(cell, depth, level, cache):
    return {"NUMBA_OPT": str(level)}


def flags(cell, depth, level, cache):
    return "numba__cache=False" if cache == "off" else ""


def build(cell, depth, level, cache):
    from symrnn.models.digit_stack import ROWS, digit_stack

    return digit_stack(cell=cell, depth=depth, steps=ROWS, batch=BATCH)


def functions(graph, cell, depth, level, cache):
    from symrnn.measure.stages import FunctionSpec
    from symrnn.updates import sgd

    return [FunctionSpec(graph.inputs, [graph.loss], sgd(graph.loss, graph.params, 0.1))]


def batch(cell, depth, level, cache):
    from symrnn.models.digit_stack import load_digit_rows

    (xs, labels), _ = load_digit_rows()
    return [xs[:, :BATCH], labels[:BATCH]]


def figure(records):
    from symrnn.study.figures import lines
    from symrnn.study.quantities import select

    drawn = select(records, cache="on", state="cold")
    return [lines(drawn, x="level", y=y, hue="cell") for y in ("total_s", "step_s")]


def answer(records):
    """Every setting against level 3 with the cache: the totals, cold and warm, and the step."""
    from symrnn.study.quantities import values_of

    pairs = dict.fromkeys((record.case["level"], record.case["cache"]) for record in records)
    told = [against_default(records, *pair) for pair in pairs if pair != (3, "on")]
    if not any(told):
        return "No setting finished beside the default, so there is no ratio."
    states = " and ".join(values_of(records, "state"))
    return "\n\n".join([f"Ratios to level 3 with the cache, {states}:", *filter(None, told)])


def against_default(records, level, cache):
    """One setting against the default."""
    from symrnn.study.amounts import times
    from symrnn.study.quantities import ratio, values_of

    of, to = {"level": level, "cache": cache}, {"level": 3, "cache": "on"}
    found = {s: ratio(records, "total_s", of, to, state=s) for s in values_of(records, "state")}
    told = [f"{times(each)} the {state} total" for state, each in found.items() if each]
    if step := ratio(records, "step_s", of, to):
        told.append(f"{times(step)} the step")
    return f"Level {level}, cache {cache}: {', '.join(told)}." if told else ""
