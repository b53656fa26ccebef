"""How two variables differ: the kinds of difference between duplicates, their tests, and their words."""

from enum import Enum

from pytensor.compile.ops import DeepCopyOp, ViewOp
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Constant, Variable
from pytensor.graph.traversal import ancestors
from pytensor.tensor.basic import AllocEmpty
from pytensor.tensor.elemwise import DimShuffle, Elemwise
from pytensor.tensor.random.op import RandomVariable
from pytensor.tensor.random.type import RandomType
from pytensor.tensor.shape import Shape, Shape_i, SpecifyShape
from pytensor.tensor.subtensor import IncSubtensor, Subtensor

from symrnn.duplicates.components import WEIGHT
from symrnn.duplicates.polynomial import Polynomial, difference, in_words, polynomial
from symrnn.duplicates.step_key import Detail, leaf_key, op_key


class Kind(Enum):
    """How two values differ."""

    EQUAL = "the same values"
    LOOK_AHEAD = "a look-ahead"
    NOISE = "noise"
    CONSTANTS = "two constants"
    SETTINGS = "two settings"
    REVERSED = "reversed in time"
    SLICES = "two slices"
    MASK = "a mask"
    DRAWS = "two random draws"
    INITIAL_STATE = "another initial state"
    DATA = "other data"
    COPY = "a copy of the same shared variable"
    GRADIENT = "the same value with another gradient"

    @property
    def cure(self) -> str:
        """What removes a duplicate that differs so."""
        return CURES.get(self, BATCHED)


BATCHED = "run both side by side on the batch axis of one recurrence"


CURES = {
    Kind.EQUAL: "build the network once, or call share_recurrences(outputs) before the gradient",
    Kind.LOOK_AHEAD: "store the look-ahead values: odd_even_form(updates), or nesterov_momentum",
    Kind.NOISE: "take loss and report from the noisy network, or report in a function of its own",
    Kind.CONSTANTS: "give the constant a batch axis, and run both in one recurrence",
    Kind.SETTINGS: "give the setting a batch axis, and run both in one recurrence",
    Kind.COPY: "build both on the one shared variable",
    Kind.GRADIENT: "stop or clip the gradient of the result of one recurrence",
}


class DifferentComputation(Exception):
    """Two variables differ so that what is computed from them is no duplicate."""


def kind_of(x: Variable, y: Variable, role: str) -> Kind | None:
    """How x and y differ if the pair has a name of its own; the tests in order of precedence."""
    # A mask is a product and a look-ahead a sum, so either would also fit as data that differs: `fed` comes last. What
    # only wraps a value comes first, since all others would look into the wrapper.
    tests = (wrapped, copied, fixed, drawn, sliced, looked_ahead, masked, fed)
    return next((kind for test in tests if (kind := test(x, y, role))), None)


def same_operation(x: Variable, y: Variable) -> bool:
    """Whether x and y are the same output of the same op."""
    if x.owner is None or y.owner is None or len(x.owner.inputs) != len(y.owner.inputs):
        return False
    place = x.owner.outputs.index(x) == y.owner.outputs.index(y)
    left, right = (op_key(v.owner.op, detail=Detail.VALUES) for v in (x, y))
    return place and left == right


def same_constants(x: Variable, y: Variable) -> bool:
    """Whether x and y are the same constant."""
    return isinstance(x, Constant) and isinstance(y, Constant) and leaf_key(x) == leaf_key(y)


def is_shape(x: Variable) -> bool:
    """Whether x is an extent of something."""
    return x.owner is not None and isinstance(x.owner.op, Shape | Shape_i)


def is_count(x: Variable) -> bool:
    """Whether x is a single integer."""
    return getattr(x.type, "ndim", 0) == 0 and str(getattr(x.type, "dtype", "")).startswith("int")


WRAPPERS = (ViewOp, SpecifyShape, DeepCopyOp)


def beneath(x: Variable) -> Variable:
    """x without what changes its gradient or its type only."""
    while x.owner is not None and isinstance(x.owner.op, WRAPPERS):
        x = x.owner.inputs[0]
    return x


def wrapped(x: Variable, y: Variable, role: str) -> Kind | None:
    """One value, with and without a change of its gradient."""
    return Kind.GRADIENT if beneath(x) is beneath(y) else None


def copied(x: Variable, y: Variable, role: str) -> Kind | None:
    """Two variables of one container: ``param.clone()``, which programs use to keep a default update away."""
    if not (isinstance(x, SharedVariable) and isinstance(y, SharedVariable)):
        return None
    return Kind.COPY if x.container is y.container else None


def fixed(x: Variable, y: Variable, role: str) -> Kind | None:
    """Two constants that data or states are made with; those that a step reads are part of the step."""
    if not (isinstance(x, Constant) and isinstance(y, Constant)) or same_constants(x, y):
        return None
    if role == WEIGHT:
        raise DifferentComputation
    return Kind.CONSTANTS


def drawn(x: Variable, y: Variable, role: str) -> Kind | None:
    """Two draws of one distribution from two generators."""
    if not (is_draw(x) and is_draw(y) and same_operation(x, y)):
        return None
    return Kind.DRAWS if x.owner.inputs[0] is not y.owner.inputs[0] else None


def is_draw(x: Variable) -> bool:
    """Whether x is a random draw."""
    return x.owner is not None and isinstance(x.owner.op, RandomVariable)


def sliced(x: Variable, y: Variable, role: str) -> Kind | None:
    """Two slices of the same data, one perhaps backwards."""
    (a, x_reversed), (b, y_reversed) = base_of(x), base_of(y)
    if a is not b or (x is a and y is b):
        return None
    if not holds_data(a):
        raise DifferentComputation  # parts of one parameter are different parameters
    return Kind.REVERSED if x_reversed != y_reversed else Kind.SLICES


def base_of(x: Variable) -> tuple[Variable, bool]:
    """What x is a slice of, and whether in reverse."""
    reverse = (
        False  # flips with every backward slice: a backward slice of a backward one runs forward
    )
    while x.owner is not None and isinstance(x.owner.op, Subtensor):
        entry = x.owner.op.idx_list[0]
        step = getattr(entry, "step", None)
        fixed_step = [c.data for c in x.owner.inputs[1:] if isinstance(c, Constant)]
        reverse ^= step is not None and -1 in fixed_step
        x = x.owner.inputs[0]
    return x, reverse


def looked_ahead(x: Variable, y: Variable, role: str) -> Kind | None:
    """Parameters against the same moved by shared state or by random numbers."""
    if x.type.ndim == 0 or x.type.ndim != y.type.ndim:
        return None
    left, right = polynomial(x), polynomial(y)
    # All terms of the shorter one stand in the longer one with the same coefficients; what is left is the jump.
    base, more = (left, right) if len(left) < len(right) else (right, left)
    moved = difference(more, base)
    if not base or len(moved) != len(more) - len(base):
        return None
    leaves = arithmetic_leaves(moved)
    # Noise first: its generator is a shared variable as well, and would pass for a velocity.
    if any(isinstance(leaf.type, RandomType) for leaf in leaves):
        return Kind.NOISE
    shared = all(isinstance(leaf, SharedVariable) or leaf.type.ndim == 0 for leaf in leaves)
    return Kind.LOOK_AHEAD if shared and any(map(is_parameter, arithmetic_leaves(base))) else None


def arithmetic_leaves(terms: Polynomial) -> set[Variable]:
    """The variables that a polynomial is made of."""
    below = ancestors([x for factors in terms for x in factors])
    return {x for x in below if x.owner is None and not isinstance(x, Constant)}


def masked(x: Variable, y: Variable, role: str) -> Kind | None:
    """A value against the same times a mask, a constant or a setting."""
    left, right = polynomial(x), polynomial(y)
    if x.type.ndim == 0 or len(left) != 1 or len(right) != 1:
        return None
    (a, _), (b, _) = *left.items(), *right.items()
    if a == b:
        return Kind.CONSTANTS if a else None
    more, less = (a, b) if len(a) > len(b) else (b, a)
    rest = [factor for factor in more if factor not in less]
    if len(rest) != len(more) - len(less) or not less:
        return None
    # Times a parameter is another layer, not a mask.
    leaves = arithmetic_leaves({tuple(rest): 1.0})
    if any(map(is_parameter, leaves)):
        return None
    return Kind.SETTINGS if all(factor.type.ndim == 0 for factor in rest) else Kind.MASK


def fed(x: Variable, y: Variable, role: str) -> Kind | None:
    """Two inputs of the graph."""
    if x.owner is not None or y.owner is not None or isinstance(x, Constant | SharedVariable):
        if isinstance(x, SharedVariable) and isinstance(y, SharedVariable):
            return Kind.SETTINGS if x.type == y.type and x.type.ndim == 0 else None
        return None
    if isinstance(y, Constant | SharedVariable):
        return None
    if x.type.ndim == 0:
        return Kind.SETTINGS
    # An array that a step reads unchanged is a parameter, if it is an input of the graph too.
    return Kind.DATA if role != WEIGHT else None


def is_parameter(x: Variable) -> bool:
    """Whether x is a shared array of real numbers."""
    is_array = isinstance(x, SharedVariable) and getattr(x.type, "ndim", 0) > 0
    return is_array and str(x.type.dtype).startswith("float")


def holds_data(x: Variable) -> bool:
    """Whether x is computed from an input of the graph."""
    leaves = (v for v in ancestors([x]) if v.owner is None)
    return any(not isinstance(v, Constant | SharedVariable) for v in leaves)


def start_of(x: Variable) -> Variable:
    """The initial state in the buffer that a scan fills."""
    # A scan is fed ``set_subtensor(empty(T + 1, ...)[:1], initial)``: two lengths make two buffers of one state.
    while x.owner is not None:
        if isinstance(x.owner.op, IncSubtensor) and is_empty(x.owner.inputs[0]):
            x = x.owner.inputs[1]
        elif isinstance(x.owner.op, DimShuffle | SpecifyShape | DeepCopyOp):
            x = x.owner.inputs[0]
        else:
            break
    return x


def is_empty(x: Variable) -> bool:
    """Whether x is memory that nothing has been written to."""
    return x.owner is not None and isinstance(x.owner.op, AllocEmpty)


def in_one_line(x: Variable, y: Variable, kind: Kind) -> str:
    """A pair as a reader would write it."""
    if kind is Kind.REVERSED:
        return f"{named(base_of(x)[0])} in two directions"
    first, second = sorted((named(x), named(y)), key=len)
    return f"{first} against {second}"


def named(x: Variable) -> str:
    """A variable by its name, a constant by its value, arithmetic written out, the rest by its op and inputs."""
    if x.owner is None or x.name:
        return str(getattr(x, "data", x)) if isinstance(x, Constant) else str(x)
    if isinstance(x.owner.op, Elemwise | DimShuffle):
        terms = polynomial(x)
        if (x,) not in terms and len(terms) <= 4:
            return in_words(terms).removeprefix("+ ")
    if isinstance(x.owner.op, Subtensor):
        return f"a slice of {named(base_of(x)[0])}"
    inputs = [v for v in x.owner.inputs if not is_count(v) and not is_shape(v)][:3]
    return f"{type(x.owner.op).__name__}({', '.join(str(v) for v in inputs)})"
