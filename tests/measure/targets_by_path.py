"""The targets again, in a file that is loaded in a moment each time it is named by its path."""

from targets import *  # noqa: F403
