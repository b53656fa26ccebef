"""The words of Python 2 that Python 3 cannot read: ``print``, ``except E, e``, ``raise E, x``, ``<>``,
backquotes, ``0777``, ``10L``."""

import itertools
import re
import tokenize
from io import BytesIO

from symrnn.errors import UserError

# a logical line is a list of these: kind, text, line, column, and the blanks before it
STRING_OR_COMMENT = re.compile(
    r"""(?P<comment>\#[^\n]*)|(?P<string>(?:(?<!\w)[bBuUrR]{1,2})?(?:'''(?:\\.|[^\\])*?'''|\"\"\"(?:\\.|[^\\])*?\"\"\"
        |'(?:\\.|[^\\'\n])*'|"(?:\\.|[^\\"\n])*"))|(?P<open>[(\[{])|(?P<close>[)\]}])
        |(?P<joined>\\\n)|(?P<newline>\n)|(?P<end>;)|(?P<colon>:)|(?P<other>[^'"\#()\[\]{}\\\n;:bBuUrR]+|.)""",
    re.VERBOSE | re.DOTALL,
)


def converted_words(source, path):
    """A source (bytes) in words that Python 3 reads.

    Examples
    --------
    >>> print(converted_words(b"if x: print 'a', 1L <> 010", "x.py"))
    if x: print('a', 1 != 0o10)
    """
    encoding, _ = tokenize.detect_encoding(BytesIO(source).readline)
    text = source.decode(encoding).replace("\r\n", "\n").replace("\f", "")
    has_print_function = imports_future("print_function", text)
    text = with_old_strings(text, encoding, imports_future("unicode_literals", text))
    converted, line = [], 1
    for statement, ending in statements(text):
        converted.append(
            statement_in_3(
                statement, not has_print_function, f"{path}, line {line + leading_lines(statement)}"
            )
        )
        converted.append(ending)
        line += statement.count("\n") + ending.count("\n")
    return "".join(converted)


def imports_future(name, text):
    """Whether a source says ``from __future__ import name``, in brackets over several lines too."""
    start = r"^from\s+__future__\s+import\b"
    return bool(re.search(rf"{start}(?:.*|\s*\([^)]*)\b{name}\b", text, re.MULTILINE))


def with_old_strings(text, encoding, unicode_literals):
    """`text` where strings that are not unicode hold a character for each byte, as Python 2 counted them, and where
    escapes mean what they did."""

    def in_3(match):
        string = match.group()
        if match.lastgroup != "string":
            return string
        prefix = re.match("[a-zA-Z]*", string).group().lower()
        is_unicode = "u" in prefix or (unicode_literals and "b" not in prefix)
        if not is_unicode:
            string = string.encode(encoding.removesuffix("-sig")).decode("latin-1")
        if prefix == "ur":
            return ESCAPE.sub(in_raw_unicode, string[1:])
        return string if "r" in prefix else escapes_in_3(string, is_unicode)

    return STRING_OR_COMMENT.sub(in_3, text)


ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)


def escapes_in_3(string, is_unicode):
    r"""A string where the backslash of what is no escape is written down twice, as it stood for itself.

    Examples
    --------
    >>> print(escapes_in_3(r"'C:\users\new'", False), escapes_in_3(r"'\u0041 \d'", True))
    'C:\\users\new' '\u0041 \\d'
    """
    known = "\n\\'\"abfnrtvx01234567" + ("NuU" if is_unicode else "")
    return ESCAPE.sub(lambda m: m.group() if m[1][0] in known else "\\" + m.group(), string)


def in_raw_unicode(match):
    """An escape in a raw unicode string, where those of characters alone were read."""
    letter = chr(int(match[1][1:], 16)) if len(match[1]) > 1 else "\\"
    return match.group() if letter in "\\'\"\r\n" else letter


def leading_lines(statement):
    """How many lines of blanks and comments a statement starts with."""
    return len(statement) - len(statement.lstrip("\n"))


def statements(text):
    """`text` cut into simple statements, each with what ends it: a line's end, a semicolon, a block's colon, a
    comment."""
    depth, start, in_lambda = 0, 0, 0  # lambdas whose colon was met
    for match in STRING_OR_COMMENT.finditer(text):
        kind = match.lastgroup
        if kind == "open":
            depth += 1
        elif kind == "close":
            depth -= 1
        elif (
            kind == "colon"
            and depth == 0
            and len(places("lambda", text[start : match.start()])) > in_lambda
        ):
            in_lambda += 1
        elif depth == 0 and kind in ("newline", "end", "colon", "comment"):
            yield text[start : match.start()], match.group()
            start, in_lambda = match.end(), 0
    yield text[start:], ""


def places(word, code):
    """Where `word` stands in `code`, outside brackets, strings and comments.

    Examples
    --------
    >>> places("in", "'a in b' + f(a in b) in c + inner")
    [21]
    """
    return [found.start() for found in re.finditer(rf"\b{word}\b", outermost(code))]


def outermost(code):
    """`code` with quotes for all that stands in brackets, strings and comments."""
    depth, plain = 0, []
    for match in STRING_OR_COMMENT.finditer(code):
        kind, text = match.lastgroup, match.group()
        depth -= kind == "close"
        hidden = depth or kind in ("string", "comment")
        plain.append("'" * len(text) if hidden else text)  # as long, so that places stay
        depth += kind == "open"
    return "".join(plain)


def statement_in_3(statement, print_is_a_word, place):
    """One simple statement, or the head of a block, in Python 3."""
    blanks = re.match(r"\s*", statement).group()
    body = statement[len(blanks) :]
    blanks = blanks.expandtabs(8)  # Python 2 counted to the next eighth column
    stripped = body.rstrip()
    tail, body = body[len(stripped) :], stripped
    body = with_parts(in_brackets(outside_strings(with_calls_of_repr(body), in_words)))
    if print_is_a_word and re.match(r"print\b(?!\s*=[^=])(?!\s*\.)", body):
        body = print_call(body[5:].strip(), place)
    elif re.match(r"except\b", body):
        body = except_head(body)
    elif re.match(r"raise\b", body):
        body = raise_statement(body)
    elif re.match(r"exec\b(?!\s*=[^=])(?!\s*\.)", body):
        body = exec_call(body[4:].strip())
    return blanks + body + tail


def exec_call(code):
    """``exec`` as a call, with the dictionaries behind ``in``; a tuple in brackets held them, too."""
    if found := places("in", code):
        return f"exec({code[: found[0]].strip()}, {code[found[0] + 2 :].strip()})"
    return f"exec{code}" if code.startswith("(") and closes_at_end(code) else f"exec({code})"


PARTS = "__symrnn_parts_"  # and the tuple that a parameter stands for, in hexadecimal digits


def with_parts(body):
    """A statement whose parameters that are tuples have names, which `tree` unpacks.

    Examples
    --------
    >>> with_parts("f = lambda (k), v=(1, 2): v")
    'f = lambda k, v=(1, 2): v'
    """
    heads = list(re.finditer(r"\blambda\b|(?<=def )\s*\w+\s*\(", body))
    quoted = [
        match.span()
        for match in STRING_OR_COMMENT.finditer(body)
        if match.lastgroup in ("string", "comment")
    ]
    # From the end, so that places that were found stay right.
    for head in reversed(heads):
        if any(start <= head.start() < end for start, end in quoted):
            continue
        end = end_of_parameters(body, head.end(), ":" if head.group() == "lambda" else ")")
        parameters = split_commas(body[head.end() : end])
        if not any(one.startswith("(") for one in parameters):
            continue
        named = ", ".join(named_part(one, i) for i, one in enumerate(parameters))
        space = " " if head.group() == "lambda" else ""
        body = body[: head.end()] + space + named + body[end:]
    return body


def except_head(body):
    """The head of a block with ``as``; what is no name that it is assigned to has one, which `tree` assigns.

    Examples
    --------
    >>> except_head("except (A, B), e"), except_head("except A")
    ('except (A, B) as e', 'except A')
    """
    kinds, *target = split_commas(body[6:])
    if not target:
        return body
    is_name = re.fullmatch(r"\w+", target[0])
    return f"except {kinds} as {target[0] if is_name else name_of_parts(target[0], 0)}"


def in_brackets(body):
    """A statement where what list comprehensions walk along is a tuple in brackets.

    Examples
    --------
    >>> in_brackets("x = [y for y in 1, 2 if y in (3, 4)]")
    'x = [y for y in (1, 2) if y in (3, 4)]'
    """
    parts, start, depth = [], 0, 0
    for match in STRING_OR_COMMENT.finditer(body):
        if match.lastgroup == "open":
            depth += 1
            if depth == 1:
                parts.append(body[start : match.end()])
                start, is_list = match.end(), match.group() == "["
        elif match.lastgroup == "close":
            depth -= 1
            if depth == 0:
                inner = in_brackets(body[start : match.start()])
                parts.append(walks_in_brackets(inner) if is_list else inner)
                start = match.start()
    return "".join([*parts, body[start:]])


def walks_in_brackets(code):
    """What stands in square brackets, where each ``in`` of a ``for`` is followed by one expression."""
    words = [*re.finditer(r"\b(for|in|if)\b", outermost(code))]
    is_walk = [
        i for i, word in enumerate(words[1:], 1) if (words[i - 1][0], word[0]) == ("for", "in")
    ]
    for i in reversed(is_walk):
        begin, end = words[i].end(), words[i + 1].start() if i + 1 < len(words) else len(code)
        walk = code[begin:end]
        if len(split_commas(walk)) > 1 or walk.rstrip().endswith(","):
            kept = walk.rstrip()
            code = f"{code[:begin]} ({kept.lstrip()}){walk[len(kept) :]}{code[end:]}"
    return code


def end_of_parameters(body, start, ending):
    """Where the parameters that begin at `start` end."""
    depth = 0
    for match in STRING_OR_COMMENT.finditer(body, start):
        for offset, letter in enumerate(
            match.group() if match.lastgroup not in ("string", "comment") else ""
        ):
            if depth == 0 and letter == ending:
                return match.start() + offset
            depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(letter, 0)
    return len(body)


def named_part(parameter, place):
    """A parameter with a name in place of its tuple."""
    if not parameter.startswith("("):
        return parameter
    end = end_of_parameters(parameter, 1, ")") + 1
    parts = parameter[:end]
    if "," not in parts:
        return parts[1:-1].strip() + parameter[end:]
    return name_of_parts(parts, place) + parameter[end:]


def name_of_parts(target, place):
    """A name that holds a target, which `tree` reads there."""
    return f"{PARTS}{target.encode().hex()}_{place}"


def outside_strings(body, change):
    """`body` with `change` applied to what is neither string nor comment."""
    parts, plain = [], []
    for match in STRING_OR_COMMENT.finditer(body):
        if match.lastgroup in ("string", "comment"):
            parts += [change("".join(plain)), match.group()]
            plain = []
        else:
            plain.append(match.group())
    return "".join([*parts, change("".join(plain))])


def with_calls_of_repr(body):
    """A statement with ``repr(x)`` for what stands between backquotes."""
    calls = itertools.cycle([" repr(", ")"])  # behind a word: ``print`x```

    def call(match):
        text = next(calls)
        return text if match.string[: match.start()][-1:].isalnum() else text.lstrip()

    return outside_strings(body, lambda code: re.sub("`", call, code))


WORD_OR_NUMBER = re.compile(
    r"""(?P<name>[^\W\d]\w*)
        |(?P<coded>0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+)[lL]?
        |(?P<exact>(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?[jJ]?|\d+(?:[eE][+-]?\d+[jJ]?|[jJ]))
        |(?P<whole>\d+)[lL]?""",
    re.VERBOSE,
)


def in_words(code):
    """Operators and numbers.

    Examples
    --------
    >>> in_words("0777 <> 10L + 1e-05 + x1e-05")
    '0o777 != 10 + 1e-05 + x1e-0o5'
    """
    return WORD_OR_NUMBER.sub(in_3, code.replace("<>", "!="))


WORDS_SINCE = ("async", "await", "nonlocal")  # were names


def in_3(match):
    """A name or a number in Python 3: a whole number that starts with a zero had eight for its base."""
    text = match[match.lastgroup]
    if match.lastgroup == "name":
        return f"{text}_" if text in WORDS_SINCE else text
    is_octal = match.lastgroup == "whole" and text[0] == "0" and text.strip("0")
    blank = " " if match.string[match.end() :][:1].isalpha() else ""  # ``1if x``
    return (f"0o{text[1:]}" if is_octal else text) + blank


def print_call(arguments, place):
    """``print`` as a call; a trailing comma kept the line open, ``>>`` named a file."""
    options = []
    if arguments.endswith(","):
        arguments = arguments[:-1]
        options.append("end=' '")
    if arguments.startswith(">>"):
        file, *rest = split_commas(arguments[2:].strip())
        options.insert(0, f"file={file}")
        arguments = ", ".join(rest)
    one = split_commas(arguments)
    if arguments.startswith("(") and len(one) == 1 and not options and closes_at_end(arguments):
        inner = split_commas(arguments[1:-1])
        is_tuple = len(inner) > 1 or inner == [""]
        return f"print({arguments})" if is_tuple else f"print{arguments}"
    if arguments.startswith(("=", "+=")):
        raise UserError(
            f"{place}: print is a word in Python 2 and cannot be assigned to; call the name otherwise"
        )
    return f"print({', '.join([*([arguments] if arguments else []), *options])})"


def closes_at_end(arguments):
    """Whether the first bracket closes with the last one."""
    depth = 0
    for match in STRING_OR_COMMENT.finditer(arguments):
        depth += {"open": 1, "close": -1}.get(match.lastgroup, 0)
        if depth == 0:
            return match.end() == len(arguments)
    return False


def raise_statement(body):
    """``raise E, value`` by `run_time.raised`, which knows what `value` is; with a traceback, by its method."""
    parts = split_commas(body[5:].strip())
    if len(parts) not in (2, 3):
        return body
    exception = f"__symrnn_raised__({parts[0]}, {parts[1]})"
    return f"raise {exception}" + (f".with_traceback({parts[2]})" if len(parts) == 3 else "")


def split_commas(code):
    """`code` cut at the commas that stand outside brackets and strings."""
    depth, parts, current = 0, [], []
    for match in STRING_OR_COMMENT.finditer(code):
        kind, text = match.lastgroup, match.group()
        depth += {"open": 1, "close": -1}.get(kind, 0)
        if kind == "other" and depth == 0 and "," in text:
            before, *rest = text.split(",")
            parts.append("".join([*current, before]).strip())
            parts += [one.strip() for one in rest[:-1]]
            current = [rest[-1]]
        else:
            current.append(text)
    last = "".join(current).strip()
    return [*parts, last] if last or not parts else parts
