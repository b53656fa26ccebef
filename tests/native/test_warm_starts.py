"""A second start of the same program: recognised, right, and never mistaken for another."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.compile.mode import optdb
from pytensor.misc.ordered_set import OrderedSet
from pytensor.scan.op import Scan
from pytensor.scan.utils import until

from symrnn.guard import assert_graph_budget
from symrnn.measure.source_lines import full_traces, source_lines
from symrnn.native import native_report, object_cache, warm
from symrnn.native.digest import graph_digest
from symrnn.native.rewrites import WarmStart


@pytest.fixture(autouse=True)
def kept(tmp_path, monkeypatch):
    monkeypatch.setattr(object_cache, "folder", lambda: tmp_path)
    return tmp_path


def accumulated():
    """A function with a scan, its gradient, an update and a shape that is asked for."""
    xs, w = pt.matrix("xs"), pytensor.shared(np.full(3, 0.5), name="w")
    hs = pytensor.scan(
        lambda x, h, w: pt.tanh(x + w * h), xs, [pt.zeros(3)], [w], return_updates=False
    )
    loss = (hs**2).mean()
    update = {w: w - 0.1 * pytensor.grad(loss, w)}
    return pytensor.function([xs], [loss, hs.shape[0]], updates=update, mode="NATIVE"), w


def test_a_second_start_neither_rewrites_nor_lowers():
    xs = np.random.default_rng(0).normal(size=(4, 3))
    results = []
    for _ in range(2):
        f, w = accumulated()
        results.append([*f(xs), *f(xs), w.get_value()])
    assert native_report(f).warm_programs == 1
    assert any(isinstance(node.op, Scan) for node in f.maker.fgraph.apply_nodes)
    for first, second in zip(*results, strict=True):
        np.testing.assert_array_equal(first, second)


def test_nodes_of_a_graph_that_was_left_as_it_was_have_the_lines_that_they_were_made_for():
    for is_warm in (0, 1):
        with full_traces():
            f, _ = accumulated()
        f(np.ones((4, 3)))
        assert native_report(f).warm_programs == is_warm
    with pytensor.config.change_flags(traceback__limit=8):  # as PyTensor has it
        paths = {line.path: line.nodes for line in source_lines(f) if line.path}
        assert [*paths] == [__file__]
        with pytest.raises(
            AssertionError, match=r"a scan of \d+ nodes from .*test_warm_starts.py:\d+"
        ):
            assert_graph_budget(f, scans=0)


def test_an_inverse_is_kept_with_its_error():
    x = pt.dmatrix("x")
    for is_warm in (0, 1):
        f = pytensor.function([x], pt.linalg.inv(x), mode="NATIVE")
        np.testing.assert_array_equal(f(2 * np.eye(3)), np.eye(3) / 2)
        with pytest.raises(np.linalg.LinAlgError, match="Singular matrix"):
            f(np.zeros((3, 3)))
        assert native_report(f).warm_programs == is_warm


def test_a_shape_that_no_program_is_kept_for_is_compiled_after_all():
    f, _ = accumulated()
    f(np.ones((4, 3)))
    f, w = accumulated()
    for steps in (4, 7, 9):
        f(np.ones((steps, 3)))
    report = native_report(f)
    assert (report.warm_programs, report.programs) == (1, 3)
    g, v = accumulated()
    with warm.turned_off():
        g, v = accumulated()
    for steps in (4, 7, 9):
        g(np.ones((steps, 3)))
    np.testing.assert_array_equal(w.get_value(), v.get_value())


def test_lengths_as_parameters_are_kept_with_their_guards():
    def made():
        x = pt.vector("x")
        return pytensor.function([x], x[:4].sum(), mode="NATIVE")

    f = made()
    assert [f(np.ones(n)) for n in (2, 6, 9)] == [2, 4, 4]
    f = made()
    assert [f(np.ones(n)) for n in (2, 8, 30, 3)] == [2, 4, 4, 3]
    assert native_report(f).warm_programs == 2


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty", "another's"])
def test_a_damaged_file_is_as_good_as_none(kept, damage):
    f, _ = accumulated()
    expected = f(np.ones((4, 3)))
    for path in kept.glob("graph-*"):
        content = path.read_bytes()
        path.write_bytes(
            {
                "truncated": content[:-7],
                "flipped": content[:90] + bytes([content[90] ^ 1]) + content[91:],
                "empty": b"",
                "another's": b"something else altogether",
            }[damage]
        )
    f, _ = accumulated()
    np.testing.assert_array_equal(f(np.ones((4, 3))), expected)
    assert native_report(f).warm_programs == 0


def test_a_function_that_python_runs_a_part_of_is_not_kept(kept):
    x = pt.vector("x")
    pytensor.function([x], pt.sort(x) * 2, mode="NATIVE")([2.0, 1.0])
    assert not list(kept.glob("graph-*"))


def similar_graphs():
    """Graphs that differ in one thing each."""
    x, y = pt.matrix("x"), pt.matrix("y")
    fixed = pt.tensor("x", shape=(2, None), dtype="float64")
    single = pt.matrix("x", dtype="float32")

    def scanned(step, steps=3, **options):
        return pytensor.scan(
            step, [x], [pt.zeros(3)], n_steps=steps, return_updates=False, **options
        )

    return [
        ([x, y], x + y),
        ([x, y], x - y),
        ([x, y], y - x),
        ([x], x + 1),
        ([x], x + 1.5),
        ([fixed], fixed + 1),
        ([single], single + 1),
        ([x], x.sum(axis=0)),
        ([x], x.sum(axis=1)),
        ([x], x.sum()),
        ([x], x.max(axis=0)),
        ([x], x.prod(axis=0)),
        ([x], x[0]),
        ([x], x[1]),
        ([x], x[:1]),
        ([x], x[:, 0]),
        ([x], x[::-1]),
        ([x], x[::2]),
        ([x], x.T),
        ([x], x[None]),
        ([x], x[:, None]),
        ([x], x.reshape((-1,))),
        ([x], x.flatten(2)),
        ([x], pt.cast(x, "float32")),
        ([x], pt.cast(x, "int32")),
        ([x], pt.exp(x)),
        ([x], pt.tanh(x)),
        ([x, y], pt.join(0, x, y)),
        ([x, y], pt.join(1, x, y)),
        ([x, y], x @ y),
        ([x, y], y @ x),
        ([x], pt.set_subtensor(x[0], 1.0)),
        ([x], pt.inc_subtensor(x[0], 1.0)),
        ([x], pt.concatenate([x, np.ones((1, 3))])),
        ([x], pt.concatenate([x, np.zeros((1, 3))])),
        ([x], scanned(lambda a, h: a + h)),
        ([x], scanned(lambda a, h: a - h)),
        ([x], scanned(lambda a, h: a + h, 2)),
        ([x], scanned(lambda a, h: a + h, go_backwards=True)),
        ([x], scanned(lambda a, h: (a + h, until(h.sum() > 9)))),
        ([x], pytensor.grad(scanned(lambda a, h: pt.tanh(a + h)).sum(), x)),
        ([x], pytensor.grad(scanned(lambda a, h: pt.tanh(a + h), truncate_gradient=2).sum(), x)),
    ]


def test_similar_graphs_have_names_of_their_own_that_stay():
    first = [graph_digest(inputs, [out], "fast_run") for inputs, out in similar_graphs()]
    again = [graph_digest(inputs, [out], "fast_run") for inputs, out in similar_graphs()]
    assert first == again
    assert None not in first
    assert len(set(first)) == len(first)


def test_what_is_not_known_has_no_name():
    class Mystery(pytensor.graph.op.Op):
        def __init__(self, secret):
            self.secret = secret

        def make_node(self, x):
            return pytensor.graph.basic.Apply(self, [x], [x.type()])

        def perform(self, node, inputs, outputs):
            outputs[0][0] = inputs[0] * self.secret

    x = pt.vector("x")
    assert graph_digest([x], [Mystery(3)(x)], "fast_run") is None
    tagged = pt.matrix("a")
    tagged.tag.lower_triangular = True
    plain = pt.matrix("a")
    names = {graph_digest([a], [a + 1], "fast_run") for a in (tagged, plain)}
    assert len(names) == 2


def test_variables_in_tags_lead_nowhere():
    x, y = pt.vectors("xy")
    x.tag.other, y.tag.other = y, x
    assert graph_digest([x, y], [x + y], "fast_run") is None
    assert pytensor.function([x, y], x + y, mode="NATIVE")([1.0], [2.0]).tolist() == [3.0]


def test_a_network_of_lasagne_has_a_name():
    from symrnn.lasagne import layers

    l_in = layers.InputLayer((None, None, 3))
    layer = layers.LSTMLayer(l_in, 4)
    hs, params = layers.get_output(layer), layers.get_all_params(layer)
    assert graph_digest([l_in.input_var, *params], [hs], "fast_run") is not None


def test_the_name_tells_what_is_excluded():
    from pytensor.compile.mode import get_mode

    x = pt.vector("x")
    modes = [get_mode("NATIVE"), get_mode("NATIVE").excluding("canonicalize")]
    assert len({graph_digest([x], [x + 1], mode._optimizer) for mode in modes}) == 2


def test_a_rewrite_that_was_registered_without_a_name_is_no_hindrance(monkeypatch):
    x = pt.vector()
    named = graph_digest([x], [x + 1], "fast_run")
    monkeypatch.setitem(optdb.__db__, None, OrderedSet())
    nameless = graph_digest([x], [x + 1], "fast_run")
    assert None not in (named, nameless)
    assert named != nameless


@pytest.mark.filterwarnings("ignore:RandomVariable Ops:DeprecationWarning")
def test_a_graph_of_another_bit_generator_is_rewritten_once_at_most(monkeypatch):
    rewritten, original = [], WarmStart.rewritten

    def counted(self, fgraph):
        rewritten.append(fgraph)
        return original(self, fgraph)

    monkeypatch.setattr(WarmStart, "rewritten", counted)
    for bits, is_known in ((np.random.MT19937, 0), (np.random.PCG64, 0), (np.random.PCG64, 1)):
        rng = pytensor.shared(np.random.Generator(bits(1)))
        later, draw = pt.random.normal(size=(3,), rng=rng).owner.outputs
        f = pytensor.function([], draw, updates={rng: later}, mode="NATIVE")
        f()
        assert native_report(f).warm_programs == is_known
        rng.set_value(np.random.Generator(np.random.MT19937(2)))
        right = np.random.Generator(np.random.MT19937(2))
        rewritten.clear()
        for _ in range(5):
            np.testing.assert_array_equal(f(), right.normal(size=(3,)))
        # Of a graph that is known there is only what the program was built from.
        assert len(rewritten) == is_known


def other_machine():
    return "haswell", "+avx2,+fma,-avx512f"


OTHERS = {  # of a folder of caches that two machines share
    "another processor": ("symrnn.native.module.target_machine_options", other_machine),
    "another system": ("llvmlite.binding.get_default_triple", lambda: "arm64-apple-darwin"),
    "a NumPy without its library": ("symrnn.native.draws.is_possible", lambda: False),
}


@pytest.mark.parametrize("name", OTHERS)
def test_programs_of_another_machine_are_not_taken(name, monkeypatch):
    def warm_programs():
        f, _ = accumulated()
        f(np.ones((4, 3)))
        return native_report(f).warm_programs

    assert [warm_programs(), warm_programs()] == [0, 1]
    # What another machine would find under the name of this one's: vectors of its width, calls of its libraries.
    x = pt.vector("x")
    own = graph_digest([x], [x + 1], "fast_run")
    monkeypatch.setattr(*OTHERS[name])
    assert graph_digest([x], [x + 1], "fast_run") != own
    assert warm_programs() == 0


def test_code_in_a_folder_that_refuses_to_be_touched_is_taken(monkeypatch):
    object_cache.save("key", b"code")

    def refuse(path):
        raise PermissionError

    monkeypatch.setattr(object_cache.os, "utime", refuse)
    assert object_cache.load("key") == b"code"
    assert object_cache.load("another") is None


def test_object_code_is_kept_up_to_a_size_and_what_was_used_longest_ago_goes(monkeypatch, tmp_path):
    monkeypatch.setattr(object_cache, "folder", lambda: tmp_path)
    monkeypatch.setattr(object_cache, "LARGEST", 40_000)
    for i in range(200):
        object_cache.save(f"{i}", bytes([i]) * 1_000)
        os.utime(tmp_path / f"{i}", (i, i))
        assert object_cache.load("0") is not None  # used again and again
    # what is written between two looks comes on top
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 40_000 + 4 * 2_500
    kept = {int(path.name) for path in tmp_path.iterdir()}
    assert kept == {0, *range(200 - len(kept) + 1, 200)}


def test_all_files_are_looked_at_once_for_a_sixteenth_of_the_cache(monkeypatch, tmp_path):
    looks, shrink = [], object_cache._shrink
    monkeypatch.setattr(object_cache, "folder", lambda: tmp_path)
    monkeypatch.setattr(object_cache, "LARGEST", 160_000)
    monkeypatch.setattr(object_cache, "_shrink", lambda: (looks.append(1), shrink()))
    for i in range(250):
        object_cache.save(f"{i}", i.to_bytes(2) * 100)
    assert 1 <= len(looks) <= 12  # 5 in the middle
    before = len(looks)
    object_cache.save("large", bytes(10_000))
    assert len(looks) == before + 1


def test_a_function_is_looked_up_and_bodies_of_its_scans_are_not(monkeypatch, tmp_path):
    monkeypatch.setattr(object_cache, "folder", lambda: tmp_path)
    looked_up, load = [], warm.load
    monkeypatch.setattr(warm, "load", lambda digest: looked_up.append(digest) or load(digest))

    def step(x, h):
        return pt.log1p(x) + h

    xs, x, h = pt.vector("xs"), *pt.scalars("xh")
    trace = pytensor.scan(step, sequences=[xs], outputs_info=[pt.zeros(())], return_updates=False)
    # kept, and equal to the body of the scan
    pytensor.function([x, h], step(x, h), mode="NATIVE")(1.0, 2.0)
    f = pytensor.function([xs], trace, mode="NATIVE")
    np.testing.assert_array_equal(f([1e-20, 1e-20]), [1e-20, 2e-20])
    assert len(looked_up) == 2


def test_a_thread_that_rewrites_every_graph_leaves_others_as_they_are():
    with warm.turned_off(), ThreadPoolExecutor(1) as pool:
        assert not warm.is_on()
        assert pool.submit(warm.is_on).result()
