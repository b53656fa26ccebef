"""Variables of list comprehensions, which Python 2 left behind with their last value."""

import ast

NO_SCOPE = (ast.GeneratorExp, ast.SetComp, ast.DictComp)
SCOPES = (ast.FunctionDef, ast.Lambda, ast.ClassDef, ast.Module)


def with_leaks(tree):
    """`tree` where a comprehension's variable that its function reads elsewhere is left behind.

    ``[f(i) for i in xs]`` becomes ``[f(i) for i_ in xs if ((i := i_),)]``.
    """
    for scope in ast.walk(tree):
        if isinstance(scope, ast.FunctionDef | ast.Module):
            leak_in(scope)
    return tree


def with_class_names(tree):
    """`tree` where list comprehensions in the body of a class see the names of that class.

    ``[n * i for i in xs]`` becomes ``(lambda n: [n * i for i in xs])(n)``.
    """
    for scope in ast.walk(tree):
        if isinstance(scope, ast.ClassDef):
            known = {
                one.id
                for one in ast.walk(scope)
                if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
            }
            scope.body[:] = [WithNames(known).visit(statement) for statement in scope.body]
    return tree


class WithNames(ast.NodeTransformer):
    """Hands names of a class to the list comprehensions of its body."""

    def __init__(self, known):
        self.known = known

    def visit_ListComp(self, node):
        first, *others = node.generators
        inner = [node.elt, *first.ifs, *others]
        given = sorted(self.known & {*names_read(inner)} - targets(node))
        if not given:
            return node
        taken = ast.arguments([], [ast.arg(name) for name in given], None, [], [], None, [])
        values = [ast.Name(name, ast.Load()) for name in given]
        return ast.copy_location(ast.Call(ast.Lambda(taken, node), values, []), node)

    def left_alone(self, node):
        return node

    visit_FunctionDef = visit_Lambda = visit_ClassDef = visit_GeneratorExp = left_alone


def targets(comprehension):
    """The names that a comprehension's own loops set."""
    return {
        one.id
        for generator in comprehension.generators
        for one in ast.walk(generator.target)
        if isinstance(one, ast.Name)
    }


def leak_in(scope):
    """Change the comprehensions of one function, or of a module."""
    found, read = [], {}
    collect(scope.body, found, read)
    for comprehension in reversed(found):  # those inside others first
        inside = names_read([comprehension])
        for generator in comprehension.generators:
            for target in [one for one in ast.walk(generator.target) if isinstance(one, ast.Name)]:
                if read.get(target.id, 0) > inside.get(target.id, 0) or is_set_in(
                    comprehension, target.id
                ):
                    leave_behind(comprehension, generator, target)


def leave_behind(comprehension, generator, target):
    """Let `target` be another name, from which the variable is set at each turn."""
    kept = f"__symrnn_turn_{target.id}__"
    name, target.id = target.id, kept
    turn = ast.NamedExpr(ast.Name(name, ast.Store()), ast.Name(kept, ast.Load()))
    generator.ifs.insert(0, ast.Tuple([turn], ast.Load()))


def is_set_in(comprehension, name):
    """Whether a comprehension inside leaves `name` behind; then this one, which shares it, must too."""
    return any(
        isinstance(one, ast.NamedExpr) and one.target.id == name for one in ast.walk(comprehension)
    )


def collect(nodes, found, read, in_iterable=False):
    """The list comprehensions of a scope, not of those inside it; how often names are read in it."""
    for node in nodes:
        if isinstance(node, (*SCOPES, *NO_SCOPE)):
            for name, count in names_read([node]).items():
                read[name] = read.get(name, 0) + count
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            read[node.id] = read.get(node.id, 0) + 1
        if isinstance(node, ast.ListComp):
            if not in_iterable:  # Python 3 sets no variable there
                found.append(node)
            for generator in node.generators:
                collect([generator.iter], found, read, in_iterable=True)
                collect([generator.target, *generator.ifs], found, read, in_iterable)
            collect([node.elt], found, read, in_iterable)
        else:
            collect(ast.iter_child_nodes(node), found, read, in_iterable)


def names_read(nodes):
    """How often each name is read below `nodes`."""
    counts = {}
    for node in nodes:
        for one in ast.walk(node):
            if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load):
                counts[one.id] = counts.get(one.id, 0) + 1
    return counts
