"""Stages, signatures, memory and errors of native functions."""

import threading

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from helpers import SameType

from symrnn.native import native_report
from symrnn.native.compiled import MOST_MEMORIES
from symrnn.native.report import native_programs


def native(inputs, outputs, **options):
    return pytensor.function(inputs, outputs, mode="NATIVE", **options)


def test_a_third_length_compiles_nothing():
    x, y = pt.matrices("xy")
    f = native([x, y], (pt.tanh(x) * y).sum(axis=0) / x.shape[0])
    rng = np.random.default_rng(0)
    for rows, columns in [(5, 3), (7, 3), (9, 3), (20, 3), (8, 6), (30, 40)]:
        a, b = rng.normal(size=(2, rows, columns))
        np.testing.assert_allclose(f(a, b), (np.tanh(a) * b).sum(axis=0) / rows, rtol=1e-12)
    # for (5, 3); for any rows of 3; for any matrix
    assert native_report(f).programs == 3


def test_a_third_length_of_a_reversed_and_flattened_sequence_compiles_nothing():
    xs, w = pt.tensor3("xs", shape=(None, 2, 6)), pt.matrix("w", shape=(6, 4))
    ys = pt.dot(xs[::-1].reshape((-1, 6)), w)
    f = native([xs, w], [ys, (xs.size // 6) * ys.mean()])
    rng = np.random.default_rng(0)
    for steps in (5, 7, 9, 3, 20):
        a, b = rng.normal(size=(steps, 2, 6)), rng.normal(size=(6, 4))
        expected = a[::-1].reshape(-1, 6) @ b
        for found, wanted in zip(f(a, b), [expected, 2 * steps * expected.mean()], strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-12)
    assert native_report(f).programs == 2


def test_lengths_of_a_program_share_their_memory():
    x = pt.matrix("x")
    f = native([x], pt.dot(pt.exp(x).T, pt.exp(x)))
    for rows in (5, 300, 100, 200):
        a = np.linspace(0, 1, 3 * rows).reshape(rows, 3)
        np.testing.assert_allclose(f(a), np.exp(a).T @ np.exp(a), rtol=1e-12)
    _, program = native_programs(f.vm.jit_fn)
    assert len(program.memories) == 3
    assert all(memory._arena is program.workspaces[0].arena for memory in program.memories.values())


def test_lengths_that_differ_are_two_parameters():
    x, y = pt.vectors("xy")
    f = native([x, y], x.sum() * y.sum())
    for n, m in [(2, 2), (3, 4), (9, 7)]:
        assert f(np.ones(n), np.ones(m)) == n * m
    assert native_report(f).programs == 2


def test_a_guard_that_fails_compiles_again_and_is_right():
    x = pt.vector("x")
    f = native([x], x[:4].sum())
    for n in (2, 3, 6, 8, 2, 9):
        assert f(np.arange(float(n))) == np.arange(float(n))[:4].sum()
    # for 2; for lengths below 4; for the others
    assert native_report(f).programs == 3


def test_a_number_that_decides_a_shape_is_part_of_the_signature():
    x, n = pt.vector("x"), pt.iscalar("n")
    f = native([x, n], x[:n] * 2)
    for k in (1, 2, 3, 4):
        np.testing.assert_array_equal(f(np.arange(5.0), k), np.arange(5.0)[:k] * 2)
    assert native_report(f).fallbacks == ()


@pytest.mark.parametrize("wanted", [-1, -2])
def test_a_number_in_a_reshape_may_be_the_rest_in_any_call(wanted):
    x, n = pt.matrix("x", shape=(None, 4)), pt.lscalar("n")
    f, by_pytensor = (
        pytensor.function([x, n], x.reshape((n, 2)), mode=mode)
        for mode in ("NATIVE", "FAST_COMPILE")
    )
    for rows, k in ((3, 6), (4, 8), (3, wanted), (4, wanted), (7, wanted), (4, 8)):
        given = np.arange(4.0 * rows).reshape(rows, 4), k
        np.testing.assert_array_equal(f(*given), by_pytensor(*given))
    # for 3 and 6; for 4 and 8; for any rows and a number below 0
    assert native_report(f).programs == 3


def test_numbers_of_shapes_are_what_their_dtype_holds():
    x = pt.vector("x")
    n = x.shape[0]
    small, byte = pt.cast(n, "int8"), pt.cast(n, "uint8")
    outputs = [
        small,
        small + np.int8(100),
        pt.maximum(small, np.int8(7)),
        pt.gt(small, 0),
        byte - pt.cast(n + 1, "uint8"),
        byte * np.uint8(100),
        pt.cast(n - 5, "uint64"),
        pt.eq(pt.cast(n, "bool"), np.array(True)),
        pt.zeros(byte),
    ]
    f = native([x], outputs)
    for length in (3, 300, 130, 0, 301, 513):
        lengths = np.array([length])  # not a scalar, of which NumPy warns that it overflows
        small, byte = lengths.astype("int8"), lengths.astype("uint8")
        expected = [
            small,
            small + np.int8(100),
            np.maximum(small, np.int8(7)),
            small > 0,
            byte - (lengths + 1).astype("uint8"),
            byte * np.uint8(100),
            (lengths - 5).astype("uint64"),
            lengths.astype("bool"),
            np.zeros(byte),
        ]
        for found, wanted in zip(f(np.ones(length)), expected, strict=True):
            np.testing.assert_array_equal(np.atleast_1d(found), wanted, strict=True)


def test_running_sums_of_a_shape_are_no_longer_the_shape():
    x = pt.matrix("x")
    f = native([x], [pt.cumsum(x.shape), pt.cumprod(x.shape) + 1, pt.zeros(pt.cumsum(x.shape))])
    for shape in ((2, 3), (4, 5), (6, 7)):
        sums, products, zeros = f(np.ones(shape))
        np.testing.assert_array_equal(sums, np.cumsum(shape))
        np.testing.assert_array_equal(products, np.cumprod(shape) + 1)
        assert zeros.shape == tuple(np.cumsum(shape))


def test_a_shape_that_depends_on_values_starts_another_stage():
    x = pt.vector("x")
    f = native([x], pt.nonzero(x > 0)[0] * 2 + 1)
    np.testing.assert_array_equal(f([1.0, -1.0, 2.0]), [1, 5])
    np.testing.assert_array_equal(f([-1.0, -1.0, 2.0]), [5])
    report = native_report(f)
    assert [type(node.op).__name__ for node, _ in report.fallbacks] == ["Nonzero"]


def test_results_that_are_held_are_not_overwritten():
    x = pt.vector("x")
    f = native([x], x + 1)
    results = [f(np.full(3, float(i))) for i in range(10)]
    assert [r[0] for r in results] == [i + 1 for i in range(10)]


def test_inputs_of_any_layout_are_read_right():
    x = pt.matrix("x")
    f = native([x], x * 2)
    a = np.arange(12.0).reshape(3, 4)
    for view in (a, a.T, a[::-1], a[:, ::2], np.asfortranarray(a)):
        np.testing.assert_array_equal(f(view), view * 2)


def test_updates_carry_over():
    w = pytensor.shared(np.zeros(3), name="w")
    f = native([], w.sum(), updates={w: w + 1})
    assert [float(f()) for _ in range(5)] == [0, 3, 6, 9, 12]
    np.testing.assert_array_equal(w.get_value(), [5, 5, 5])


def test_two_threads_call_one_program():
    x = pt.matrix("x")
    f = native([x], pt.exp(x).sum(axis=1))
    call = f.vm.jit_fn
    a = np.random.default_rng(0).normal(size=(50, 60))
    expected, wrong = np.exp(a).sum(axis=1), []

    def work():
        for _ in range(200):
            [result] = call(a)
            if not np.allclose(result, expected):
                wrong.append(result)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


class Refusing(SameType):
    """Raises what it is given."""

    def infer_shape(self, *graph_node_and_shapes):
        return graph_node_and_shapes[-1]

    def perform(self, node, inputs, outputs):
        raise ValueError(f"refused {inputs[0][0]:g}")


class Interrupted(SameType):
    """Twice its input; once it is computed, another thread has a turn."""

    turn = staticmethod(lambda: None)

    def perform(self, node, inputs, outputs):
        outputs[0][0] = inputs[0] * 2
        turn, self.turn = self.turn, lambda: None
        turn()


def test_a_node_that_python_runs_computes_for_one_thread_at_a_time():
    x, results = pt.vector("x"), []
    f = native([x], Interrupted()(x + 1))
    f([1.0])
    [(node, _)] = native_report(f).fallbacks

    def call(value):
        results.append((value, *f.vm.jit_fn(np.array([value]))))

    other = threading.Thread(target=call, args=(10.0,))

    def turn():
        other.start()
        other.join(timeout=0.2)  # it waits for this one, or has overwritten what this one computed

    node.op.turn = turn
    call(5.0)
    other.join()
    for value, result in results:
        np.testing.assert_array_equal(result, [2 * (value + 1)])
    assert sorted(value for value, _ in results) == [5, 10]


class CallsAsItIsLet:
    """A lock; as it is let go, another thread's call comes at once."""

    def __init__(self, lock, call):
        self.lock, self.call = lock, call

    def acquire(self, blocking):
        return self.lock.acquire(blocking=blocking)

    def release(self):
        self.lock.release()
        call, self.call = self.call, lambda: None
        call()


def test_a_call_raises_its_own_error_though_another_follows_at_once():
    x = pt.vector("x")
    # The body of a scan is one program, which calls Python back.
    ys = pytensor.scan(lambda a: Refusing()(a * 2) + 1, sequences=x[:, None], return_updates=False)
    f = native([x], ys)
    with pytest.raises(ValueError, match="refused 2"):
        f([1.0])
    [program] = native_programs(f.vm.jit_fn)

    def other():
        with pytest.raises(ValueError, match="refused 10"):
            program([np.array([5.0])])

    [workspace] = program.workspaces
    workspace.in_use = CallsAsItIsLet(workspace.in_use, other)
    with pytest.raises(ValueError, match="refused 6"):
        program([np.array([3.0])])
    assert program.workspaces == [workspace]


def test_memory_in_use_stays_however_many_other_lengths_come():
    x = pt.vector("x")
    f = native([x], pt.exp(x)[::-1].cumsum())
    for length in (2, 3):
        f(np.ones(length))
    _, program = native_programs(f.vm.jit_fn)
    in_use = program.memories[3,]
    for length in range(4, 4 + 2 * MOST_MEMORIES):
        f(np.ones(length))
        f(np.ones(3))
    assert program.memories[3,] is in_use
    assert len(program.memories) == MOST_MEMORIES


@pytest.mark.parametrize("mode", ["NATIVE", "FAST_COMPILE"])
def test_an_index_out_of_bounds_is_an_index_error(mode):
    x, i = pt.vector("x"), pt.lscalar("i")
    f = pytensor.function([x, i], x[i] * 2, mode=mode)
    assert f([1.0, 2.0], -1) == 4
    with pytest.raises(IndexError):
        f([1.0, 2.0], 2)
    assert f([1.0, 2.0], 0) == 2


def test_shapes_that_do_not_fit_are_errors():
    x, y = pt.matrices("xy")
    f = native([x, y], x + y)
    with pytest.raises(ValueError, match=r"broadcast|shapes"):
        f(np.ones((2, 3)), np.ones((3, 3)))
    with pytest.raises(ValueError, match="aligned"):
        native([x, y], x @ y)(np.ones((2, 3)), np.ones((2, 3)))


def test_an_assertion_is_raised_with_its_message():
    from pytensor.raise_op import Assert

    x = pt.vector("x")
    f = native([x], Assert("x must be positive")(x, pt.all(x > 0)) * 2)
    np.testing.assert_array_equal(f([1.0]), [2.0])
    with pytest.raises(AssertionError, match="x must be positive"):
        f([-1.0])


def test_calls_like_the_last_one_and_others_in_turns():
    """Whatever kind of argument comes after which, values are those of PyTensor."""
    x, y = pt.matrix("x"), pt.vector("y")
    shared = pytensor.shared(np.zeros(3), name="shared")
    f = pytensor.function(
        [x, y], [x @ y, x, shared * 2], updates={shared: shared + y}, mode="NATIVE"
    )
    g = pytensor.function([x, y], [x @ y, x], mode="FAST_COMPILE")
    rng, total = np.random.default_rng(0), np.zeros(3)
    whole = rng.normal(size=(6, 6))
    kinds = [
        whole[:2, :3].copy(),
        whole[:2, :3],  # not in row-major order
        np.asfortranarray(whole[:4, :3]),
        whole[:4, :3].copy(),
        whole[:4, :3].astype("float32"),
        whole[:1, :3].copy(),
        np.zeros((0, 3)),
    ]
    for kind in [*kinds, *kinds, *kinds[::-1], kinds[0], kinds[0]]:
        vector = rng.normal(size=3)
        product, same, doubled = f(kind, vector)
        np.testing.assert_allclose(product, g(kind, vector)[0], rtol=1e-12)
        np.testing.assert_array_equal(same, kind)
        np.testing.assert_allclose(doubled, 2 * total)
        total += vector
    np.testing.assert_allclose(shared.get_value(), total)


def test_what_a_call_returned_stays_when_calls_are_repeated():
    x = pt.vector("x")
    f = pytensor.function([x], [x * 2, x + 1], mode="NATIVE")
    results = [f(np.full(4, float(n))) for n in range(9)]
    for n, (double, more) in enumerate(results):
        np.testing.assert_array_equal(double, np.full(4, 2.0 * n))
        np.testing.assert_array_equal(more, np.full(4, n + 1.0))
