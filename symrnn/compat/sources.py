"""Reading a source as it was meant when NumPy took lists as indices."""

import ast

from symrnn.errors import UserError

AS_INDEX = "__symrnn_as_index__"


def parsed(source, path):
    """The syntax tree of a source; a syntax of Python 2 is named with the way out."""
    try:
        return ast.parse(source, path)
    except SyntaxError as error:
        raise UserError(
            f"{path}, line {error.lineno}: {error.msg}; if this is a Python 2 program, give --py2"
        ) from error


def with_old_indices(tree):
    """`tree` where every index that may be a list goes through `numpy_era.as_index`.

    NumPy before 1.23 took ``array[[slice(1, 2), 0]]`` as ``array[1:2, 0]``. Names, lists and calls are looked at when
    the program runs; other indices stay as they are.
    """
    tree = OldIndices().visit(tree)
    return ast.fix_missing_locations(after_future_imports(tree, import_as_index()))


class OldIndices(ast.NodeTransformer):
    """Wraps the indices."""

    def visit_Subscript(self, node):
        self.generic_visit(node)
        if isinstance(node.slice, (ast.Name, ast.List, ast.ListComp, ast.BinOp, ast.Call)):
            call = ast.Call(ast.Name(AS_INDEX, ast.Load()), [node.slice], [])
            node.slice = ast.copy_location(call, node.slice)
        return node

    def visit_AnnAssign(self, node):
        return node  # types in brackets are no indices


def import_as_index():
    """The statement that the wrapped indices need."""
    return ast.ImportFrom("symrnn.compat.numpy_era", [ast.alias("as_index", AS_INDEX)], 0)


def after_future_imports(tree, statement):
    """`tree` with `statement` put behind the docstring and the imports from ``__future__``."""
    place = 0
    for place, node in enumerate([*tree.body, None]):
        is_docstring = (
            isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and place == 0
        )
        if not is_docstring and not (
            isinstance(node, ast.ImportFrom) and node.module == "__future__"
        ):
            break
    tree.body.insert(place, statement)
    return tree
