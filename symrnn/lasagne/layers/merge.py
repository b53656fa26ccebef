"""Layers that join several inputs, cropping them to a common size first if asked."""

import numbers

import numpy as np
import pytensor.tensor as pt

from symrnn.ops.windows import length

from ..utils import numbered_axis
from .base import MergeLayer
from .recurrence import side_by_side_outputs

__all__ = [
    "ConcatLayer",
    "ElemwiseMergeLayer",
    "ElemwiseSumLayer",
    "autocrop",
    "autocrop_array_shapes",
    "concat",
]


def autocrop(inputs, cropping):
    """`inputs` cut to the smallest size along every axis that `cropping` names a way for.

    `cropping` holds, for each axis, None (leave), ``"lower"`` (keep the front), ``"upper"`` (keep the back) or
    ``"center"``; axes
    beyond it are left. None leaves all.
    """
    if cropping is None:
        return inputs
    ndim = inputs[0].ndim
    check_axes([input.ndim for input in inputs])
    for axis, way in enumerate(padded(cropping, ndim)):
        if way is not None:
            smallest = smallest_of([length(input, axis) for input in inputs])
            inputs = [
                input[(slice(None),) * axis + (kept(way, length(input, axis), smallest),)]
                for input in inputs
            ]
    return inputs


def autocrop_array_shapes(input_shapes, cropping):
    """The shapes that `autocrop` makes of `input_shapes`; None where a size is not known."""
    if cropping is None:
        return input_shapes
    check_axes([len(shape) for shape in input_shapes])
    shapes = [list(shape) for shape in input_shapes]
    for axis, way in enumerate(padded(cropping, len(shapes[0]))):
        if way is not None:
            # Refuses what is no way to crop, also where no size is known.
            kept(way, 1, 1)
            sizes = [shape[axis] for shape in shapes]
            for shape in shapes:
                shape[axis] = None if None in sizes else min(sizes)
    return [tuple(shape) for shape in shapes]


def padded(cropping, ndim):
    """`cropping` for all `ndim` axes."""
    return (list(cropping) + [None] * ndim)[:ndim]


def kept(way, size, smallest):
    """The slice that cuts `size` entries down to `smallest`."""
    if way == "lower":
        return slice(None, smallest)
    if way == "upper":
        return slice(size - smallest, None)
    if way == "center":
        start = (size - smallest) // 2
        return slice(start, start + smallest)
    raise ValueError(f"cropping must hold None, 'lower', 'center' or 'upper', but has {way!r}")


def smallest_of(sizes):
    """The least of ints and expressions."""
    if all(isinstance(size, int) for size in sizes):
        return min(sizes)
    smallest = sizes[0]
    for size in sizes[1:]:
        smallest = pt.minimum(smallest, size)
    return smallest


def check_axes(ndims):
    """Refuse inputs of different numbers of axes."""
    if len(set(ndims)) > 1:
        raise ValueError(f"incomings must all have as many axes, but have {ndims}")


class ConcatLayer(MergeLayer):
    """The inputs put behind each other along `axis`; the other sizes must agree, or be cropped."""

    def __init__(self, incomings, axis=1, cropping=None, **kwargs):
        super().__init__(incomings, **kwargs)
        self.axis = axis
        self.cropping = cropping

    def get_output_shape_for(self, input_shapes):
        ndim = len(input_shapes[0])
        axis = numbered_axis(self.axis, ndim)
        shapes = autocrop_array_shapes(input_shapes, self._other_axes(ndim))
        check_axes([len(shape) for shape in shapes])
        sizes = [
            common_size([shape[i] for shape in shapes], i != axis, shapes) for i in range(ndim)
        ]
        joined = [shape[axis] for shape in shapes]
        sizes[axis] = None if None in joined else sum(joined)
        return tuple(sizes)

    def get_output_for(self, inputs, **kwargs):
        ndim = inputs[0].ndim
        # Two directions of one sequence walk in one scan; their outputs come joined along the last axis.
        if self.cropping is None and self.axis % ndim == ndim - 1:
            together = side_by_side_outputs(inputs)
            if together is not None:
                return together
        return pt.concatenate(autocrop(inputs, self._other_axes(ndim)), axis=self.axis)

    def _other_axes(self, ndim):
        """The cropping, without the axis that is joined."""
        if self.cropping is None:
            return None
        return [
            None if axis == self.axis % ndim else way
            for axis, way in enumerate(padded(self.cropping, ndim))
        ]


concat = ConcatLayer


def common_size(sizes, must_agree, shapes):
    """The one size among `sizes` that is known, if any is."""
    known = {size for size in sizes if size is not None}
    if must_agree and len(known) > 1:
        raise ValueError(
            f"Mismatch: input shapes must be equal except in the concatenation axis, but are {shapes}"
        )
    return next(iter(known), None)


class ElemwiseMergeLayer(MergeLayer):
    """`merge_function` of two expressions, applied to the inputs from the left, as `functools.reduce` does.

    Sizes of one broadcast against the others.
    """

    def __init__(self, incomings, merge_function, cropping=None, **kwargs):
        super().__init__(incomings, **kwargs)
        self.merge_function = merge_function
        self.cropping = cropping

    def get_output_shape_for(self, input_shapes):
        shapes = autocrop_array_shapes(input_shapes, self.cropping)
        check_axes([len(shape) for shape in shapes])
        merged = []
        for sizes in zip(*shapes, strict=True):
            wide = {size for size in sizes if size is not None and size != 1}
            if len(wide) > 1:
                raise ValueError(f"Mismatch: not all input shapes are the same (or one): {shapes}")
            merged.append(wide.pop() if wide else (None if None in sizes else 1))
        return tuple(merged)

    def get_output_for(self, inputs, **kwargs):
        result, *others = autocrop(inputs, self.cropping)
        for other in others:
            result = self.merge_function(result, other)
        return result


class ElemwiseSumLayer(ElemwiseMergeLayer):
    """The sum of the inputs, each times its coefficient; a single number in `coeffs` goes for all."""

    def __init__(self, incomings, coeffs=1, cropping=None, **kwargs):
        super().__init__(incomings, pt.add, cropping=cropping, **kwargs)
        if isinstance(coeffs, (list, tuple)) or (isinstance(coeffs, np.ndarray) and coeffs.ndim):
            if len(coeffs) != len(incomings):
                raise ValueError(
                    f"Mismatch: got {len(coeffs)} coeffs for {len(incomings)} incomings"
                )
            self.coeffs = list(coeffs)
        else:
            self.coeffs = [coeffs] * len(incomings)

    def get_output_for(self, inputs, **kwargs):
        scaled = [
            # A coefficient may be an expression, which is not compared.
            x if isinstance(k, numbers.Number) and k == 1 else x * k
            for k, x in zip(self.coeffs, inputs, strict=True)
        ]
        return super().get_output_for(scaled, **kwargs)
