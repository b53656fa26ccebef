"""``theano.version``."""

version = full_version = "1.0.5"
