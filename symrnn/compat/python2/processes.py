"""Bytes of other processes and of pages: what is read is `files.Bytes`, and text may be written."""

import io
import subprocess
from urllib import request

from symrnn.compat.python2.files import Bytes, Reader, Writer, as_old


class Popen(subprocess.Popen):
    """``subprocess.Popen``, whose pipes give bytes that are compared and cut as text, and take text."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if isinstance(self.stdin, io.BufferedWriter):
            # Detached, or the old wrapper would close the pipe when it is collected.
            self.stdin = Writer(self.stdin.detach())
        for name in ("stdout", "stderr"):
            pipe = getattr(self, name)
            if isinstance(pipe, io.BufferedReader):
                setattr(self, name, Reader(pipe.detach()))

    def communicate(self, input=None, timeout=None):
        if isinstance(input, str) and not self.text_mode:
            input = input.encode("latin-1")
        return as_old(super().communicate(input, timeout))


def check_output(*args, **kwargs):
    """``subprocess.check_output``."""
    return as_old(subprocess.check_output(*args, **kwargs))


class Page:
    """What ``urlopen`` opened: what is read is `Bytes`."""

    def __init__(self, response):
        self.response = response

    def read(self, *size):
        return Bytes(self.response.read(*size))

    def readline(self, *size):
        return Bytes(self.response.readline(*size))

    def readlines(self, *hint):
        return list(map(Bytes, self.response.readlines(*hint)))

    def __iter__(self):
        return map(Bytes, self.response)

    def __getattr__(self, name):
        return getattr(self.response, name)


def urlopen(*args, **kwargs):
    """``urllib2.urlopen``."""
    return Page(request.urlopen(*args, **kwargs))
