"""The command line, one file a command; what is here alone prints and exits."""

__all__ = ["cli"]
