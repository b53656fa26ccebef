"""The form to compare with takes the same options as the assembled one, whatever is known of shapes."""

from dataclasses import dataclass, replace

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from helpers import AS_WRITTEN, MODES, OneGateCell, assert_all_close, evaluate, make_cell

from symrnn.cells import RNNState
from symrnn.unroll import bidirectional, scan_unroll, stack

T, B, H = 4, 3, 2


def layers_of(cell, count):
    """The layers of a cell that was made with layers=, each as a cell of its own."""
    return [
        replace(
            cell,
            **{
                name: pt.specify_shape(var[i], var.type.shape[1:])
                for name, var in cell.weights.items()
            },
        )
        for i in range(count)
    ]


@pytest.mark.parametrize("options", [{"grad_clipping": 0.01}, {"gradient_steps": 2}, {}], ids=str)
@pytest.mark.parametrize("form", ["autodiff", "assembled"])
@pytest.mark.parametrize("directions", [1, 2])
def test_layers_in_one_scan_take_the_options_of_layers_apart(options, form, directions):
    width = directions * H
    cells = [make_cell("lstm", width, H, rng=seed, layers=3) for seed in range(directions)]
    xs = pt.tensor("xs", shape=(None, None, width))
    apart = list(zip(*(layers_of(cell, 3) for cell in cells), strict=True))
    weights = [var for cell in cells for var in cell.weights.values()]
    found, values = [], np.random.default_rng(0).normal(size=(T, B, width))
    for layers, mode in (
        ([list(cells)], MODES[form]),
        ([list(each) for each in apart], AS_WRITTEN),
    ):
        ys = stack(layers, xs, gradient=form, **options)
        gradients = pytensor.grad((ys**2).sum(), weights)
        found.append(evaluate([xs], gradients, [values], mode=mode))
    assert_all_close(*found, 1e-9)


@pytest.mark.parametrize("form", ["autodiff", "assembled"])
@pytest.mark.parametrize("sizes", [(1, None), (None, 1), (1, 1)], ids=str)
def test_layers_in_one_scan_stand_upon_a_layer_that_hides_what_is_known(form, sizes):
    """The layers know a length of 1 from the network's input, and not from what the layer below hands over."""
    xs = pt.tensor("xs", shape=(*sizes, 3))
    below, cell = make_cell("rnn", 3, H, rng=0), make_cell("gru", H, H, rng=1, layers=2)
    weights = [*below.weights.values(), *cell.weights.values()]
    ys = stack([cell], scan_unroll(below, xs), gradient=form)
    apart = stack(layers_of(cell, 2), scan_unroll(below, xs))
    values = np.random.default_rng(0).normal(size=tuple(size or 3 for size in sizes) + (3,))
    found = [
        evaluate([xs], pytensor.grad((each**2).sum(), weights), [values], mode=AS_WRITTEN)
        for each in (ys, apart)
    ]
    assert_all_close(*found, 1e-9)


SIZES = [(None, None), (T, None), (None, 1), (T, 1)]  # of the first two axes
# A mask of another dtype is compared with zero, and then is as a bool: what it knows takes part once for each.
KNOWLEDGE = [(known, told, "bool") for known in SIZES for told in SIZES]
KNOWLEDGE += [(SIZES[0], told, dtype) for told in SIZES for dtype in ("int8", "float64")]


@pytest.mark.parametrize("form", ["autodiff", "assembled"])
@pytest.mark.parametrize(("known", "told", "dtype"), KNOWLEDGE)
def test_a_mask_may_know_more_or_less_than_the_sequence(form, known, told, dtype):
    cell = make_cell("gru", H, H)
    xs, mask = pt.tensor("xs", shape=(*known, H)), pt.tensor("mask", dtype=dtype, shape=told)
    for ys in (
        scan_unroll(cell, xs, mask=mask, gradient=form),
        bidirectional(cell, cell, xs, mask=mask, gradient=form),
    ):
        pytensor.grad(ys.sum(), cell.w_h)
        assert ys.type.ndim == 3


@dataclass(frozen=True)
class ForgetfulCell(OneGateCell):
    """A step that reads neither of its parameters but as a condition."""

    unread: pt.TensorVariable  # (H,)
    turn: pt.TensorVariable  # (H,)

    def advance(self, z, r, state):
        return RNNState(pt.switch(pt.gt(self.turn, 0), 1, -1) * pt.tanh(z + r))


@pytest.mark.parametrize("form", ["autodiff", "assembled"])
def test_a_weight_that_no_step_reads_has_a_gradient_of_zeros_in_layers(form):
    vectors = [pytensor.shared(np.ones((2, H)), name=name, shape=(2, H)) for name in "uv"]
    cell = ForgetfulCell.create(H, H, rng=0, layers=2, unread=vectors[0], turn=vectors[1])
    ys = stack([cell], pt.constant(np.ones((T, B, H))), gradient=form)
    options = {"disconnected_inputs": "ignore", "return_disconnected": "zero"}
    *zeros, other = evaluate([], pytensor.grad(ys.sum(), [*vectors, cell.b], **options), [])
    assert_all_close(zeros, [np.zeros((2, H))] * 2, 0)
    assert other.all()


@dataclass(frozen=True)
class HingedCell(OneGateCell):
    """A float32 number meets one of floatX, and is captured as a float64."""

    p: pt.TensorVariable  # ()

    def advance(self, z, r, state):
        hinge = pt.maximum(self.p + 0.013, 0)
        return RNNState((hinge + z + r + state.h).astype(z.dtype))


@pytest.mark.parametrize("form", ["autodiff", "assembled"])
def test_what_is_captured_may_be_wider_than_the_state(form):
    p = pytensor.shared(np.array(0.5, "float32"), name="p")
    shapes = [(1, 1), (1, 1), (1,)]
    weights = [pytensor.shared(np.ones(n, "float32"), shape=n) for n in shapes]
    cell = HingedCell(*weights, p)
    ys = scan_unroll(cell, pt.zeros((2, 1, 1), dtype="float32"), gradient=form)
    [gradient] = evaluate([], [pytensor.grad(ys.sum(), p)], [])
    np.testing.assert_allclose(gradient, 1 + (1 + 2))  # h := 2 h + a, twice


@dataclass(frozen=True)
class TurnedCell(OneGateCell):
    """A step that captures a switch of a weight, whose gradient PyTensor makes one of floatX."""

    p: pt.TensorVariable  # (H,)

    def advance(self, z, r, state):
        return RNNState(pt.tanh(z + r) * pt.switch(pt.gt(self.p, 0), self.p, -self.p))


def test_layers_that_capture_a_switch_have_gradients_of_the_dtype_of_their_weights():
    p = pytensor.shared(np.full((2, H), -0.5, "float32"), name="p", shape=(2, H))
    cell = TurnedCell.create(H, H, rng=0, layers=2, dtype="float32", p=p)
    xs, found = pt.constant(np.ones((T, B, H), "float32")), []
    for form in ("assembled", "autodiff"):
        ys = stack([cell], xs, gradient=form)
        gradients = pytensor.grad((ys**2).sum(), list(cell.weights.values()))
        found.append(evaluate([], gradients, [], mode=AS_WRITTEN))
    assert {str(gradient.dtype) for gradient in found[0]} == {"float32"}
    assert_all_close(*found, 1e-5)


@dataclass(frozen=True)
class SelfishCell(OneGateCell):
    """A step that reads its weights besides: as they are, and as a function."""

    p: pt.TensorVariable  # (H,)
    reads: str = "p"

    def advance(self, z, r, state):
        read = {
            "p": [self.p],
            "p and a function of it": [pt.arctan(self.p), self.p],
            "w_h": [self.w_h[0], pt.exp(self.w_h[1])],
            "w_x": [self.w_x[0], pt.exp(self.w_x[1])],
            "b": [self.b, pt.exp(self.b)],
        }[self.reads]
        return RNNState(pt.tanh(z + r + self.p * read[0]) + 0.5 * sum(read[1:]) * state.h)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("reads", ["p", "p and a function of it", "w_h", "w_x", "b"])
def test_a_weight_that_a_step_reads_twice_has_the_sum_of_its_gradients(reads, order):
    """Also where the one is computed from the other, which is known too."""
    p = pytensor.shared(np.array([[0.5, -0.3], [0.2, 0.1]]), name="p", shape=(2, H))
    cell = SelfishCell.create(H, H, rng=0, layers=2, p=p, reads=reads)
    xs, found = pt.constant(np.random.default_rng(0).normal(size=(T, B, H))), []
    for form in ("assembled", "autodiff"):
        weights = list(cell.weights.values())
        gradients = pytensor.grad((stack([cell], xs, gradient=form) ** 2).sum(), weights)
        if order == 2:
            gradients = pytensor.grad(sum((g**2).sum() for g in gradients), weights)
        found.append(evaluate([], gradients, [], mode=AS_WRITTEN))
    assert_all_close(*found, 1e-9)
