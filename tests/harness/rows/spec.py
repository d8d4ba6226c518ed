"""A spec row: what is true of one operation, written as data. shapes.py says how a shape is written, kinds.py what else an input can be."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

from tests.harness.rows.arrays import Floats
from tests.harness.rows.forms import Listed, variants
from tests.harness.rows.kind import Kind
from tests.harness.rows.shapes import parsed

LEAST_MINUTES, MOST_MINUTES = 3, 45
NO_GRAD = "it returns new values and no grad: forward has these points"


@dataclass(frozen=True, eq=False)
class Operation:
    """One row. Build it with `Op`."""

    name: str
    kinds: dict[str, Kind]
    torch: Callable
    par: int = 0
    also: Callable | None = None
    ties: Callable | None = None
    border: Callable | None = None
    why: str = ""
    output: str = "y"
    words: dict[str, str] = field(default_factory=dict)
    mistaken: dict[str, Callable] = field(default_factory=dict)
    otherwise: tuple[Callable, ...] = ()
    adapter: str = ""
    values: dict[str, str] = field(default_factory=dict)
    joined: dict[str, str] = field(default_factory=dict)
    dtype: type | None = None
    unasked: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, bool] = field(default_factory=dict)
    form: str = ""
    number: int = 0
    variants: tuple["Operation", ...] = ()

    def of(self, variant: int) -> "Operation":
        """The flat row of this number, which an example of it is of; the row itself where it has no variants."""
        return self.variants[variant] if self.variants else self

    @property
    def parameters(self) -> tuple[str, ...]:
        """The parameters of the stub: the inputs, but for those that come in a list."""
        return tuple(self.arguments) or self.inputs

    @property
    def differentiated(self) -> tuple[str, ...]:
        """Those of them whose gradients grad returns."""
        return tuple(name for name, yes in self.arguments.items() if yes) if self.arguments else self.variables

    @cached_property
    def output_shapes(self) -> dict[tuple, tuple[int, ...]]:
        """The shapes of y that are known, by the inputs' shapes. Whoever asks torch fills it (oracle.py)."""
        return {}

    @cached_property
    def upstream(self) -> str:
        """How what grad is given is called: the gradient of the output."""
        return f"g{self.output}"

    def said(self, dimension: str) -> str:
        """How a dimension of the row is called where it is read: by the letter of the stub, or in words."""
        return self.words.get(dimension) or ("..." if dimension.startswith("...") else dimension)

    def said_shape(self, variable: str) -> str:
        """The shape of an input as the stub writes it: `(1, M)`; nothing where it has no one word for a dimension, or broadcasts."""
        said = [self.said(dimension) for dimension in self.shapes.get(variable, "~").split()]
        if not all(re.fullmatch(r"\w+|\.\.\.", dimension) for dimension in said):
            return ""
        return f"({', '.join(said)}{',' if len(said) == 1 and said != ['...'] else ''})"

    @cached_property
    def variety(self) -> int:
        """How many times as many examples it takes as where all inputs are floats, and it is called in one way."""
        return max(kind.variety for kind in self.kinds.values()) * max(1, len(self.variants))

    @cached_property
    def broadcasts(self) -> bool:
        """Whether an input may be broadcast: an axis that is, in front of one that is not, is rare."""
        return any("~" in kind.shape for kind in self.kinds.values())

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """The names of the inputs, in signature order."""
        return tuple(self.kinds)

    @cached_property
    def shapes(self) -> dict[str, str]:
        """Name -> shape of the inputs that are arrays."""
        return {name: kind.shape for name, kind in self.kinds.items() if kind.is_array}

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """The inputs that are differentiated, in signature order."""
        return tuple(name for name, kind in self.kinds.items() if kind.differentiated)

    @cached_property
    def letters(self) -> tuple[str, ...]:
        """The named dimensions, in order of appearance."""
        tokens = [token for shape in self.shapes.values() for token in parsed(shape)]
        return tuple(dict.fromkeys(letter for token in tokens for letter in token.letters))

    @cached_property
    def runs(self) -> tuple[str, ...]:
        """The runs of dimensions (`...`), in order of appearance."""
        tokens = [token for shape in self.shapes.values() for token in parsed(shape)]
        return tuple(dict.fromkeys(token.run for token in tokens if token.run))


def Op(  # noqa: N802 (a row reads as a noun)
    name: str,
    /,
    *,
    torch: Callable,
    par: int,
    also: Callable | None = None,
    ties: Callable | None = None,
    border: Callable | None = None,
    why: str = "",
    output: str = "y",
    words: dict[str, str] | None = None,
    mistaken: dict[str, Callable] | None = None,
    otherwise: tuple[Callable, ...] = (),
    adapter: str = "",
    values: dict[str, str] | None = None,
    dtype: type | None = None,
    unasked: dict[str, str] | None = None,
    others: tuple[dict[str, Kind], ...] = (),
    **inputs: str | Kind | Listed,
) -> Operation:
    """A row of the table.

    `inputs`: one an argument, in signature order: a shape, for floats that are differentiated, or a kind. `torch`: the
    oracle, a function of tensors. `par`: the minutes that a prepared candidate needs. `also`: a second oracle whose
    gradients are the other end of what is right at a kink; everything between the two ends is accepted. `ties`: where the
    right gradients are no such interval, `ties(yours, gy, *inputs)` is the nearest right one to yours, all in NumPy;
    for an operation of one variable. `border`: where a border is met by design alone, `border(beside, *inputs)` moves inputs
    onto it, or beside it by that relative amount. `why`: the reason of anything unusual in the row. `output`: how the stub calls
    it. `words`: what to call a dimension for which the stub has another letter, or none. `mistaken`: other functions that are taken for
    it, in words and in torch; a diagnosis tries them. `otherwise`: the same function written in other right ways, whose rounding
    is forgiven as well. `adapter`: where what is handed in is a class, what makes an operation of it (worker/graphs.py); gy is 1.
    `values`: what it returns in the place of (y, grad), by the names of messages, and the argument that each is like in shape;
    where inputs are drawn for each step, these become inputs of the next one. `dtype`: of the output, where that is not the
    inputs'. `unasked`: properties that are not asked of it, and why. `others`: of some inputs other kinds, with which it is asked
    too. Raises ValueError where it cannot be read.
    """
    inputs = {argument: Floats(value) if isinstance(value, str) else value for argument, value in inputs.items()}
    unasked = ({"gradient": NO_GRAD} if values else {}) | (unasked or {})
    try:
        ways = variants(inputs, values or {}, others)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    kinds = ways[0].kinds if ways else inputs
    for argument, kind in kinds.items():
        try:
            parsed(kind.shape)
        except ValueError as error:
            raise ValueError(f"{name}: {argument}={kind.shape!r}: {error}") from None
    op = Operation(
        name, kinds, torch, par, also, ties, border, why, output, words or {}, mistaken or {}, otherwise, adapter
    )
    op = replace(op, dtype=dtype, unasked=unasked)
    if ways:
        arguments = {argument: isinstance(kind, Listed) and not values for argument, kind in inputs.items()}
        op = replace(op, arguments=arguments)
        flat = [
            replace(
                op,
                kinds=way.kinds,
                values=way.values,
                form=way.form,
                number=number,
                torch=way.said(torch),
                mistaken={words: way.said(function) for words, function in op.mistaken.items()},
                otherwise=tuple(map(way.said, otherwise)),
            )
            for number, way in enumerate(ways)
        ]
        op = replace(flat[0], variants=tuple(flat))
    if values and op.variables:
        raise ValueError(f"{name}: it returns no grad, so let {', '.join(op.variables)} be const")
    if output in kinds:
        raise ValueError(f"{name}: {output} is an input and the output: give the output another name, output=")
    if not LEAST_MINUTES <= par <= MOST_MINUTES:
        raise ValueError(f"{name}: par={par}: give the minutes it takes, {LEAST_MINUTES} to {MOST_MINUTES}")
    if ties and len(op.variables) != 1:
        raise ValueError(f"{name}: ties= is for an operation of one variable, and here are {len(op.variables)}")
    return op
