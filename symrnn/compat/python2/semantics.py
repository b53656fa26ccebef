"""Python 2's semantics as a table: what is carried over, what is refused, and what stays different.

Each row of `CARRIED` is a program that leaves its result in ``x``, and what Python 2 leaves there.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Carried:
    """A program, and the value of ``x`` after it in Python 2."""

    source: str
    x: object


CARRIED = {
    # numbers
    "/ rounds whole numbers down": Carried("x = 7 / 2, -7 / 2, 7.0 / 2", (3, -4, 3.5)),
    "/ of arrays of whole numbers": Carried("x = (np.arange(5) / 2).tolist()", [0, 0, 1, 1, 2]),
    "/ of expressions of whole numbers": Carried(
        "import pytensor.tensor as pt\nx = [str((n / 2).dtype) for n in (pt.lvector(), pt.dvector())]",
        ["int64", "float64"],
    ),
    "/= of a name": Carried("x = 7\nx /= 2", 3),
    "/= of an attribute": Carried("class A: pass\no = A(); o.n = 7\no.n /= 2\nx = o.n", 3),
    "/= of an entry": Carried("a = [7, 8]\na[0] /= 2\nx = a", [3, 8]),
    "/= of a slice": Carried("a = np.arange(4)\na[1:3] /= 2\nx = a.tolist()", [0, 0, 1, 3]),
    "/= evaluates its target once": Carried(
        "x = []\ndef f():\n    x.append(1)\n    return [5]\nf()[0] /= 2", [1]
    ),
    "/= changes an array where it is": Carried(
        "a = np.arange(4); x = a\na /= 2\nx = x.tolist()", [0, 0, 1, 1]
    ),
    "true division where it is asked for": Carried("from __future__ import division\nx = 7 / 2", 3.5),
    "round goes away from zero": Carried("x = round(2.5), round(-2.5), round(7)", (3.0, -3.0, 7.0)),
    "round gives floats": Carried("x = [type(round(7)).__name__, round(2.675, 2)]", ["float", 2.67]),
    "floor and ceil give floats": Carried(
        "import math\nfrom math import *\n"
        "x = math.floor(3.7) / 2, ceil(2.2) / 2, floor(-1e400), floor(np.array([2.5])), "
        "[f(7) for f in (ceil, floor)], sqrt(4)",
        (1.5, 1.5, float("-inf"), 2.0, [7.0, 7.0], 2.0),
    ),
    "hex and oct of numbers that are long for certain": Carried(
        "class A:\n    def __hex__(self): return 'h'\nx = hex(255), hex(2L**64), oct(-2**66)[-2:], hex(A())",
        ("0xff", "0x10000000000000000L", "0L", "h"),
    ),
    "long numbers and octal ones": Carried("x = 10L + 010, oct(8)", (18, "010")),
    "cmp": Carried("x = cmp(1, 2), cmp('b', 'a')", (-1, 1)),
    "values of several types have an order": Carried(
        "x = None < -1, 'a' > 2, [1] < 'a', max(None, 3), cmp(None, 0), sorted(['a', 2, None])",
        (True, True, True, 3, -1, [None, 2, "a"]),
    ),
    "text that is evaluated": Carried(
        "x = eval('7 / 2'), eval(compile('n / 2', 'a', 'eval'), {'n': 5}), eval(' [1, 2][0]'), eval('\"text\"')",
        (3, 2, 1, "text"),
    ),
    "lists are ordered by entries of several types": Carried("x = (1, None) < (1, 2), sorted([(1, 'a'), (1, 2)])",
                                                             (True, [(1, 2), (1, "a")])),
    "an array of another shape is not equal": Carried("x = np.arange(3) == [1, 2], np.arange(3) != [1, 2]",
                                                      (False, True)),
    # text
    "print of floats": Carried("import StringIO\nf = StringIO.StringIO()\nprint >>f, 0.1 + 0.2, 1e22, [0.1]\n"
                               "x = f.getvalue()", "0.3 1e+22 [0.1]\n"),
    "str and formats of floats": Carried("x = str(0.1 + 0.2), '%s' % (0.1 + 0.2), '{}'.format(2/3.)",
                                         ("0.3", "0.3", "0.666666666667")),
    "widths of floats": Carried(
        "a = 0.1 + 0.2\nx = '{:>8}|{:<6}|{:*^+7}|{:.3}|{:g}|{:,}'.format(a, a, a, a, a, 12345.678901234), "
        "'%6s|%.2f|%r' % (a, a, a), format(a), format(2., '5'), '{:6}'.format(np.float64(a)), '{}'.format(1e11)",
        ("     0.3|0.3   |*+0.3**|0.3|0.3|12,345.6789012", "   0.3|0.30|0.30000000000000004", "0.3", "  2.0",
         "   0.3", "1e+11"),
    ),
    "arrays of one entry in formats": Carried(
        "a = np.array([5])\nx = '%s %d %.1f %r %x' % (a, a, a, a, a), '%(a)s %(a)d' % {'a': a}, '%s' % a, "
        "'{0} {0:d} {0:>4} {0[0]}'.format(a)",
        ("[5] 5 5.0 array([5]) 5", "[5] 5", "[5]", "[5] 5  [5] 5"),
    ),
    "methods of the program by the names of text's": Carried(
        "class A:\n    def translate(self, source='s', beam=1, subject=0): return source, beam, subject\n"
        "    encode = decode = format = sort = translate\n"
        "a = A()\nx = [f(beam=5, subject=2) for f in (lambda **k: a.translate(**k), lambda **k: a.encode(**k), "
        "lambda **k: a.decode(**k), lambda **k: a.format(**k), lambda **k: a.sort(**k))], a.translate('t', 2), "
        "a.translate(), '{subject}'.format(subject=3)",
        ([("s", 5, 2)] * 5, ("t", 2, 0), ("s", 1, 0), "3"),
    ),
    "a program's own str, unicode and slice": Carried(
        "def unicode(n, m): return n + m\ndef f(str, slice): return str(3), np.ones((2, 3))[slice:2, None].shape\n"
        "x = f(lambda n: n * 2, 1), unicode(1, 2), [str(n) for str in (abs,) for n in (-1,)]",
        ((6, (1, 1, 3)), 3, [1]),
    ),
    "str and unicode of arguments": Carried(
        "a = [0.1 + 0.2]\nx = str(*a), unicode(*a), unicode('a\\xe9', errors='ignore'), "
        "unicode('\\xe9', 'latin-1'), str()",
        ("0.3", "0.3", "a", "\xe9", ""),
    ),
    "map of str": Carried("x = ' '.join(map(str, [0.1 + 0.2, 2.]))", "0.3 2.0"),
    "text is bytes until it is decoded": Carried("# coding: utf-8\ns = 'é'\n"
        "x = len(s), len(s.decode('utf-8')), len(u'é')",
                                                 (2, 1, 1)),
    "escapes in text are bytes": Carried("# coding: utf-8\nx = len('\\xc3\\xa9'), '\\xc3\\xa9' == 'é'", (2, True)),
    "escapes that text did not have": Carried(
        r"""x = 'C:\users', '\N{DASH}', '\u0041\\u\x41\101', u'\u0041\\u', r'\u', ur'\u20ac\\u0041\d', '\d\\d', '''a\
\'\U'''""",
        ("C:\\users", "\\N{DASH}", "\\u0041\\uAA", "A\\u", "\\u", "\u20ac\\\\u0041\\d", "\\d\\d", "a'\\U"),
    ),
    "escapes where text is unicode": Carried(
        "from __future__ import (print_function,\n                        unicode_literals)\n"
        r"x = '\u0041\d', len('\u20ac'); print('a', end='')", ("A\\d", 1)
    ),
    "encoded text is text": Carried("x = 'a'.encode('utf-8') + 'b', 'ab'.encode('hex')", ("ab", "6162")),
    "codings that are gone": Carried(
        r"x = 'a\\n\\x41'.decode('string_escape'), 'a\n'.encode('string-escape'), "
        r"'no'.encode('rot13').decode('rot13'), 'a=b'.encode('quopri').decode('quopri-codec'), "
        r"'a'.encode('zip').decode('zlib')",
        ("a\nA", "a\\n", "no", "a=b", "a"),
    ),
    "bytes equal text": Carried("import struct\nx = struct.pack('2s', b'ab') == 'ab', 'b' != b'b'", (True, False)),
    "digests, packing and codings of text": Carried(
        "import base64, hashlib, md5, struct, zlib\nm = hashlib.md5('a'); m.update('b')\n"
        "x = m.hexdigest()[:6], md5.new('a').hexdigest()[:6], struct.unpack('>I', '\\x00\\x00\\x00\\x07')[0], "
        "struct.pack('2s', 'ab') == 'ab', base64.b64encode('ab') == 'YWI=', zlib.decompress(zlib.compress('a')) == 'a'",
        ("187ef4", "0cc175", 7, True, True, True),
    ),
    "buffers and arrays of text": Carried(
        "import hashlib\na = np.array([97, 98], 'u1')\n"
        "x = buffer('abc', 1, 1) == 'b', str(buffer(a)), np.frombuffer('ab', 'u1').tolist(), "
        "np.frombuffer(buffer('abc', 1), dtype=np.uint8).tolist(), np.fromstring('ab', np.uint8).tolist(), "
        "hashlib.md5(buffer(a)).hexdigest() == hashlib.md5('ab').hexdigest()",
        (True, "ab", [97, 98], [98, 99], [97, 98], True),
    ),
    "text has no __iter__": Carried("x = hasattr('a', '__iter__'), hasattr([], '__iter__')", (False, True)),
    "repr by backquotes": Carried("x = `1` + `'a'` + `1, 2`", "1'a'(1, 2)"),
    "what a class says to be as unicode": Carried(
        "class A:\n    def __str__(self): return 's'\n    def __unicode__(self): return u'u'\n"
        "x = unicode(A()), str(A())",
        ("u", "s"),
    ),
    "lines that stay open, in files too": Carried(
        "import StringIO\nf = StringIO.StringIO()\nprint >>f, 'a',\nfor i in 1, 2: print >>f, i,\nprint >>f, ()\n"
        "x = f.getvalue()",
        "a 1 2 ()\n",
    ),
    "translate with characters to delete": Carried(
        "import string\nx = 'a-b'.translate(string.maketrans('a', 'c'), '-')", "cb"
    ),
    "functions of string and of types": Carried(
        "import operator, string\nx = string.zfill(7, 3), string.zfill('-7', 4), operator.isNumberType(3L)",
        ("007", "-007", True),
    ),
    "functions of string": Carried("import string\nx = string.join(['a', 'b'], '-'), string.letters[:2], "
                                   "string.ljust('a', 3), string.upper('a')", ("a-b", "ab", "a  ", "A")),
    # collections
    "map, filter, zip, range are lists": Carried(
        "x = map(abs, [-1]), filter(None, [0, 7]), zip([1], 'a'), range(2)", ([1], [7], [(1, "a")], [0, 1])
    ),
    "map as long as the longest": Carried("x = map(None, [1, 2], [3])", [(1, 3), (2, None)]),
    "filter keeps text and tuples": Carried("x = filter(str.isdigit, 'a1'), filter(None, (0, 1))", ("1", (1,))),
    "keys, values and items are lists": Carried(
        "d = {'a': 1}\nx = d.keys()[0], d.values()[0], d.items()[0]", ("a", 1, ("a", 1))
    ),
    "iteritems and has_key": Carried(
        "d = {'a': 1}\nx = list(d.iteritems()), d.iterkeys().next(), d.has_key('b')", ([("a", 1)], "a", False)
    ),
    "sorted and sort by comparing": Carried(
        "a = [1, 3, 2]\na.sort(lambda p, q: q - p)\n"
        "x = a, sorted([1, 2], cmp=lambda p, q: cmp(q, p))", ([3, 2, 1], [2, 1])
    ),
    "sort by comparing of lists of a class of their own": Carried(
        "class A(list): pass\nclass B(list):\n    def sort(self, cmp): list.sort(self, cmp, reverse=True)\n"
        "    def __getitem__(self, i): return 0\n    def __getslice__(self, i, j): return []\n"
        "a, b = A([2, 'a', 3]), B([1, 3, 2])\na.sort(lambda p, q: cmp(q, p))\nb.sort(cmp)\n"
        "x = list(a), list(b), type(a) is A",
        (["a", 3, 2], [3, 2, 1], True),
    ),
    "methods that are passed on": Carried(
        "d = {'a': 1}; it = iter([3, 4])\nf = it.next\n"
        "x = f(), getattr(it, 'next')(), filter(d.has_key, 'ab'), list(getattr(d, 'iteritems')()), "
        "hasattr(d, 'has_key')",
        (3, 4, "a", [("a", 1)], True),
    ),
    "tuples without brackets in list comprehensions": Carried(
        "x = [y for y in 1, 2, 3], [(y, z) for y in 1, 2 if y > 1 for z in [w for w in 3, 4]], "
        "[f() for f in lambda: 1, int]",
        ([1, 2, 3], [(2, 3), (2, 4)], [1, 0]),
    ),
    "order of dictionaries": Carried(
        "x = cmp({1: 2}, {1: 3}), cmp({1: 2}, {1: 2}), {1: 2, 3: 4} < {5: 6}, sorted([{2: 1}, {}])",
        (-1, 0, False, [{}, {2: 1}]),
    ),
    "variables of list comprehensions stay": Carried("i = 9\ny = [i for i in range(3)]\nx = i, y", (2, [0, 1, 2])),
    "__builtin__ is that of the time": Carried("import __builtin__\nx = __builtin__.range(2), __builtin__.max(1, 2)",
                                               ([0, 1], 2)),
    "list comprehensions see the names of a class": Carried(
        "class A:\n    n = 3\n    m = [n * i for i in range(2) if i < n]\nx = A.m", [0, 3]
    ),
    "StopIteration ends a generator": Carried(
        "def f():\n    'doc'\n    it = iter([1])\n    while True:\n        yield it.next()\n"
        "def g():\n    yield 2\n    raise StopIteration\nx = list(f()), list(g()), f.__doc__", ([1], [2], "doc")
    ),
    "reduce": Carried("x = reduce(lambda a, b: a + b, [1, 2, 3])", 6),
    # classes
    "def next": Carried("class A:\n    n = 0\n    def __iter__(self):\n        return self\n    def next(self):\n"
                        "        self.n += 1\n        if self.n > 2: raise StopIteration\n        return self.n\n"
                        "x = list(A()), A().next()", ([1, 2], 1)),
    "__div__": Carried("class A:\n    def __div__(self, o): return o\nx = A() / 3", 3),
    "__nonzero__": Carried("class A:\n    def __nonzero__(self): return False\nx = bool(A())", False),
    "__getslice__": Carried(
        "class A:\n    def __getslice__(self, i, j): return i, j\n"
        "    def __len__(self): return 5\nx = A()[1:-1], A()[2:3]",
        ((1, 4), (2, 3)),
    ),
    "__cmp__": Carried("class A:\n    def __cmp__(self, o): return cmp(3, o)\nx = A() < 4, A() == 3, A() > 3",
                       (True, True, False)),
    "!= by identity beside __eq__": Carried(
        "class A:\n    def __eq__(self, o): return True\n"
        "x = A() == A(), A() != A(), len({A(), A()}) > 0", (True, True, True)
    ),
    "__metaclass__": Carried("class M(type):\n    n = 7\nclass A(object):\n    __metaclass__ = M\nx = A.n", 7),
    "attributes of functions": Carried("def f(a=1): pass\nx = f.func_name, f.func_defaults", ("f", (1,))),
    "message of an exception": Carried(
        "try:\n    raise ValueError, 'bad'\nexcept ValueError, e:\n    x = e.message", "bad"
    ),
    "__getslice__ of what Python has": Carried(
        "class L(list):\n    def __getslice__(self, i, j): return list.__getslice__(self, i, j) + [0]\n"
        "x = L([1, 2, 3])[:2]",
        [1, 2, 0],
    ),
    "__setslice__ of what Python has": Carried(
        "class L(list):\n    def __setslice__(self, i, j, v): list.__setslice__(self, i, j, v + [0])\n"
        "x = L([1, 2, 3])\nx[:1] = [9]\nx = list(x)", [9, 0, 2, 3]
    ),
    "the class and the function of a method": Carried(
        "class A:\n    def f(self): return 3\nx = A().f.im_class is A, A.f.im_func(A()), A().f.im_func(A())",
        (True, 3, 3),
    ),
    "parameters that are tuples": Carried(
        "def f(a, (b, (c, d)), e=5):\n    'doc'\n    return a, b, c, d, e\nx = f(1, (2, (3, 4))), f.__doc__",
        ((1, 2, 3, 4, 5), "doc"),
    ),
    "parameters of a lambda that are tuples": Carried(
        "y = 'lambda (a, b): 0'\nx = map(lambda (a, b), c=2: a * b + c, [(1, 2)]), (lambda (k): k)(3), y",
        ([4], 3, "lambda (a, b): 0"),
    ),
    # statements
    "exceptions stay bound": Carried("try:\n    1 / 0\nexcept ZeroDivisionError, e:\n    pass\nx = type(e).__name__",
                                     "ZeroDivisionError"),
    "exceptions taken apart": Carried(
        "try:\n    raise IOError, ('a', 3)\nexcept IOError, (text, n):\n    x = text, n", ("a", 3)
    ),
    "exceptions that are assigned to what is no name": Carried(
        "class A: pass\no, d = A(), [0]\ntry:\n    1 / 0\nexcept ZeroDivisionError, o.e:\n    pass\n"
        "try:\n    raise KeyError, 'k'\nexcept (ZeroDivisionError,\n        KeyError), d[0]:  # a, b\n    pass\n"
        "try:\n    raise IOError, ('a', 3)\nexcept IOError, [text, n]:\n    x = type(o.e).__name__, d[0].args, text, n",
        ("ZeroDivisionError", ("k",), "a", 3),
    ),
    "entries of exceptions": Carried(
        "class A(Exception):\n    def __getitem__(self, i): return 7\n"
        "try:\n    raise IOError(2, 'no')\nexcept IOError, e:\n    n, text = e\n    x = e[0], n, text\n"
        "try:\n    raise A, 1\nexcept A as e:\n    x += e[0],",
        (2, 2, "no", 7),
    ),
    "the exception that sys knows": Carried(
        "import sys\ntry:\n    raise ValueError, 'a'\nexcept:\n"
        "    x = sys.exc_type.__name__, str(sys.exc_value), sys.exc_traceback is sys.exc_info()[2]",
        ("ValueError", "a", True),
    ),
    "the first of several to raise": Carried(
        "try:\n    raise (ValueError, KeyError), 'a'\nexcept ValueError, e:\n    x = e.args", ("a",)
    ),
    "names that are said to be global after they were used": Carried(
        "n = 1\ndef f():\n    'doc'\n    x = n\n    if x:\n        global n\n        n = x + 1\n    return x\n"
        "x = f(), n, f.__doc__",
        (1, 2, "doc"),
    ),
    "exceptions with what they hold": Carried(
        "import sys\nx = []\ndef f(kind, value=None, at=None):\n    try:\n        raise kind, value, at\n"
        "    except ValueError, e:\n        x.append(e.args)\n    return sys.exc_info()\n"
        "f(ValueError, ValueError('a')); f(ValueError, ('a', 1)); f(ValueError); f(ValueError('b'))\n"
        "f(ValueError, ['c']); f(ValueError, UnicodeError('d'))\n"
        "try:\n    raise ValueError, 'e, f'\nexcept ValueError:\n    kind, e, at = sys.exc_info()\nf(kind, e, at)\n"
        "x.append(e.__traceback__.tb_next is not None)",
        [("a",), ("a", 1), (), ("b",), (["c"],), ("d",), ("e, f",), True],
    ),
    "tabs go to the eighth column": Carried("if True:\n        x = 1\n\tx = 2", 2),
    "files and text that are executed have NumPy's ways, too": Carried(
        "import os, tempfile\npath = tempfile.mktemp()\nf = open(path, 'w')\n"
        "f.write('x = np.array([[1], [2, 3]]).tolist()'); f.close()\n"
        "execfile(path)\nexec 'y = np.zeros(2.).shape'\nx = x, y, eval('np.ones(6)[:4.].shape')\nos.remove(path)",
        ([[1], [2, 3]], (2,), (4,)),
    ),
    "exec in a class sets its names": Carried(
        "class A:\n    m = 3\n    exec 'n = m / 2\\ndef f(self): return 7 / self.n'\n"
        "x = A.n, A().f(), [name for name in vars(A) if 'symrnn' in name]", (1, 7, [])
    ),
    "exec and eval in dictionaries": Carried(
        "a, b, c, d = {}, {}, {}, {'n': 5}\nexec 'm = xrange(7 / 2)[1]\\ndef f(): return 7 / 2, unicode(1)' in a\n"
        "exec 'def f(): return 7 / 2' in b, c\n"
        "x = a['f'](), c['f'](), eval('xrange(n / 2)[1]', d), map(sorted, (a, b, c, d))",
        ((3, "1"), 3, 1, [["__builtins__", "f", "m"], ["__builtins__"], ["f"], ["__builtins__", "n"]]),
    ),
    "exec is Python 2, too": Carried("names = {}\nexec 'y = 7 / 2' in names\nx = names['y']", 3),
    # library
    "what processes and pages give is text": Carried(
        "import subprocess, sys\np = subprocess.Popen([sys.executable, '-c', 'print(input())'], stdin=-1, stdout=-1)\n"
        "x = [p.communicate('a b\\n')[0].split(' ')[1], subprocess.check_output(['echo', 'c']) == 'c\\n']",
        ["b\n", True],
    ),
    "a file is a file": Carried("import os\nwith open(os.devnull) as f:\n    x = isinstance(f, file)", True),
    "arrays in files that are open": Carried(
        "import os, tempfile\npath = tempfile.mktemp()\na = np.empty(1, object); a[0] = [7]\nf = open(path, 'w')\n"
        "np.save(f, a); f.close()\n"
        "with open(path, 'rb') as f:\n    x = np.load(f)[0], np.load(path)[0]\nos.remove(path)", ([7], [7])
    ),
    "netCDF in a file that is open as text": Carried(
        "import os, tempfile\nfrom scipy.io import netcdf_file\npath = tempfile.mktemp()\nf = netcdf_file(path, 'w')\n"
        "f.createDimension('n', 3)\nf.createVariable('a', 'i4', ('n',))[:] = range(3)\nf.close()\n"
        "with open(path) as f:\n    x = netcdf_file(f, 'r', mmap=False).variables['a'][:].tolist()\nos.remove(path)",
        [0, 1, 2],
    ),
    "pages and what is fetched": Carried(
        "import os, tempfile, urllib\npath = tempfile.mktemp()\nwith open(path, 'w') as f: f.write('a b')\n"
        "urllib.urlretrieve('file://' + path, path + '2')\n"
        "with open(path + '2') as f: x = f.read(), urllib.urlopen('file://' + path).read().split(' ')\n"
        "os.remove(path); os.remove(path + '2')", ("a b", ["a", "b"])
    ),
    "archives": Carried(
        "import gzip, os, tempfile, zipfile\npath = tempfile.mktemp()\n"
        "f = gzip.GzipFile(path, 'w'); f.write('a b'); f.close()\n"
        "with gzip.GzipFile(path) as f: x = f.read().split(' ')\n"
        "z = zipfile.ZipFile(path, 'w'); z.writestr('n', 'c d'); z.close()\n"
        "with zipfile.ZipFile(path) as z: x += z.read('n').split(' ')\nos.remove(path)", ["a", "b", "c", "d"]
    ),
    "picklers": Carried(
        "import cPickle, StringIO\nx = cPickle.Unpickler(StringIO.StringIO(cPickle.dumps([1], 2))).load()", [1]
    ),
    "patterns of bytes": Carried(
        "import re, struct\ns = struct.pack('3s', 'a-b')\n"
        "x = re.split('-', s), re.compile(r'\\w').findall(s), re.sub(re.compile('-'), '+', s)",
        (["a", "b"], ["a", "b"], "a+b"),
    ),
    "files of codecs": Carried(
        "import codecs, os, tempfile\npath = tempfile.mktemp()\nf = codecs.open(path, 'w', 'utf-8')\n"
        "f.write(u'\\xe9'); f.close()\n"
        "with codecs.open(path) as f, codecs.open(path, 'r', 'utf-8') as g: x = len(f.read()), len(g.read())\n"
        "os.remove(path)",
        (2, 1),
    ),
    "modules that are gone": Carried(
        "import sets, imp\nfrom ConfigParser import SafeConfigParser\nfrom UserDict import DictMixin\n"
        "from StringIO import StringIO\np = SafeConfigParser(); p.readfp(StringIO('[a]\\nb = 1 ; c\\n'))\n"
        "class D(DictMixin):\n    def keys(self): return ['k']\n    def __getitem__(self, key): return 7\n"
        "    def __setitem__(self, key, value): pass\n    def __delitem__(self, key): pass\n"
        "x = len(sets.Set('aab')), p.get('a', 'b'), D().items(), D().has_key('k'), imp.new_module('m').__name__",
        (2, "1", [("k", 7)], True, "m"),
    ),
    "a source of any name": Carried(
        "import imp, os, tempfile\npath = tempfile.mktemp()\nf = open(path, 'w'); f.write('n = 7 / 2'); f.close()\n"
        "x = imp.load_source('of_any_name', path).n\nos.remove(path)", 3
    ),
    "a walk with a visitor": Carried(
        "import os, tempfile\npath = tempfile.mkdtemp(); os.mkdir(path + '/a'); x = []\n"
        "os.path.walk(path, lambda n, folder, names: x.append((n, names)), 5)\nos.rmdir(path + '/a'); os.rmdir(path)",
        [(5, ["a"]), (5, [])],
    ),
    "all names of a module": Carried(
        "from types import *\nfrom string import *\nfrom itertools import *\n"
        "x = ListType is list, join(['a', 'b'], '-'), digits[:2], izip([1], [2]).next(), chain([3]).next()",
        (True, "a-b", "01", (1, 2), 3),
    ),
    "functions that moved": Carried(
        "from itertools import izip, imap\nimport time, urllib, cPickle\n"
        "x = list(izip([1], [2])), list(imap(abs, [-1])), time.clock() > 0, "
        "urllib.quote(' '), cPickle.loads(cPickle.dumps(3))",
        ([(1, 2)], [1], True, "%20", 3),
    ),
}  # fmt: skip

REFUSED = {  # a program, and what its error must say
    "an exec that sets a function's variables": (
        "def f():\n    n = 1\n    exec 'n = 2'\n    return n\nf()",
        "exec in a function sets n",
    ),
    "names that a function has from a module, all of them": (
        "def f():\n    from math import *",
        "x.py, line 2: import \\* only allowed at module level, and --py2 cannot convert it",
    ),
    "truth that is assigned to": ("True = 1", "x.py, line 1: cannot assign to True"),
    "what is no Python of either kind": ("x = (\ny ? 1)", "x.py, line 2"),
}  # fmt: skip

DIFFERENT = {  # what a program may see, and nothing here can tell
    "masks taken from each other, and whether an array is empty": "were asked for by - and if; NumPy refuses both",
    "hex(255L), repr(255L)": "had an L at their end; a long number that fits a machine's word is like any other",
    "the order of dictionaries and sets": "was arbitrary, and is that of insertion",
    "random.shuffle, choice, sample, randint": "draw other numbers from the same seed; random.random draws the same",
    "np.divide of whole numbers": "rounded down, and does not; the operator / does",
    "a space after print x,": "was written when something followed, and is written at once",
}
