"""stub"""

__all__ = []
