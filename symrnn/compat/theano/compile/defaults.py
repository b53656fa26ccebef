"""Functions some of whose inputs the caller may leave out, and whose states a call leaves changed."""

import copy

from pytensor.link.basic import Container


class WithDefaults:
    """A compiled function, and what it takes for inputs that a call leaves out.

    Its items are those values, by variable or by name: ``f[x]`` is what `x` is when nothing is given for it.

    Parameters
    ----------
    compiled
        The function of all inputs; it returns a list, the states' next values last.
    inputs
        Variables and `In`, in order.
    packed
        The function from the list of outputs to what a call returns.
    """

    def __init__(self, compiled, inputs, packed):
        self.compiled, self.inputs, self.packed = compiled, inputs, packed
        self.names = [getattr(one, "name", None) for one in inputs]
        self.places = [i for i, one in enumerate(inputs) if not getattr(one, "is_hidden", False)]
        self.states = [i for i, one in enumerate(inputs) if next_value(one) is not None]
        self.containers = [container_of(one) for one in inputs]

    def __call__(self, *args, **kwargs):
        values = self.given(args, kwargs)
        found = self.compiled(*values, **kwargs)
        count = len(found) - len(self.states)
        for i, value in zip(self.states, found[count:], strict=True):
            self.containers[i].data = value
        return self.packed(found[:count])

    def given(self, args, kwargs):
        """A value for each input; those that are taken by name are taken out of `kwargs`."""
        if len(args) > len(self.places):
            raise TypeError(
                f"the function takes at most {len(self.places)} inputs, but {len(args)} are given"
            )
        # Inputs behind the last one given come by name, or from their defaults.
        values = dict(zip(self.places, args, strict=False))
        for name in [name for name in kwargs if name in self.names]:
            place = self.place_of(name)
            if place in values:
                raise TypeError(f"input {name!r} is given twice, by place and by name")
            values[place] = kwargs.pop(name)
        kept = {i: one.data for i, one in enumerate(self.containers) if one.data is not None}
        absent = [i for i in range(len(self.inputs)) if i not in kept | values]
        if absent:
            known = [self.names[i] or f"number {i}" for i in absent]
            raise TypeError(f"the function needs {', '.join(known)}, which have no default")
        return [(kept | values)[i] for i in range(len(self.inputs))]

    def place_of(self, name):
        """The place of the one input that is called `name`."""
        if self.names.count(name) > 1:
            raise TypeError(f"several inputs are called {name!r}; give them by place")
        return self.names.index(name)

    @property
    def container(self):
        """The container of each input's value, by variable and by name; `In` takes one as its `value`."""
        variables = [getattr(one, "variable", one) for one in self.inputs]
        return {
            key: one
            for keys in (self.names, variables)
            for key, one in zip(keys, self.containers, strict=True)
        }

    @property
    def value(self):
        """This function: ``f.value[x]`` is ``f[x]``."""
        return self

    def __getitem__(self, key):
        return self.container[key].data

    def __setitem__(self, key, value):
        self.container[key].data = value

    def copy(self, **options):
        """A function of the same graph, whose states are its own from now on."""
        copied = WithDefaults(self.compiled.copy(**options), self.inputs, self.packed)
        for i, (old, new) in enumerate(zip(self.containers, copied.containers, strict=True)):
            if new is old:  # a container that came from another function
                copied.containers[i] = new = container_of(getattr(self.inputs[i], "variable", None))
            new.data = copy.copy(old.data) if i in self.states else old.data
        return copied

    __copy__ = copy

    def __getattr__(self, name):
        if name == "compiled":
            raise AttributeError(name)
        return getattr(self.compiled, name)


def container_of(one):
    """Where the value of an input is kept between calls: its own place, or another function's."""
    default = getattr(one, "default", None)
    if isinstance(default, Container):
        return default
    options = {name: getattr(one, name, None) for name in ("strict", "allow_downcast")}
    container = Container(getattr(one, "variable", one), [None], **options)
    container.data = default
    return container


def has_default(one):
    """Whether an input is one that may be left out."""
    return getattr(one, "default", None) is not None


def next_value(one):
    """The expression of an input's value at the next call, or None."""
    return getattr(one, "following", None)
