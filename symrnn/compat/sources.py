"""Reading a source as it was meant when NumPy took lists as indices."""

import ast

from symrnn.errors import UserError

IMPORTS = {
    "builtins": ["slice"],
    "symrnn.compat.numpy_era": ["as_index"],
    "symrnn.compat.numpy_calls": [
        "old_call",
        "old_format",
        "set_item",
        "to_bytes",
        "as_bound",
        "negated",
        "equals",
        "array_method",
        "with_new_axes",
    ],
}
CALLED = {  # names of what `numpy_calls.old_call` knows
    "array", "asarray", "asanyarray", "fromstring", "frombuffer", "float", "int", "long", "round", "complex", "sqrt",
    "exp", "log", "log10", "pow", "floor", "ceil", "isnan", "isinf", "sin", "cos", "tanh", "fabs",
    "zeros", "ones", "empty", "full", "eye", "identity", "reshape", "resize", "tile", "repeat", "linspace", "split",
    "array_split", "roll", "randn", "rand", "randint", "random_sample", "uniform", "normal", "binomial", "permutation",
    "choice", "standard_normal", "multinomial", "load", "save", "savez", "savez_compressed", "histogram", "histogram2d",
    "histogramdd", "netcdf_file", "loadmat",
}  # fmt: skip


def parsed(source, path):
    """The syntax tree of a source; a syntax of Python 2 is named with the way out."""
    try:
        return ast.parse(source, path)
    except SyntaxError as error:
        raise UserError(
            f"{path}, line {error.lineno}: {error.msg}; if this is a Python 2 program, give --py2"
        ) from error


def with_old_indices(tree):
    """`tree` as NumPy of the time would run it: indices go through `numpy_era.as_index`, calls through `numpy_calls`.

    NumPy before 1.23 took ``array[[slice(1, 2), 0]]`` as ``array[1:2, 0]``. Names, lists and calls are looked at when
    the program runs; other indices stay as they are.
    """
    tree = OldNumPy().visit(tree)
    for module, names in IMPORTS.items():
        aliases = [ast.alias(name, own(name)) for name in names]
        after_future_imports(tree, ast.ImportFrom(module, aliases, 0))
    return ast.fix_missing_locations(tree)


def own(name):
    """A name that no program has."""
    return f"__symrnn_{name}__"


def call(name, *args):
    """A call of one of ours."""
    return ast.Call(ast.Name(own(name), ast.Load()), list(args), [])


INDICES = (ast.Name, ast.List, ast.ListComp, ast.BinOp, ast.Call)
GONE = ("itemset", "ptp", "newbyteorder")  # methods that arrays had


class OldNumPy(ast.NodeTransformer):
    """Wraps indices, and the calls that NumPy took otherwise."""

    def visit_Subscript(self, node):
        self.generic_visit(node)
        if isinstance(node.ctx, ast.Load) and has_new_axis(node.slice):
            return ast.copy_location(call("with_new_axes", node.value, as_object(node.slice)), node)
        if isinstance(node.slice, INDICES) or isinstance(getattr(node.slice, "value", None), float):
            node.slice = ast.copy_location(call("as_index", node.slice), node.slice)
        return node

    def visit_Slice(self, node):
        self.generic_visit(node)
        for part in ("lower", "upper", "step"):
            bound = getattr(node, part)
            if isinstance(bound, (ast.Name, ast.BinOp, ast.Call, ast.Attribute, ast.Subscript)) or (
                isinstance(getattr(bound, "value", None), float)
            ):
                setattr(node, part, ast.copy_location(call("as_bound", bound), bound))
        return node

    def visit_UnaryOp(self, node):
        self.generic_visit(node)
        if isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
            return ast.copy_location(call("negated", node.operand), node)
        return node

    def visit_Compare(self, node):
        self.generic_visit(node)
        if len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq | ast.NotEq):
            sides = node.left, *node.comparators
            if any(
                isinstance(one, ast.Constant) and isinstance(one.value, str | None) for one in sides
            ):
                compared = ast.copy_location(call("equals", *sides), node)
                if isinstance(node.ops[0], ast.Eq):
                    return compared
                compared.args.append(ast.Constant(False))
                return compared
        return node

    def visit_AnnAssign(self, node):
        return node  # types in brackets are no indices

    def visit_Assign(self, node):
        [target, *others] = node.targets
        if others or not isinstance(target, ast.Subscript) or has_slice(target.slice):
            return self.generic_visit(node)
        parts = [self.visit(part) for part in (node.value, target.value, target.slice)]
        return ast.copy_location(ast.Expr(call("set_item", *parts)), node)

    def visit_Call(self, node):
        self.generic_visit(node)
        name = getattr(node.func, "id", getattr(node.func, "attr", None))
        if (
            name == "tostring"
            and isinstance(node.func, ast.Attribute)
            and not node.args
            and not node.keywords
        ):
            return ast.copy_location(call("to_bytes", node.func.value), node)
        if name in GONE and isinstance(node.func, ast.Attribute):
            subject, method = node.func.value, ast.Constant(name)
            asked = ast.copy_location(call("array_method", subject, method), node.func)
            return ast.copy_location(ast.Call(asked, node.args, node.keywords), node)
        if name in CALLED and (node.args or node.keywords):
            function = ast.Name(own("old_call"), ast.Load())
            return ast.copy_location(
                ast.Call(function, [node.func, *node.args], node.keywords), node
            )
        return node

    def visit_BinOp(self, node):
        self.generic_visit(node)
        left = node.left
        if (
            isinstance(node.op, ast.Mod)
            and isinstance(left, ast.Constant)
            and isinstance(left.value, str)
        ):
            return ast.copy_location(call("old_format", left, node.right), node)
        return node


def has_new_axis(index):
    """Whether an index writes down a new axis: None, or ``numpy.newaxis``."""
    parts = index.elts if isinstance(index, ast.Tuple) else [index]
    return any(
        (isinstance(one, ast.Constant) and one.value is None)
        or getattr(one, "attr", getattr(one, "id", None)) == "newaxis"
        for one in parts
    )


def as_object(index):
    """An index as an expression: ``1:2`` as ``slice(1, 2)``."""
    if isinstance(index, ast.Slice):
        parts = [part or ast.Constant(None) for part in (index.lower, index.upper, index.step)]
        return call("slice", *parts)
    if isinstance(index, ast.Tuple):
        return ast.Tuple([as_object(one) for one in index.elts], ast.Load())
    return index


def has_slice(index):
    """Whether an index has a slice in it, so that it cannot mean one entry."""
    return any(isinstance(one, ast.Slice) for one in ast.walk(index))


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
