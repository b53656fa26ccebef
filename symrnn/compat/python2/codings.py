"""``encode``, ``decode`` and ``translate`` where text was bytes: a character a byte."""

import codecs

from symrnn.compat.numpy_calls import as_bytes

OF_BYTES = ("hex", "base64", "zlib", "bz2", "quopri", "uu")  # codings of bytes as bytes


def encode(subject, /, *args, **kwargs):
    """``subject.encode(…)``: of text the bytes, as text with a character a byte."""
    return (
        encoded(subject, *args, **kwargs)
        if isinstance(subject, (str, bytes))
        else subject.encode(*args, **kwargs)
    )


def decode(subject, /, *args, **kwargs):
    """``subject.decode(…)``: of bytes what they mean."""
    return (
        decoded(subject, *args, **kwargs)
        if isinstance(subject, (str, bytes))
        else subject.decode(*args, **kwargs)
    )


def encoded(text, encoding="ascii", errors="strict"):
    """The bytes of text, as text with a character a byte; ``"hex"`` and its kin too.

    Examples
    --------
    >>> encoded("ab", "hex"), encoded("a\\n", "string-escape")
    ('6162', 'a\\\\n')
    """
    name = plain_name(encoding)
    if name == "rot13":
        return codecs.encode(text, name)
    if name in OF_BYTES:
        coded = codecs.encode(as_bytes(text), name)
    elif name == "string_escape":
        coded, _ = codecs.escape_encode(as_bytes(text))
    else:
        coded = text if isinstance(text, bytes) else text.encode(encoding, errors)
    return coded.decode("latin-1")


def decoded(text, encoding="ascii", errors="strict"):
    """What the bytes mean that text stands for."""
    name, raw = plain_name(encoding), as_bytes(text)
    if name == "rot13":
        return codecs.decode(raw.decode("latin-1"), name)
    if name in OF_BYTES:
        return codecs.decode(raw, name).decode("latin-1")
    if name == "string_escape":
        return codecs.escape_decode(raw)[0].decode("latin-1")
    return raw.decode(encoding, errors)


def plain_name(encoding):
    """The name of a coding as it is written here: ``"hex"`` of ``"HEX-codec"``."""
    name = encoding.lower().replace("-", "_").removesuffix("_codec")
    return {"rot_13": "rot13", "zip": "zlib", "quoted_printable": "quopri"}.get(name, name)


def translated(subject, /, *args, **kwargs):
    """``subject.translate(…)``: of text ``(table, deleted)``; `table` has 256 characters, or is None."""
    if not isinstance(subject, str) or len(args) != 2:
        return subject.translate(*args, **kwargs)
    table, deleted = args
    kept = "".join(c for c in subject if c not in deleted)
    return kept if table is None else kept.translate(table)
