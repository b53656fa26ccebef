"""Expressions that Lasagne adds to Theano's."""
