"""A whole PyTensor function as one machine-code module: ``mode="NATIVE"``."""
