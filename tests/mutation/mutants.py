"""Mutants of a file: what may be changed, a random sample of it, and the changed text.

The changes are those of Cosmic Ray's operators: a binary, unary or comparison operator for another, a number one more
or less, a condition negated, a loop without a turn, an exception that is never raised, a decorator left out. Types are
left as they are, since they do nothing at run time; so are ``==`` for ``is``, which no test tells apart, and shifts
for arithmetic, which fail on any number.
"""

import ast
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.provider import OperatorProvider

ALIKE = {"Eq_Is", "NotEq_IsNot", "Is_Eq", "IsNot_NotEq"}
WITH_ARGUMENTS = {"VariableReplacer", "VariableInserter"}
ARITHMETIC = {"Add", "Sub", "Mul", "Div", "FloorDiv", "Mod", "Pow"}
OF_SETS = {"BitOr", "BitAnd", "BitXor"}


def is_hard(name: str) -> bool:
    """Whether an operator's mutants are worth running: those that no test could tell, and any would, are not."""
    kind, _, change = name.partition("_")
    was, _, now = change.partition("_")
    if kind == "ReplaceBinaryOperator":
        return {was, now} <= ARITHMETIC or {was, now} <= OF_SETS
    return name not in WITH_ARGUMENTS and change not in ALIKE


NAMES = list(filter(is_hard, OperatorProvider()))


@dataclass(frozen=True)
class Mutant:
    """One change of one file."""

    path: str  # of the file, relative to the repository
    line: int
    column: int
    operator: str  # one of NAMES
    occurrence: int  # of what the operator may change in the file
    first_line: int  # of the statement
    last_line: int
    function: str = ""  # around it

    def text(self, root: Path) -> str:
        """The changed text of the file."""
        operator = OperatorProvider()[self.operator]()
        changed = mutate_code((root / self.path).read_text(), operator, self.occurrence)
        assert changed is not None, self
        return changed

    def is_python(self, root: Path) -> bool:
        """Whether the changed text can be read: ``**options`` is no power."""
        try:
            ast.parse(self.text(root))
        except SyntaxError:
            return False
        return True

    def told(self, root: Path) -> str:
        """The first line that differs: as it was, and as it is."""
        was, now = (root / self.path).read_text().splitlines(), self.text(root).splitlines()
        line = next((n for n, pair in enumerate(zip(was, now)) if pair[0] != pair[1]), len(now) - 1)
        return f"{was[line].strip()}  ->  {now[line].strip()}"


def sample(root: Path, package: str, count: int, seed: int = 0) -> list[Mutant]:
    """So many mutants of a package (a path), at most one a place, in a drawn order; fewer where some are no Python."""
    places: dict[tuple[str, int, int], list[Mutant]] = {}
    for path in sorted((root / package).glob("*.py")):
        for mutant in mutants(root, path):
            places.setdefault((mutant.path, mutant.line, mutant.column), []).append(mutant)
    rng = random.Random(f"{package} {seed}")
    chosen = rng.sample(list(places.values()), min(count, len(places)))
    return [mutant for mutant in map(rng.choice, chosen) if mutant.is_python(root)]


def mutants(root: Path, path: Path) -> Iterator[Mutant]:
    """All mutants of a file."""
    text = path.read_text()
    nodes, types, statements = list(ast_nodes(get_ast(text))), annotations(text), spans(text)
    for name in NAMES:
        operator, occurrence = OperatorProvider()[name](), 0
        for node in nodes:
            for (line, column), _ in operator.mutation_positions(node):
                if not any(begin <= (line, column) < end for begin, end in types):
                    span = max(
                        (s for s in statements if s[0] <= line <= s[1]), default=(line, line)
                    )
                    place = str(path.relative_to(root)), line, column
                    yield Mutant(*place, name, occurrence, *span, function_around(text, line))
                occurrence += 1


def annotations(text: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Where types stand: ``((line, column), (line, column))``."""
    found = []
    for node in ast.walk(ast.parse(text)):
        for name in ("annotation", "returns"):
            if (part := getattr(node, name, None)) is not None:
                end = part.end_lineno, part.end_col_offset
                found.append(((part.lineno, part.col_offset), end))
    return found


def spans(text: str) -> list[tuple[int, int]]:
    """The first and last line of each simple statement, and of the head of each compound one."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            last = body[0].lineno - 1 if body else node.end_lineno
            found.append((node.lineno, max(last, node.lineno)))
    return found


@cache
def functions(text: str) -> list[tuple[int, int, str]]:
    """The first and last line of each function, and its name."""
    return [
        (node.lineno, node.end_lineno or node.lineno, node.name)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef)
    ]


def function_around(text: str, line: int) -> str:
    """The name of the innermost function around a line, "" where there is none."""
    return max((each for each in functions(text) if each[0] <= line <= each[1]), default=("",))[-1]
