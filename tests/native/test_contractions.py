"""Contractions: for registers of every width, of any number of images, under names that tell their extents."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from symrnn.convolution import ImageConvolution
from symrnn.native import module, native_report, native_text
from symrnn.native.loops_contraction import panels
from symrnn.native.profiled import native_profile

pytestmark = pytest.mark.usefixtures("cold")


def step():
    """A convolution of ``(B, 6, 5, 3)`` by 21 filters at stride 2 and its gradients, float32."""
    xs = pt.tensor("xs", dtype="float32", shape=(None, 6, 5, 3))
    filters = pt.tensor("filters", dtype="float32", shape=(3, 3, 3, 21))
    out = ImageConvolution((2, 1), ((1, 1), (0, 2)))(xs, filters)
    return [xs, filters], [out, *pt.grad((out**2).sum(), [xs, filters])]


def values(batch):
    rng = np.random.default_rng(batch)
    shapes = (batch, 6, 5, 3), (3, 3, 3, 21)
    return [rng.normal(size=shape).astype("float32") for shape in shapes]


@pytest.mark.parametrize("width", [16, 32, 64])
def test_registers_of_any_width_come_to_the_same_numbers(width, monkeypatch):
    monkeypatch.setattr(module, "vector_bytes", lambda: width)
    function = pytensor.function(*step(), mode="NATIVE")
    plain = pytensor.function(*step(), mode=pytensor.compile.mode.Mode("py", None))
    for a, b in zip(function(*values(2)), plain(*values(2)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4 * abs(b).max())


def test_how_many_images_there_are_is_a_parameter_once_it_changes():
    function = pytensor.function(*step(), mode="NATIVE")
    for batch in (2, 3, 5, 0, 1):
        out, _, _ = function(*values(batch))
        assert out.shape == (batch, 3, 5, 21)
    assert native_report(function).programs <= 3  # one, one for any number, one where it is 0 or 1
    assert not native_report(function).fallbacks


def test_a_profile_names_contractions_by_their_extents():
    inputs, outputs = step()
    function = pytensor.function(inputs, outputs, mode="NATIVE")
    names = {spent.name: spent.times for spent in native_profile(function, *values(4), calls=1)}
    # rows and columns of results, rows of the window, columns by channels, filters: once for each image
    assert names["contraction 3 5 3 9 21"] == 4
    assert names["contraction 3 9 3 5 21"] == 4


@pytest.mark.parametrize("width", [1, 7, 16, 21, 96, 100])
def test_panels_cover_every_column_once(width):
    found = []
    for panel in panels(width, 16, 2):
        for i in range(panel.times):
            begin = panel.start + i * panel.width
            found += range(begin, begin + panel.width)
    assert found == list(range(width))


@pytest.mark.parametrize(("left", "right"), [((3, 2), (2, 0)), ((0, 2), (2, 3)), ((0, 2), (2, 0))])
def test_a_product_without_entries_calls_no_blas(left, right):
    x, y, z = pt.matrices("xyz")
    f = pytensor.function([x, y, z], [pt.dot(x, y), z + pt.dot(x, y)], mode="NATIVE")
    arrays = np.ones(left), np.ones(right), np.ones((left[0], right[1]))
    assert [found.shape for found in f(*arrays)] == 2 * [(left[0], right[1])]
    assert "dgemm" not in native_text(f)
