"""``theano.Op``: ops written with Theano's methods."""

import inspect

from pytensor.graph.op import Op as PyTensorOp
from pytensor.graph.utils import MethodNotDefined


class Op(PyTensorOp):
    """An op whose ``grad(inputs, output_grads)`` and ``infer_shape(node, shapes)`` are as in Theano."""

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        shapes = cls.__dict__.get("infer_shape")
        if shapes is not None and len(inspect.signature(shapes).parameters) == 3:
            # PyTensor passes the graph first, until 3.1
            cls.infer_shape = lambda self, *args: shapes(self, *args[-2:])

    def perform(self, node, inputs, output_storage):
        """Ops of that time could do with C code alone, which is not run here."""
        raise MethodNotDefined(
            f"{type(self).__name__} has no perform(), and its C code is not run here; write perform() for it"
        )

    def pullback(self, inputs, outputs, output_grads):
        """The gradients for the inputs, by whichever method the op defines."""
        if type(self).L_op is not PyTensorOp.L_op:
            return self.L_op(inputs, outputs, output_grads)
        return self.grad(inputs, output_grads)


PureOp = Op
