"""Random draws by NumPy's own C functions, which numbers they make and in which order being theirs.

NumPy's wheels hold them as a static library for extensions to link (`numpy/random/lib`). Around each stands a function
that draws a whole array, called as LAPACK's routines are: everything by its address. A generator is then the words that
`symrnn.native.generators` makes of it.
"""

from __future__ import annotations

import re
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import llvmlite.binding as llvm
import numpy as np

from symrnn.native.generators import BUFFERED_AT, FUNCTIONS

# of a Poisson draw that fits int64
LARGEST_MEAN = np.iinfo(np.int64).max - np.sqrt(np.iinfo(np.int64).max) * 10


def as_bits(number: float) -> str:
    """A double as LLVM reads it."""
    return f"0x{struct.pack('>d', number).hex().upper()}"


# Conditions that a parameter must hold, as LLVM writes them of %value; what NumPy lets pass as NaN is "unordered".
SIGN = "%bits = bitcast double %value to i64\n  %minus = icmp slt i64 %bits, 0\n  %wrong = and i1 %minus, %number\n"
NUMBER = "%number = fcmp ord double %value, %value\n  "
NOT_NEGATIVE = f"{NUMBER}{SIGN}  %holds = xor i1 %wrong, true"  # -0.0 is negative to NumPy
POSITIVE = "%holds = fcmp ugt double %value, 0.0"
FINITE = "%size = call double @llvm.fabs.f64(double %value)\n  %holds = fcmp olt double %size, 0x7FF0000000000000"
COUNTABLE = "%holds = fcmp oge double %value, 0.0"
NOT_TOO_LARGE = f"%holds = fcmp ole double %value, {as_bits(LARGEST_MEAN)}"
AT_MOST_1 = "%most = fcmp ole double %value, 1.0\n  "
PROBABILITY = f"{AT_MOST_1}%least = fcmp oge double %value, 0.0\n  %holds = and i1 %most, %least"
IS_RANGE = "%holds = icmp ne i64 %value, -1"
ABOVE_0 = f"{AT_MOST_1}%least = fcmp ogt double %value, 0.0\n  %holds = and i1 %most, %least"


@dataclass(frozen=True)
class Demand:
    """What a parameter must hold, and the error that NumPy raises otherwise."""

    parameter: int
    condition: str
    message: str
    error: type[Exception] = ValueError


@dataclass(frozen=True)
class Distribution:
    """One of NumPy's functions of a generator and some numbers.

    Attributes
    ----------
    function
        Its name in NumPy's library.
    parameters
        How many numbers it takes.
    dtype
        Of all of them.
    more
        What the function is called with after them, as LLVM writes it.
    result
        The dtype of what it draws.
    demands
        What is asked of the parameters, all of them before anything is drawn.
    """

    function: str
    parameters: int
    result: str = "float64"
    demands: tuple[Demand, ...] = ()
    dtype: str = "float64"
    more: str = ""

    @property
    def symbol(self) -> str:
        """What a program calls."""
        return f"symrnn_draw_{self.function}"


SCALE = Demand(1, NOT_NEGATIVE, "scale < 0")
DISTRIBUTIONS: dict[str, Distribution] = {  # by the name of PyTensor's op
    "normal": Distribution("random_normal", 2, demands=(SCALE,)),
    "uniform": Distribution(  # of the least and the range
        "random_uniform",
        2,
        demands=(
            Demand(1, FINITE, "high - low range exceeds valid bounds", OverflowError),
            Demand(1, NOT_NEGATIVE, "high - low < 0"),
        ),
    ),
    "exponential": Distribution(
        "random_exponential", 1, demands=(Demand(0, NOT_NEGATIVE, "scale < 0"),)
    ),
    "gamma": Distribution("random_gamma", 2, demands=(Demand(0, NOT_NEGATIVE, "shape < 0"), SCALE)),
    "beta": Distribution(
        "random_beta", 2, demands=(Demand(0, POSITIVE, "a <= 0"), Demand(1, POSITIVE, "b <= 0"))
    ),
    "laplace": Distribution("random_laplace", 2, demands=(SCALE,)),
    "logistic": Distribution("random_logistic", 2, demands=(SCALE,)),
    "lognormal": Distribution(
        "random_lognormal", 2, demands=(Demand(1, NOT_NEGATIVE, "sigma < 0"),)
    ),
    "weibull": Distribution("random_weibull", 1, demands=(Demand(0, NOT_NEGATIVE, "a < 0"),)),
    "wald": Distribution(
        "random_wald",
        2,
        demands=(Demand(0, POSITIVE, "mean <= 0"), Demand(1, POSITIVE, "scale <= 0")),
    ),
    "vonmises": Distribution("random_vonmises", 2, demands=(Demand(1, NOT_NEGATIVE, "kappa < 0"),)),
    "poisson": Distribution(
        "random_poisson",
        1,
        "int64",
        (
            Demand(0, COUNTABLE, "lam < 0 or lam contains NaNs"),
            Demand(0, NOT_TOO_LARGE, "lam value too large"),
        ),
    ),
    "geometric": Distribution(
        "random_geometric", 1, "int64", (Demand(0, ABOVE_0, "p <= 0, p > 1 or p contains NaNs"),)
    ),
    "bernoulli": Distribution(  # SciPy's is NumPy's binomial draw of one trial
        "random_binomial",
        1,
        "int64",
        (Demand(0, PROBABILITY, "p < 0, p > 1 or p is NaN"),),
        more=", i64 1, ptr %kept",
    ),
    "integers": Distribution(  # of the least and how far the greatest is from it, without a sign; -1: none is there
        "random_bounded_uint64",
        2,
        "int64",
        (Demand(1, IS_RANGE, "low >= high"),),
        "int64",
        ", i64 0, i1 zeroext false",  # no mask: by Lemire's method, as generators do
    ),
}
STANDARD_UNIFORM = Distribution("random_standard_uniform", 0)
INTERVAL = Distribution("random_interval", 1, "int64", (), "int64")  # from 0 to a number, by masks
BY_SYMBOL = {each.symbol: each for each in (*DISTRIBUTIONS.values(), STANDARD_UNIFORM, INTERVAL)}
LLVM_TYPES = {"float64": "double", "int64": "i64"}
# Of what NumPy keeps of a binomial distribution; it is asked for anew for each array.
BINOMIAL_BYTES = 256


def draw_text(drawn: Distribution) -> str:
    """The function that draws an array, as LLVM text.

    Its arguments: the state; where to, and how many; for each parameter where it is, and how many elements on the next
    one is; where to say which demand does not hold, by its number from 1 on, or 0.
    """
    return "\n".join(
        [
            *_declarations(drawn),
            *_entry(drawn),
            *_checks(drawn.demands),
            *_generator_from_state(),
            *_loop(drawn),
            *_generator_to_state(),
            "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)",
        ]
    )


def _declarations(drawn: Distribution) -> list[str]:
    number = LLVM_TYPES[drawn.dtype]
    types = re.sub(r" [%\w]+(?=,|$)", "", _passed(drawn))
    return [
        f"declare {LLVM_TYPES[drawn.result]} @{drawn.function}({types})",
        "declare double @llvm.fabs.f64(double)",
        *(f"declare i64 @{name}(ptr)" for name in FUNCTIONS),
        *(demand_text(i, demand, number) for i, demand in enumerate(drawn.demands)),
    ]


def _passed(drawn: Distribution) -> str:
    """The arguments of NumPy's function."""
    number = LLVM_TYPES[drawn.dtype]
    each = "".join(f", {number} %x{k}" for k in range(drawn.parameters))
    return f"ptr %generator{each}{drawn.more}"


def _entry(drawn: Distribution) -> list[str]:
    """The head, memory for the generator, and the caller's 32-bit words as 64 bits."""
    count = range(drawn.parameters)
    given = "".join(f"ptr %p{k}, ptr %step{k}, " for k in count)
    return [
        f"define void @{drawn.symbol}(ptr %state, ptr %out, ptr %many, {given}ptr %info) {{",
        "entry:",
        # NumPy's numbers are of 128 bits, which must be aligned so; the caller's words need not be.
        "  %numbers = alloca [4 x i64], align 16",  # as the generator has them
        # `pcg64_state`: where they are, then in one word whether half a number waits, and that half.
        "  %bits = alloca {ptr, i64}, align 16",
        # `bitgen_t`: the state, then the four `FUNCTIONS`.
        "  %generator = alloca [5 x ptr], align 16",
        f"  %kept = alloca [{BINOMIAL_BYTES} x i8], align 16",
        "  %n32 = load i32, ptr %many",
        "  %n = sext i32 %n32 to i64",
        *(
            f"  %s32.{k} = load i32, ptr %step{k}\n  %s{k} = sext i32 %s32.{k} to i64"
            for k in count
        ),
        "  store i32 0, ptr %info",
        "  br label %check0",
    ]


def _checks(demands: Sequence[Demand]) -> list[str]:
    """A block for each demand; the last label is where all of them hold."""
    lines = []
    for i, demand in enumerate(demands):
        k = demand.parameter
        lines += [
            f"check{i}:",
            f"  %holds{i} = call i1 @demand{i}(ptr %p{k}, i64 %s{k}, i64 %n)",
            f"  br i1 %holds{i}, label %check{i + 1}, label %refuse{i}",
            f"refuse{i}:",
            f"  store i32 {i + 1}, ptr %info",
            "  ret void",
        ]
    return [*lines, f"check{len(demands)}:"]


def _generator_from_state() -> list[str]:
    """The caller's words copied to where NumPy's generator looks for them."""
    places = [f"getelementptr i64, ptr %state, i64 {i}" for i in range(BUFFERED_AT + 1)]
    lines = []
    for i in range(BUFFERED_AT):
        lines += [
            f"  %from{i} = {places[i]}",
            f"  %word{i} = load i64, ptr %from{i}",
            f"  %to{i} = getelementptr i64, ptr %numbers, i64 {i}",
            f"  store i64 %word{i}, ptr %to{i}",
        ]
    lines += [
        f"  %buffered.at = {places[BUFFERED_AT]}",
        "  %buffered = load i64, ptr %buffered.at",
        "  store ptr %numbers, ptr %bits",
        "  %own.buffered = getelementptr {ptr, i64}, ptr %bits, i64 0, i32 1",
        "  store i64 %buffered, ptr %own.buffered",
        # Zeros say that nothing is kept yet.
        f"  call void @llvm.memset.p0.i64(ptr %kept, i8 0, i64 {BINOMIAL_BYTES}, i1 false)",
    ]
    for i, source in enumerate(["%bits", *(f"@{name}" for name in FUNCTIONS)]):
        lines += [
            f"  %slot{i} = getelementptr ptr, ptr %generator, i64 {i}",
            f"  store ptr {source}, ptr %slot{i}",
        ]
    return lines


def _loop(drawn: Distribution) -> list[str]:
    """A draw for each element; a parameter with a step of 0 is one number for all."""
    kind, number = LLVM_TYPES[drawn.result], LLVM_TYPES[drawn.dtype]
    lines = [
        "  br label %head",
        "head:",
        f"  %i = phi i64 [0, %check{len(drawn.demands)}], [%next, %body]",
        "  %more = icmp slt i64 %i, %n",
        "  br i1 %more, label %body, label %done",
        "body:",
    ]
    for k in range(drawn.parameters):
        lines += [
            f"  %j{k} = mul i64 %i, %s{k}",
            f"  %a{k} = getelementptr {number}, ptr %p{k}, i64 %j{k}",
            f"  %x{k} = load {number}, ptr %a{k}",
        ]
    return [
        *lines,
        f"  %drawn = call {kind} @{drawn.function}({_passed(drawn)})",
        f"  %target = getelementptr {kind}, ptr %out, i64 %i",
        f"  store {kind} %drawn, ptr %target",
        "  %next = add i64 %i, 1",
        "  br label %head",
        "done:",
    ]


def _generator_to_state() -> list[str]:
    """The words back to the caller, who draws on from them."""
    lines = []
    for i in range(BUFFERED_AT):
        lines += [f"  %end{i} = load i64, ptr %to{i}", f"  store i64 %end{i}, ptr %from{i}"]
    return [
        *lines,
        "  %end.buffered = load i64, ptr %own.buffered",
        "  store i64 %end.buffered, ptr %buffered.at",
        "  ret void",
        "}",
    ]


def demand_text(i: int, demand: Demand, number: str) -> str:
    """A function that says whether all elements of a parameter hold what is demanded; one alone is asked once."""
    return f"""define private i1 @demand{i}(ptr %p, i64 %step, i64 %n) {{
entry:
  %is.one = icmp eq i64 %step, 0
  %count = select i1 %is.one, i64 1, i64 %n
  br label %head
head:
  %i = phi i64 [0, %entry], [%next, %good]
  %more = icmp slt i64 %i, %count
  br i1 %more, label %body, label %yes
body:
  %at = getelementptr {number}, ptr %p, i64 %i
  %value = load {number}, ptr %at
  {demand.condition}
  br i1 %holds, label %good, label %no
good:
  %next = add i64 %i, 1
  br label %head
yes:
  ret i1 1
no:
  ret i1 0
}}"""


LIBRARY = Path(np.__file__).parent / "random" / "lib" / "libnpyrandom.a"


@cache
def is_possible() -> bool:
    """Whether NumPy brings its library, in the form that Linux links; else draws are Python's."""
    return sys.platform == "linux" and LIBRARY.is_file()


def draw_address(symbol: str) -> int:
    """Where the function is that a program calls by this name."""
    from symrnn.native.module import LoadedModule

    module = LoadedModule(draw_text(BY_SYMBOL[symbol]), symbol)
    _KEPT.append(module)
    return module.address


_KEPT: list[object] = []  # programs may call it as long as the process lives


def library_address(function: str) -> int:
    """Where a function of NumPy's library is."""
    return numpy_library().get_function_address(function)


@cache
def numpy_library() -> llvm.ExecutionEngine:
    """NumPy's object files, linked in memory."""
    from symrnn.native.module import target_machine

    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target_machine())
    for member in members(LIBRARY.read_bytes()):
        engine.add_object_file(llvm.ObjectFileRef.from_data(member))
    engine.finalize_object()
    return engine


def members(archive: bytes) -> list[bytes]:
    """The object files of an archive of ``ar``: headers of 60 bytes, each with the size of what follows."""
    found, place = [], len(b"!<arch>\n")
    while place < len(archive):
        header = archive[place : place + 60]
        size = int(header[48:58])
        body = archive[place + 60 : place + 60 + size]
        if body[:4] == b"\x7fELF":  # else an index, or long names
            found.append(body)
        # A member begins at an even place.
        place += 60 + size + size % 2
    return found
