"""The sample of a reader, as a user would have it."""

from importlib import import_module


def sample_in(folder, reader):
    """Write the sample of a reader to `folder`; what ``--data`` would name, the file, or the folder of several."""
    sample = import_module(f"symrnn.data.{reader}").SAMPLE
    for name, content in sample.items():
        (folder / name).write_bytes(content)
    return folder if len(sample) > 1 else folder / next(iter(sample))
