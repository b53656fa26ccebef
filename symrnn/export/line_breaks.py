"""Statements that are too long for a line, broken as ruff breaks them."""

import re
from collections.abc import Sequence

WIDTH = 88


def broken(head: str, expression: str, room: int) -> list[str]:
    """A long assignment on several lines: at the last brackets, then argument by argument, else in brackets."""
    at = _opening(expression)
    # ruff opens the last brackets only where what stands before them fits the line.
    if at is None or (_operators(expression[:at]) and len(head) + at + 1 > room):
        return [f"{head}(", f"    {expression}", ")"]
    opened, inside, closed = head + expression[: at + 1], expression[at + 1 : -1], expression[-1]
    if len(inside) + 4 <= room:
        return [opened, f"    {inside}", closed]
    lines = [line for each in split_arguments(inside) for line in argument(each, room - 4)]
    return [opened, *(f"    {line}" for line in lines), closed]


def argument(expression: str, room: int) -> list[str]:
    """An argument with its comma, itself on several lines where it is too long for one."""
    if len(expression) + 1 <= room or _opening(expression) is None:
        return [f"{expression},"]
    *lines, last = broken("", expression, room)
    return [*lines, f"{last},"]


def _opening(expression: str) -> int | None:
    """Where the brackets open that close at the end."""
    if not expression or expression[-1] not in ")]":
        return None
    depth = 0
    for i in range(len(expression) - 1, -1, -1):
        depth += (expression[i] in ")]}") - (expression[i] in "([{")
        if depth == 0:
            # With two operators in front ruff puts the whole expression in brackets instead.
            return i if _operators(expression[:i]) <= 1 else None
    return None


def _operators(expression: str) -> int:
    """How many signs stand between operands that no brackets enclose.

    Examples
    --------
    >>> _operators("a + (b * c).sum"), _operators("(a + b).sum")
    (1, 0)
    """
    outside, depth = "", 0
    for letter in expression:
        depth += (letter in "([{") - (letter in ")]}")
        outside += letter if depth == 0 else ""
    return len(re.findall(r" [-+*/%@&|^<>=]+ ", outside))


def split_arguments(text: str) -> list[str]:
    """Arguments apart, at the commas that no brackets enclose.

    Examples
    --------
    >>> split_arguments("x, (1, 2), axis=0")
    ['x', '(1, 2)', 'axis=0']
    """
    parts, depth, start = [], 0, 0
    for i, letter in enumerate(text):
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0:
            parts.append(text[start:i].strip())
            start = i + 1
    return [*parts, text[start:].strip()]


def signature(name: str, parameters: Sequence[str], indent: str = "") -> list[str]:
    """The first line of a function, or its lines."""
    line = f"{indent}def {name}({', '.join(parameters)}):"
    if len(line) <= WIDTH:
        return [line]
    inside = f"{indent}    {', '.join(parameters)}"
    if len(inside) <= WIDTH:
        return [f"{indent}def {name}(", inside, f"{indent}):"]
    return [f"{indent}def {name}(", *(f"{indent}    {p}," for p in parameters), f"{indent}):"]
