"""Where the C functions are that expressions call by name; object code holds the names alone, so it can be moved."""

from __future__ import annotations

import ctypes
from functools import cache

from symrnn.native import draws
from symrnn.native.generators import FUNCTIONS, function_addresses

# Symbol: the capsule in scipy.special.cython_special. Those take the arguments and an int, which they ignore.
SCIPY = {
    "symrnn_gamma": "__pyx_fuse_1gamma",
    "symrnn_gammaln": "gammaln",
    "symrnn_psi": "__pyx_fuse_1psi",
    "symrnn_erfinv": "__pyx_fuse_0erfinv",
    "symrnn_erfcinv": "erfcinv",
    "symrnn_erfcx": "__pyx_fuse_1erfcx",
    "symrnn_ndtri_exp": "ndtri_exp",
    "symrnn_j0": "j0",
    "symrnn_j1": "j1",
    "symrnn_jv": "__pyx_fuse_1jv",
    "symrnn_i0": "i0",
    "symrnn_i1": "i1",
    "symrnn_ive": "__pyx_fuse_1ive",
    "symrnn_kve": "__pyx_fuse_1kve",
    "symrnn_gammainc": "gammainc",
    "symrnn_gammaincc": "gammaincc",
    "symrnn_gammaincinv": "gammaincinv",
    "symrnn_gammainccinv": "gammainccinv",
    "symrnn_betainc": "__pyx_fuse_0betainc",
    "symrnn_betaincinv": "__pyx_fuse_0betaincinv",
    "symrnn_hyp2f1": "__pyx_fuse_1hyp2f1",
    "symrnn_owens_t": "owens_t",
}
# Of BLAS, as Fortran passes arguments, in scipy.linalg.cython_blas
BLAS = ("sgemm", "dgemm", "sgemv", "dgemv")
# Of LAPACK, likewise in scipy.linalg.cython_lapack
LAPACK_NAMES = ("lacpy", "potrf", "potrs", "trtrs", "getrf", "getrs", "gesv", "sysv", "laswp")
LAPACK = tuple(kind + name for kind in "sd" for name in LAPACK_NAMES)
# Of Python itself
PYTHON = ("PyList_New", "PyList_SetItem", "Py_IncRef", "Py_DecRef")
# Of the C library, by their own names
LIBRARY = ("pow", "sin", "cos", "tan", "fmod", "fmodf", "fma", "fmaf")


@cache
def address(symbol: str) -> int:
    """The address of a function that a ``call`` names.

    Examples
    --------
    >>> address("pow") == address("pow") != address("symrnn_gammaln")
    True
    """
    if symbol in BLAS:
        from scipy.linalg import cython_blas

        return capsule_pointer(cython_blas.__pyx_capi__[symbol])[0]
    if symbol in LAPACK:
        from scipy.linalg import cython_lapack

        return capsule_pointer(cython_lapack.__pyx_capi__[symbol])[0]
    if symbol in SCIPY:
        return special_pointer(SCIPY[symbol])
    if symbol in FUNCTIONS:
        return function_addresses()[symbol]
    if symbol.startswith("symrnn_draw_"):
        return draws.draw_address(symbol)
    if symbol.startswith("random_"):
        return draws.library_address(symbol)
    assert symbol in (*LIBRARY, *PYTHON), f"no C function is known by the name {symbol!r}"
    library = ctypes.pythonapi if symbol in PYTHON else ctypes.CDLL(None)
    found = ctypes.cast(getattr(library, symbol), ctypes.c_void_p).value
    assert found is not None
    return found


def special_pointer(name: str) -> int:
    """The pointer to a function of `scipy.special`, whose signature is checked: a call with another would be wild."""
    from scipy.special import cython_special

    pointer, signature = capsule_pointer(cython_special.__pyx_capi__[name])
    result, arguments = signature.rstrip(")").split(" (")
    *numbers, last = arguments.split(", ")
    assert {result, *numbers} == {"double"}, signature
    assert last.startswith("int "), signature
    return pointer


def capsule_pointer(capsule: object) -> tuple[int, str]:
    """The pointer in a capsule, and its name, which is the C signature."""
    name_of = ctypes.pythonapi.PyCapsule_GetName
    name_of.restype, name_of.argtypes = ctypes.c_char_p, [ctypes.py_object]
    pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
    pointer_of.restype, pointer_of.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    signature = name_of(capsule)
    return pointer_of(capsule, signature), signature.decode()
