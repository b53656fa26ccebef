"""Classes of ops that Theano's graphs held and PyTensor's never do.

Old programs import them to ask ``isinstance(node.op, …)``, which is false of every op here; making one is refused with
what to use. Some are part of another op here, or an expression.
"""

from pytensor.tensor.elemwise import Elemwise


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


class Narrow(type):
    """The class of classes of ops that are some of another class's here."""

    def __instancecheck__(cls, instance):
        return isinstance(instance, cls.wide) and cls.holds(instance)

    def __call__(cls, *args, **kwargs):
        return cls.made(*args, **kwargs)


def narrow(name, wide, holds, made):
    """A class called `name`: its instances are those of `wide` of which `holds` is true, and `made` makes one.

    Examples
    --------
    >>> Even = narrow("Even", int, lambda n: n % 2 == 0, lambda n=0: 2 * n)
    >>> isinstance(4, Even), isinstance(3, Even), isinstance("4", Even), Even(3)
    (True, False, False, 6)
    """
    parts = {"holds": holds, "made": made}
    return Narrow(
        name, (), {"wide": wide} | {key: staticmethod(part) for key, part in parts.items()}
    )


class Printed:
    """An element-wise function of several ops, which was one op."""

    def __init__(self, name, function):
        self.name, self.function = name, function
        self.__doc__ = function.__doc__

    def __call__(self, *args, **kwargs):
        return self.function(*args, **kwargs)

    def __str__(self):
        return f"Elemwise{{{self.name},no_inplace}}"


def printed(name, function):
    """`function` where it is an op, else one that prints as the op called `name` did.

    Examples
    --------
    >>> double = printed("double", lambda x: 2 * x)
    >>> double(3), str(double)
    (6, 'Elemwise{double,no_inplace}')
    """
    return function if isinstance(function, Elemwise) else Printed(name, function)
