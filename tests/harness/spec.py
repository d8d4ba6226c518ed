"""A spec row: what is true of one operation, written as data.

A shape is a string of dimensions: `"N K"`, `"1 M"`, `"..."`. A letter is drawn at random and is the same wherever it
stands in the row; a number is itself; `3H` is three times H; `...` is any number of dimensions, also none.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

_DIMENSION = re.compile(r"(?P<times>\d*)(?P<letter>[A-Z]?)")


@dataclass(frozen=True)
class Constant:
    """An input of the given shape that is not differentiated."""

    shape: str


def const(shape: str) -> Constant:
    """Mark an input as constant: it is given to the operation, and `grad` returns nothing for it."""
    return Constant(shape)


@dataclass(frozen=True, eq=False)
class Operation:
    """One row. Build it with `Op`."""

    name: str
    inputs: dict[str, str | Constant]
    torch: Callable
    par: int = 0
    also: Callable | None = None
    why: str = ""

    @cached_property
    def shapes(self) -> dict[str, str]:
        """Input name -> its shape, in signature order."""
        return {name: value.shape if isinstance(value, Constant) else value for name, value in self.inputs.items()}

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """The inputs that are differentiated, in signature order."""
        return tuple(name for name, value in self.inputs.items() if not isinstance(value, Constant))

    @cached_property
    def letters(self) -> tuple[str, ...]:
        """The named dimensions, in order of appearance."""
        found = [
            _DIMENSION.fullmatch(d)["letter"] for shape in self.shapes.values() for d in shape.split() if d != "..."
        ]
        return tuple(dict.fromkeys(filter(None, found)))


def Op(  # noqa: N802 (a row reads as a noun)
    name: str, /, *, torch: Callable, par: int = 0, also: Callable | None = None, why: str = "", **inputs
) -> Operation:
    """A row of the table.

    `inputs`: one shape an argument, in signature order; `const(shape)` for one that is not differentiated.
    `torch`: the oracle, a function of tensors. `par`: the minutes that a prepared candidate needs. `also`: a second
    oracle whose gradients are the other end of what is right at a kink; everything between the two ends is accepted.
    `why`: the reason of anything unusual in the row.
    Raises ValueError where a shape cannot be read.
    """
    for argument, value in inputs.items():
        shape = value.shape if isinstance(value, Constant) else value
        for dimension in shape.split():
            if dimension != "..." and not (dimension and _DIMENSION.fullmatch(dimension)):
                raise ValueError(
                    f"{name}: {argument}={shape!r}: {dimension!r} is not a dimension; write N, 3H, 1 or ..."
                )
    return Operation(name, inputs, torch, par, also, why)


def concrete(shape: str, sizes: dict[str, int], batch: tuple[int, ...]) -> tuple[int, ...]:
    """The shape in numbers, given each letter's size and the sizes that `...` stands for."""
    result: list[int] = []
    for dimension in shape.split():
        if dimension == "...":
            result += batch
        else:
            times, letter = _DIMENSION.fullmatch(dimension).group("times", "letter")
            result.append(int(times or 1) * (sizes[letter] if letter else 1))
    return tuple(result)
