"""``theano.configparser``: settings that a program adds."""

from configparser import ConfigParser

from symrnn.compat.missing import missing

from .configuration import change_flags, config


class ConfigParam:
    """A setting with a default, and a filter for what it is set to."""

    def __init__(self, default, filter=None, allow_override=True):
        self.default, self.filter = default, filter


class EnumStr(ConfigParam):
    """One of several words, the first by default."""

    def __init__(self, default, *options, **kwargs):
        super().__init__(default)
        self.all = (default, *options)


BoolParam = StrParam = IntParam = FloatParam = ConfigParam


def AddConfigVar(name, doc, configparam, root=None, in_c_key=True):
    """Let ``theano.config`` have the setting `name`, with dots."""
    default = configparam.default
    config.add(name, default() if callable(default) else default)


__getattr__ = missing(__name__)
