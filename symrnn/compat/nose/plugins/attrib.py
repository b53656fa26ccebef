"""``nose.plugins.attrib``: labels on tests."""

from symrnn.compat.missing import missing


def attr(*names, **values):
    """A decorator that sets attributes on a test: each of `names` true, and `values`."""

    def label(test):
        vars_of_test = dict.fromkeys(names, True) | values
        for name, value in vars_of_test.items():
            setattr(test, name, value)
        return test

    return label


__getattr__ = missing(__name__)
