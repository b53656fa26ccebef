"""Functions some of whose inputs the caller may leave out."""

from symrnn.errors import UserError


class WithDefaults:
    """A compiled function, and what it takes for inputs that a call leaves out.

    Parameters
    ----------
    compiled
        The function of all inputs.
    names
        The inputs' names in order, None for one that has no name.
    defaults
        Values by position.
    """

    def __init__(self, compiled, names, defaults):
        self.compiled, self.names, self.defaults = compiled, names, defaults

    def __call__(self, *args, **kwargs):
        if len(args) > len(self.names):
            return self.compiled(*args, **kwargs)  # whose error says how many it takes
        values = dict(enumerate(args))
        for name in [name for name in kwargs if name in self.names]:
            place = self.names.index(name)
            if place in values:
                raise TypeError(f"input {name!r} is given twice, by place and by name")
            values[place] = kwargs.pop(name)
        given = self.defaults | values
        absent = [i for i in range(len(self.names)) if i not in given]
        if absent:
            known = [self.names[i] or f"number {i}" for i in absent]
            raise TypeError(f"the function needs {', '.join(known)}, which have no default")
        return self.compiled(*(given[i] for i in range(len(self.names))), **kwargs)

    def __getattr__(self, name):
        if name == "compiled":
            raise AttributeError(name)
        return getattr(self.compiled, name)


def with_defaults(compiled, inputs):
    """`compiled`, which may leave out those of its `inputs` that have a default."""
    defaults = {i: one.default for i, one in enumerate(inputs) if has_default(one)}
    if not defaults:
        return compiled
    names = [getattr(one, "name", None) for one in inputs]
    repeated = {name for name in names if name is not None and names.count(name) > 1}
    if repeated:
        raise UserError(
            f"inputs with defaults need names of their own, but {sorted(repeated)} repeat"
        )
    return WithDefaults(compiled, names, defaults)


def has_default(one):
    """Whether an input is one that may be left out."""
    return getattr(one, "default", None) is not None
