"""``verify_grad`` with Theano's arguments."""

import numpy as np
from pytensor import gradient


def verify_grad(fun, pt, n_tests=2, rng=None, eps=None, out_type=None, abs_tol=None, rel_tol=None, mode=None,
                cast_to_output_type=False, no_debug_ref=True):  # fmt: skip
    """Raise `gradient.GradientError` unless the gradients of `fun` at the arrays `pt` agree with finite differences.

    `rng` may be the module ``numpy.random``, as in many tests of that time.
    """
    if isinstance(mode, str):
        from .compile.mode import get_mode

        mode = get_mode(mode)
    if rng is np.random:
        # The generator behind the module, which PyTensor asks for.
        rng = np.random.mtrand._rand
    gradient.verify_grad(
        fun,
        pt,
        n_tests,
        rng,
        eps,
        out_type,
        abs_tol,
        rel_tol,
        mode,
        cast_to_output_type,
        no_debug_ref,
    )


verify_grad.E_grad = gradient.GradientError
