"""Generators that a StopIteration ends, as it did before Python 3.7: one that is raised in them, or passes through."""

import ast

SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def with_quiet_ends(tree):
    """`tree` where a generator returns at a StopIteration, for which Python 3 has a RuntimeError."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef) and yields(function.body):
            docstring = function.body[:1] if ast.get_docstring(function) is not None else []
            ending = ast.ExceptHandler(ast.Name("StopIteration", ast.Load()), None, [ast.Return()])
            quiet = ast.Try(function.body[len(docstring) :], [ending], [], [])
            function.body[:] = [*docstring, ast.copy_location(quiet, function.body[-1])]
    return ast.fix_missing_locations(tree)


def yields(nodes):
    """Whether the function that `nodes` are the body of is a generator."""
    return any(
        isinstance(node, ast.Yield | ast.YieldFrom)
        or (not isinstance(node, SCOPES) and yields(ast.iter_child_nodes(node)))
        for node in nodes
    )
