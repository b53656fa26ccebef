"""The tree of a Python 2 source, where operators, methods and names of that time call what stands for them."""

import ast

from symrnn.compat.python2.leaks import with_class_names, with_leaks
from symrnn.compat.python2.run_time import ATTRIBUTES, BOUND, METHODS
from symrnn.compat.python2.words import PARTS, converted_words
from symrnn.compat.sources import after_future_imports, as_object, call, own
from symrnn.errors import UserError

LISTS = {"items", "values", "keys"}  # returned lists
FUNCTIONS = {  # what trees call, by module
    "builtins": ("slice",),
    "symrnn.compat.python2.classes": ("old_class",),
    "symrnn.compat.python2.codings": ("decode", "encode", "translated"),
    "symrnn.compat.python2.orders": ("ordered", "sort_in_place"),
    "symrnn.compat.python2.run_time": (
        "as_list", "attribute", "bound", "divide", "divide_in_place", "entries", "equal", "execute", "flat",
        "formatted", "has_key", "method", "modulo", "next_of", "raised", "text_type", "unequal", "unicode_type",
    ),
}  # fmt: skip
SIGNS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
TEXT = {"encode": "encode", "decode": "decode", "translate": "translated", "format": "formatted",
        "sort": "sort_in_place"}  # fmt: skip
PLAIN_NUMBERS = (int, float, complex, bool, type(None))


def parsed(source, path):
    """The syntax tree of a Python 2 source (bytes)."""
    text = converted_words(source, path)
    try:
        tree = ast.parse(text, path)
    except SyntaxError as error:
        raise no_python_3(path, error) from error
    future = {
        alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module == "__future__"
        for alias in node.names
    }
    tree = with_leaks(with_class_names(OldMethods("division" not in future).visit(tree)))
    for module, names in FUNCTIONS.items():
        after_future_imports(tree, ast.ImportFrom(module, list(map(alias_of, names)), 0))
    return ast.fix_missing_locations(tree)


def no_python_3(path, error):
    """What to say of a line that no word and no tree of today stands for."""
    return UserError(
        f"{path}, line {error.lineno}: {error.msg}, and --py2 cannot convert it; change this line"
    )


def alias_of(name):
    """An import of `name` under `own` name."""
    return ast.alias(name, own(name))


def load(name):
    """A name that is read."""
    return ast.Name(name, ast.Load())


class OldMethods(ast.NodeTransformer):
    """Puts today's words for those of Python 2.

    Parameters
    ----------
    divide
        Whether ``/`` rounds whole numbers down.
    """

    def __init__(self, divide):
        self.divide, self.temporaries = divide, 0
        self.called = set()  # ids of attributes that are called

    def visit_BinOp(self, node):
        self.generic_visit(node)
        if self.divide and isinstance(node.op, ast.Div):
            return ast.copy_location(call("divide", node.left, node.right), node)
        if isinstance(node.op, ast.Mod) and not is_number(node.left):
            return ast.copy_location(call("modulo", node.left, node.right), node)
        return node

    def visit_Compare(self, node):
        self.generic_visit(node)
        if len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq | ast.NotEq):
            sides = node.left, *node.comparators
            if not any(map(is_number, sides)):
                name = "equal" if isinstance(node.ops[0], ast.Eq) else "unequal"
                return ast.copy_location(call(name, *sides), node)
        if len(node.ops) == 1 and type(node.ops[0]) in SIGNS:
            sign = ast.Constant(SIGNS[type(node.ops[0])])
            return ast.copy_location(call("ordered", sign, node.left, *node.comparators), node)
        return node

    def visit_Assert(self, node):
        ordering = isinstance(node.test, ast.Compare) and type(node.test.ops[0]) in SIGNS
        if not ordering:
            return self.generic_visit(node)
        self.generic_visit(node.test)  # the comparison stays, for pytest to show its sides
        node.msg = node.msg and self.visit(node.msg)
        return node

    def visit_AugAssign(self, node):
        self.generic_visit(node)
        if not self.divide or not isinstance(node.op, ast.Div):
            return node
        before, target, reading = self.evaluated_once(node.target)
        value = call("divide_in_place", reading, node.value)
        return [ast.copy_location(one, node) for one in (*before, ast.Assign([target], value))]

    def evaluated_once(self, target):
        """Statements that evaluate the parts of `target`, the target of those parts, and how it is read."""
        if isinstance(target, ast.Name):
            return [], target, load(target.id)
        before, subject = self.kept(target.value)
        if isinstance(target, ast.Attribute):
            return (
                [before],
                ast.Attribute(subject, target.attr, ast.Store()),
                ast.Attribute(subject, target.attr, ast.Load()),
            )
        index_before, index = self.kept(as_object(target.slice))
        return (
            [before, index_before],
            ast.Subscript(subject, index, ast.Store()),
            ast.Subscript(subject, index, ast.Load()),
        )

    def kept(self, expression):
        """A statement that keeps the value of an expression, and how it is read."""
        self.temporaries += 1
        name = own(f"part_{self.temporaries}")
        return ast.Assign([ast.Name(name, ast.Store())], expression), load(name)

    def visit_Attribute(self, node):
        self.generic_visit(node)
        if node.attr in ATTRIBUTES and isinstance(node.ctx, ast.Load):
            return ast.copy_location(call("attribute", node.value, ast.Constant(node.attr)), node)
        if node.attr in BOUND and isinstance(node.ctx, ast.Load) and id(node) not in self.called:
            return ast.copy_location(call("bound", node.value, ast.Constant(node.attr)), node)
        return node

    def visit_ClassDef(self, node):
        self.generic_visit(node)
        for statement in node.body:
            if isinstance(statement, ast.Assign) and [
                getattr(one, "id", "") for one in statement.targets
            ] == ["__metaclass__"]:
                node.keywords.append(ast.keyword("metaclass", statement.value))
                node.body[node.body.index(statement)] = ast.Pass()
        node.decorator_list.append(load(own("old_class")))
        return node

    def visit_FunctionDef(self, node):
        self.generic_visit(node)
        unpacked = [
            ast.Assign([pattern(name)], load(name))
            for name in (one.arg for one in node.args.args)
            if name.startswith(PARTS)
        ]
        globals_first(node)
        docstring = node.body[:1] if ast.get_docstring(node) is not None else []
        node.body[:] = [*docstring, *unpacked, *node.body[len(docstring) :]]
        return node

    def visit_Lambda(self, node):
        self.generic_visit(node)
        for name in reversed([one.arg for one in node.args.args if one.arg.startswith(PARTS)]):
            # (lambda x, y: body)(*parts)
            target = pattern(name)
            inner = [ast.arg(one.id) for one in ast.walk(target) if isinstance(one, ast.Name)]
            order = {one.id: i for i, one in enumerate(names_in_order(target))}
            inner.sort(key=lambda one: order[one.arg])
            taken = ast.arguments([], inner, None, [], [], None, [])
            parts = ast.Starred(call("flat", load(name), shape_of(target)), ast.Load())
            node.body = ast.Call(ast.Lambda(taken, node.body), [parts], [])
        return node

    def visit_ExceptHandler(self, node):
        self.generic_visit(node)
        if node.name and node.name.startswith(PARTS):
            name, node.name = node.name, own("exception")
            target = pattern(name)
            is_taken_apart = isinstance(target, ast.Tuple | ast.List)
            parts = ast.Attribute(load(node.name), "args", ast.Load())
            assigned = parts if is_taken_apart else load(node.name)
            node.body.insert(0, ast.Assign([target], assigned))
        elif node.name:  # it stayed bound after the block
            node.body[:] = [EntriesOf(node.name).visit(statement) for statement in node.body]
            name, node.name = node.name, own("exception")
            node.body.insert(0, ast.Assign([ast.Name(name, ast.Store())], load(node.name)))
        return node

    def visit_Call(self, node):
        self.called.add(id(node.func))
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in ("str", "unicode"):
            node.func = call(
                "unicode_type" if node.func.id == "unicode" else "text_type", node.func
            )
        elif isinstance(node.func, ast.Name) and node.func.id == "repr" and len(node.args) > 1:
            node.args = [ast.Tuple(node.args, ast.Load())]  # a tuple in backquotes
        elif isinstance(node.func, ast.Name) and node.func.id == "exec":
            node.func = load(own("execute"))
        if not isinstance(node.func, ast.Attribute):
            return node
        name, subject, bare = node.func.attr, node.func.value, not node.args and not node.keywords
        if name in METHODS and bare:
            node.func = call("method", subject, ast.Constant(name))
        elif name == "next" and bare:
            return ast.copy_location(call("next_of", subject), node)
        elif name in LISTS and bare:
            return ast.copy_location(call("as_list", node), node)
        elif name == "has_key" and len(node.args) == 1:
            return ast.copy_location(call("has_key", subject, node.args[0]), node)
        elif name in TEXT:
            function = load(own(TEXT[name]))
            return ast.copy_location(ast.Call(function, [subject, *node.args], node.keywords), node)
        return node


class EntriesOf(ast.NodeTransformer):
    """An exception has entries: ``e[0]``, ``number, text = e``."""

    def __init__(self, name):
        self.name = name

    def is_it(self, node):
        return isinstance(node, ast.Name) and node.id == self.name

    def visit_Subscript(self, node):
        self.generic_visit(node)
        if self.is_it(node.value) and isinstance(node.ctx, ast.Load):
            node.value = ast.copy_location(call("entries", node.value), node.value)
        return node

    def visit_Assign(self, node):
        self.generic_visit(node)
        if self.is_it(node.value) and isinstance(node.targets[0], ast.Tuple | ast.List):
            node.value = ast.copy_location(call("entries", node.value), node.value)
        return node


def globals_first(function):
    """Let names that a function says to be global be so from its start: they might be used before that was said."""
    taken = Globals()
    function.body[:] = [taken.visit(statement) for statement in function.body]
    if taken.names:
        place = 1 if ast.get_docstring(function) is not None else 0
        function.body.insert(place, ast.Global(sorted(taken.names)))


class Globals(ast.NodeTransformer):
    """Takes out what a function says to be global, not what those within it say."""

    def __init__(self):
        self.names = set()

    def visit_Global(self, node):
        self.names |= {*node.names}
        return ast.copy_location(ast.Pass(), node)

    def left_alone(self, node):
        return node

    visit_FunctionDef = visit_Lambda = visit_ClassDef = left_alone


def pattern(name):
    """The tuple that a parameter called by `words.with_parts` stands for, as a target."""
    text = bytes.fromhex(name[len(PARTS) :].partition("_")[0]).decode()
    return ast.parse(f"{text} = 0").body[0].targets[0]


def names_in_order(target):
    """The names of a target from left to right."""
    if isinstance(target, ast.Name):
        return [target]
    return [name for part in target.elts for name in names_in_order(part)]


def shape_of(target):
    """How a target nests, as an expression: a tuple of None for names."""
    if isinstance(target, ast.Name):
        return ast.Constant(None)
    return ast.Tuple([shape_of(part) for part in target.elts], ast.Load())


def is_number(node):
    """Whether an expression is a number, a truth value or None, written down."""
    return isinstance(node, ast.Constant) and isinstance(node.value, PLAIN_NUMBERS)
