"""Which tests to run for a mutant of a file, where no run under Coverage has told it."""

BY_FILE = {
    "symrnn/updates": {
        "__init__": "rules_table update_rules",
        "adam": "update_rules update_errors",
        "adaptive": "update_rules update_errors",
        "constraints": "constraints update_errors",
        "gradients": "update_rules update_errors constraints",
        "named_rule": "rules_table",
        "nesterov": "nesterov update_rules update_errors",
        "schedules": "schedules update_errors",
        "sgd": "update_rules update_errors",
    },
    "symrnn/unroll": {
        "api": "unroll masks_and_shapes",
        "assembly": "pairs_of_cells unroll sizes",
        "autodiff": "autodiff_options unroll",
        "columns": "sizes unroll pairs_of_cells",
        "direction": "pairs_of_cells unroll masks_and_shapes sizes",
        "initial": "unroll masks_and_shapes",
        "layer": "pairs_of_cells unroll masks_and_shapes sizes",
        "options": "autodiff_options unroll",
        "sequence": "sequence masks_and_shapes unroll",
        "stacked": "unroll autodiff_options masks_and_shapes sizes",
    },
    "symrnn/duplicates": {
        "components": "share share_identity found explained",
        "differences": "explained found",
        "explained": "explained",
        "found": "found explained",
        "kinds": "found explained",
        "odd_even": "odd_even",
        "polynomial": "polynomial odd_even",
        "share": "share share_types share_ops share_identity",
        "step_key": "share_identity share_ops share_types share found",
    },
    "symrnn/bench": {
        "appending": "record_file records",
        "checked": "checked record_file",
        "child": "runner left_behind",
        "cluster": "cluster",
        "compare": "compare",
        "descendants": "descendants",
        "history": "commands/history",
        "in_turns": "left_behind",
        "machine": "machine left_behind",
        "outline": "record_file records",
        "records": "records record_file",
        "repeated": "record_file left_behind",
        "runner": "runner record_file",
        "spread": "stats compare",
        "stats": "stats compare",
        "trace": "trace",
    },
    "symrnn/training": {
        "checkpoint": "checkpoint checkpoint_files",
        "compiled": "compiled loop",
        "defined": "defined",
        "loop": "loop checkpoint",
        "network": "loop recipe defined",
        "recipe": "recipe recipe_options defined loop",
        "rules": "rules",
    },
}


def tests_of_file(path: str) -> list[str]:
    """The files of tests for a file of the source; all of its package where none is named.

    Examples
    --------
    >>> tests_of_file("symrnn/updates/schedules.py")
    ['tests/updates/test_schedules.py', 'tests/updates/test_update_errors.py']
    """
    package, _, name = path.rpartition("/")
    folder = package.removeprefix("symrnn/")
    names = BY_FILE.get(package, {}).get(name.removesuffix(".py"), "").split()
    return [test_file(each, folder) for each in names] or [f"tests/{folder}"]


def tests_of_package(package: str) -> list[str]:
    """The tests of a package, and those of its files that stand elsewhere.

    Examples
    --------
    >>> tests_of_package("symrnn/bench")
    ['tests/bench', 'tests/commands/test_history.py']
    """
    folder = package.replace("symrnn", "tests", 1)
    named = {
        test for file in BY_FILE.get(package, ()) for test in tests_of_file(f"{package}/{file}")
    }
    return [folder, *sorted(test for test in named if not test.startswith(f"{folder}/"))]


def test_file(name: str, folder: str) -> str:
    """The file of tests of a name, of a folder unless it names one.

    Examples
    --------
    >>> test_file("machine", "bench"), test_file("commands/history", "bench")
    ('tests/bench/test_machine.py', 'tests/commands/test_history.py')
    """
    folder, _, name = (name if "/" in name else f"{folder}/{name}").rpartition("/")
    return f"tests/{folder}/test_{name}.py"
