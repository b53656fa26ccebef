"""Real data, embedded or from the user's own file; a malformed file is one `UserError` with the line or offset."""

__all__ = ["additions", "airline", "digits", "streams", "text", "word_shapes"]
