"""Classes of ops that Theano's graphs held and PyTensor's never do.

Old programs import them to ask ``isinstance(node.op, …)``, which is false of every op here; making one is refused with
what to use.
"""


class Gone(type):
    """The class of such classes."""

    def __instancecheck__(cls, instance):
        return False

    def __call__(cls, *args, **kwargs):
        raise NotImplementedError(f"{cls.__name__} is no op of PyTensor; use {cls.instead}")


def gone(name, instead):
    """A class called `name` that nothing is an instance of; `instead` is what its error advises.

    Examples
    --------
    >>> Rebroadcast = gone("Rebroadcast", "theano.tensor.addbroadcast")
    >>> isinstance(1, Rebroadcast)
    False
    >>> Rebroadcast((0, True))
    Traceback (most recent call last):
    NotImplementedError: Rebroadcast is no op of PyTensor; use theano.tensor.addbroadcast
    """
    return Gone(name, (), {"instead": instead})


class Written(type):
    """The class of classes of ops that are expressions of several here."""

    def __instancecheck__(cls, instance):
        return False

    def __call__(cls, *args, **kwargs):
        return cls.function


def written(name, function):
    """A class called `name` that nothing is an instance of; made, it is `function`.

    Examples
    --------
    >>> SoftmaxWithBias = written("SoftmaxWithBias", lambda x, b: x + b)
    >>> SoftmaxWithBias()(1, 2), isinstance(1, SoftmaxWithBias)
    (3, False)
    """
    return Written(name, (), {"function": staticmethod(function)})
