"""Classes of Theano that stand for one of PyTensor's: `isinstance` answers for that one, and calling makes one."""


class StandIn(type):
    """The class of such classes; each has `real`, and `make`, which takes Theano's arguments.

    A class that a program derives from one is derived from the real one.
    """

    def __new__(mcs, name, bases, names):
        if bases:
            return type(
                name, tuple(base.real if isinstance(base, mcs) else base for base in bases), names
            )
        return super().__new__(mcs, name, bases, names)

    def __call__(cls, *args, **kwargs):
        return cls.make(*args, **kwargs)

    def __getattr__(cls, name):
        # A class without it would ask for it here again, without an end.
        if name == "real":
            raise AttributeError(name)
        return getattr(cls.real, name)

    def __instancecheck__(cls, instance):
        return isinstance(instance, cls.real)

    def __subclasscheck__(cls, subclass):
        return issubclass(subclass, cls.real)
