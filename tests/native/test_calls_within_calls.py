"""A function that is called while it runs: by finalizers and the garbage collector, which run where they like."""

import gc
import threading
import weakref

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.tensor.blockwise import Blockwise

from symrnn.native import repeated, stages
from symrnn.native.nested import Graph
from symrnn.native.report import native_function, native_programs
from symrnn.native.stages import Stage


class Meanwhile(Op):
    """Twice its input; something happens in Python before and after, and as its shape is asked for.

    Without properties it equals none but itself, so that no graph takes another one for it.
    """

    def __init__(self):
        self.before = self.after = self.asked = lambda: None

    def make_node(self, x):
        return Apply(self, [x], [x.type()])

    def infer_shape(self, *graph_node_and_shapes):
        self.asked()
        return graph_node_and_shapes[-1]

    def perform(self, node, inputs, outputs):
        self.before()
        outputs[0][0] = inputs[0] * 2
        self.after()


class Dying:
    """Calls something when it is collected, which its ring to itself leaves to the collector."""

    def __init__(self, call):
        self.call, self.ring = call, self

    def __del__(self):
        self.call()


def collecting(call):
    """What runs garbage collection, in which `call` runs, once."""
    waiting = [call]

    def collected():
        if waiting:
            Dying(waiting.pop())
            gc.collect()

    return collected


def finalizing(call):
    """What lets an object go that has a finalizer, once."""
    waiting = [call]

    def let_go():
        if waiting:
            held = Meanwhile()
            weakref.finalize(held, waiting.pop())

    return let_go


def between_programs(op, x):
    return op(x + 1) + 1


def in_a_program(op, x):
    """The step of a scan is one program, which calls Python back."""
    return pytensor.scan(lambda row: op(row + 1) + 1, sequences=x[None], return_updates=False)[0]


WHERE = {f.__name__: f for f in (between_programs, in_a_program)}


@pytest.mark.parametrize("way", [collecting, finalizing])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("where", WHERE)
def test_a_finalizer_calls_the_function_that_runs(where, when, way):
    op, x = Meanwhile(), pt.dvector("x")
    f = pytensor.function([x], WHERE[where](op, x), mode="NATIVE")
    call, found = native_function(f), {}
    # Of the length that runs, and of another one, for which a program is made now.
    given, own = {length: np.arange(10.0, 10 + length) for length in (2, 3)}, np.arange(3.0)

    def inner():
        found.update({length: f(values) for length, values in given.items()})

    f(own)
    setattr(op, when, way(inner))
    for outer in (call(own)[0], f(own)):
        np.testing.assert_array_equal(outer, 2 * (own + 1) + 1)
    assert found.keys() == given.keys()
    for length, result in found.items():
        np.testing.assert_array_equal(result, 2 * (given[length] + 1) + 1)


def test_calls_within_calls_within_calls():
    op, x = Meanwhile(), pt.dvector("x")
    f = pytensor.function([x], in_a_program(op, x), mode="NATIVE")
    found, given = [], [np.full(3, float(n)) for n in range(4)]
    f(given[0])
    deeper = iter(given[1:])

    def inner():
        if (values := next(deeper, None)) is not None:
            found.append((values, f(values)))

    op.before = inner
    found.append((given[0], f(given[0])))
    op.before = lambda: None
    assert len(found) == 4
    for values, result in found:
        np.testing.assert_array_equal(result, 2 * (values + 1) + 1)
    # A place for each depth, and all of them are free again.
    [program] = native_programs(native_function(f))
    assert len(program.workspaces) == 4
    assert not any(workspace.in_use.locked() for workspace in program.workspaces)


@pytest.mark.parametrize("number", [2, 3])
def test_a_finalizer_calls_the_function_while_a_signature_is_made(number):
    op, x, n = Meanwhile(), pt.dvector("x"), pt.lscalar("n")
    # `n` decides a shape, so the signature grows by it while it is made.
    f = pytensor.function([x, n], in_a_program(op, x)[:n] + x[:n], mode="NATIVE")
    call, found = native_function(f), []
    a, b = np.arange(5.0), np.arange(7.0)
    op.asked = finalizing(lambda: found.append(call(b, np.array(number))[0]))
    np.testing.assert_array_equal(call(a, np.array(3))[0], 3 * (a + 1)[:3])
    assert len(found) == 1
    np.testing.assert_array_equal(found[0], 3 * (b + 1)[:number])
    for k in (1, 2, 3):
        np.testing.assert_array_equal(f(a, k), 3 * (a + 1)[:k])
        np.testing.assert_array_equal(f(b, k), 3 * (b + 1)[:k])


def test_numbers_that_two_calls_found_at_once_stay_apart():
    x, n, m = pt.dvector("x"), pt.lscalar("n"), pt.lscalar("m")
    stage = Stage(*graph([x, n, m], [x[:n], x[m:]]))
    values = {x: np.arange(6.0), n: np.array(2), m: np.array(4)}
    known, flat = stage.known, stage.signature(values, ())
    stage.found(values, known, flat)
    # Another call that has still to note what it found, under numbers that were of `x` alone.
    stage.found(values | {n: np.array(4), m: np.array(2)}, known, flat)
    for first, last in ((2, 4), (4, 2), (3, 1)):
        result = values | {n: np.array(first), m: np.array(last)}
        stage.run(result)
        head, tail = (result[out] for out in stage.outputs)
        np.testing.assert_array_equal(head, np.arange(6.0)[:first])
        np.testing.assert_array_equal(tail, np.arange(6.0)[last:])


def graph(inputs, outputs):
    from pytensor.graph.fg import FunctionGraph

    fgraph = FunctionGraph(inputs, outputs, clone=False)
    return Graph(inputs, fgraph.toposort(), outputs).nodes, outputs


class Emptied(dict):
    """Signatures that another call clears as soon as one was noted or found."""

    def __setitem__(self, key, value):
        super().__setitem__(key, value)
        self.clear()

    def __contains__(self, key):
        found = super().__contains__(key)
        self.clear()
        return found


def test_signatures_that_another_call_clears_are_found_again(monkeypatch):
    monkeypatch.setattr(stages, "MOST_SIGNATURES", 1)
    monkeypatch.setattr(repeated, "MOST_SIGNATURES", 1)
    x = pt.dvector("x")

    def built():
        return native_function(pytensor.function([x], pt.exp(x) * 2, mode="NATIVE"))

    f = built()
    stage = f.stage or f._written().stage
    stage.known = stage.known._replace(by_signature=Emptied())
    for length in (2, 3, 4, 5):
        np.testing.assert_allclose(f(np.ones(length))[0], np.full(length, 2 * np.e))
    again = built()
    for program in again.recorded:
        program.known = Emptied()
    assert again.recorded
    for length in (2, 3, 4, 5):
        np.testing.assert_allclose(again(np.ones(length))[0], np.full(length, 2 * np.e))


def test_two_functions_whose_nodes_call_each_other_on_two_threads():
    """Each thread is within a node of one function when it calls the other one: neither waits for the other."""
    ops, x = (Meanwhile(), Meanwhile()), pt.dvector("x")
    functions = [pytensor.function([x], op(x + 1), mode="NATIVE") for op in ops]
    for f in functions:
        f([1.0])
    both, found = threading.Barrier(2, timeout=60), {}

    def meeting(mine, other):
        waiting = [mine]

        def met():
            if waiting and waiting.pop() is not None:
                both.wait()  # both are within their nodes
                found[mine] = functions[other].vm.jit_fn(np.array([float(mine)]))[0]

        return met

    for i, op in enumerate(ops):
        op.before = meeting(i, 1 - i)
    results = {}

    def call(i):
        results[i] = functions[i].vm.jit_fn(np.array([10.0 + i]))[0]

    threads = [threading.Thread(target=call, args=(i,), daemon=True) for i in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)
    assert {i: float(r[0]) for i, r in results.items()} == {0: 22.0, 1: 24.0}
    assert {i: float(r[0]) for i, r in found.items()} == {0: 2.0, 1: 4.0}


class WithInnerFunction(Op):
    """As PyTensor's ops with an inner graph: compiled once, with one place for each of its values."""

    gufunc_signature = "(n)->(n)"
    _fn = None

    def __init__(self, inner):
        self.inner = inner

    def make_node(self, x):
        return Apply(self, [x], [x.type()])

    def infer_shape(self, *graph_node_and_shapes):
        return graph_node_and_shapes[-1]

    def perform(self, node, inputs, outputs):
        if self._fn is None:
            x = pt.dvector("x")
            plain = pytensor.compile.mode.Mode("vm", None)
            self._fn = pytensor.function([x], self.inner(x + 1) + x * 2, mode=plain)
        outputs[0][0] = self._fn(inputs[0])


@pytest.mark.parametrize("stacked", [False, True])
def test_an_inner_function_is_called_within_itself(stacked):
    op = Meanwhile()
    holder, x = WithInnerFunction(op), pt.dmatrix("x") if stacked else pt.dvector("x")
    inner = Blockwise(holder) if stacked else holder
    f = pytensor.function([x], inner(x) + 1, mode="NATIVE")
    a, found = np.arange(6.0).reshape((2, 3) if stacked else 6), []
    f(a)
    op.before = finalizing(lambda: found.append(f(a + 5)))
    np.testing.assert_array_equal(f(a), 4 * a + 3)
    np.testing.assert_array_equal(found[0], 4 * (a + 5) + 3)
