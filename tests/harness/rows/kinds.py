"""The words of a row for what an input can be, besides the shape of floats that are differentiated, which is a string.

All of it is constant, but for `nonzero`, `halves`, `calm` and `off_centre`. What the words mean is in arrays.py and plain.py.
"""

from collections.abc import Callable, Sequence

from tests.harness.rows.arrays import Floats, Fractions, Labels, Mask, Numbers, Probabilities
from tests.harness.rows.graphs import Graph, Part
from tests.harness.rows.plain import Among, Axis, Choice, Function, Numbered, Permutation, Reshaping, Size


def const(shape: str) -> Floats:
    """Floats that are not differentiated: given to the operation, and `grad` returns nothing for them."""
    return Floats(shape, differentiated=False)


def squares(shape: str) -> Floats:
    """Floats that are not differentiated and at least 0: running means of squares."""
    return Floats(shape, differentiated=False, positive=True)


def each_step(shape: str) -> Floats:
    """Floats that are not differentiated; where the operation is called again and again on what it returned, others for each step."""
    return Floats(shape, differentiated=False, each=True)


def step_number(*options: int, beyond: tuple = ()) -> Numbered:
    """The number of a step, one of these; where the operation is called again and again, of the first step."""
    return Numbered(options=options, beyond=beyond)


def numbers(shape: str) -> Numbers:
    """Floats that are not differentiated, or integers of several widths in their place."""
    return Numbers(shape)


def function(*names: str) -> Function:
    """A function of one array, one of these names in worker/given.py. The row's expression gets the name, the operation the function."""
    return Function(options=names)


def nonzero(shape: str) -> Floats:
    """Floats that are differentiated and at least 0.1 in magnitude."""
    return Floats(shape, nonzero=True)


def halves(shape: str) -> Floats:
    """Floats that are differentiated and, where they are simple, multiples of 1/2: for what has a kink where a difference is a number."""
    return Floats(shape, halves=True)


def off_centre(shape: str) -> Floats:
    """Floats that are differentiated and, at extreme magnitudes, mostly lie about one large number: 1e4, 1e4 + 1, ..."""
    return Floats(shape, off_centre=True)


def calm(shape: str) -> Floats:
    """Floats that are differentiated, and small in a large matrix: a state that such a matrix multiplies again and again is not chaotic."""
    return Floats(shape, calm=True)


def fractions(shape: str) -> Fractions:
    """Floats from 0 to 1, with zeros and ones: targets."""
    return Fractions(shape)


def probabilities(shape: str) -> Probabilities:
    """Floats that sum to 1 along the last axis, with zeros."""
    return Probabilities(shape)


def mask(shape: str) -> Mask:
    """Booleans, now and then all True or all False."""
    return Mask(shape)


def labels(shape: str, *, below: str, ignored: int | None = None) -> Labels:
    """Integers from 0 to below the size of a letter: classes, or indices, of several widths. They repeat.

    `ignored`: a negative number that is now and then among them, or all of them.
    """
    return Labels(shape, below=below, ignored=ignored)


def choice(*options: object, beyond: tuple = (), extreme: tuple = ()) -> Choice:
    """One of these Python values, the simplest first.

    `beyond`: others of the domain, by which no failure is explained (0 of what may stand below a fraction line).
    `extreme`: others that are drawn only where the arrays too are extreme.
    """
    return Choice(options=options, beyond=beyond, extreme=extreme)


def among(of: Callable[..., Sequence]) -> Among:
    """One of the Python values that `of` gives, the simplest first; its parameters have the names of inputs before this one."""
    return Among(of=of)


def size(of: str) -> Size:
    """The size of a letter, as an int, or of a run of dimensions, as a tuple."""
    return Size(of=of)


def axis(of: str, *, at: str = "") -> Axis:
    """An axis of the input of that name, negative too; `at`: the one where that dimension stands."""
    return Axis(of=of, at=at)


def axes(of: str) -> Axis:
    """An axis of the input of that name, several as a tuple, or None for all of them."""
    return Axis(of=of, several=True)


def permutation(of: str) -> Permutation:
    """The axes of the input of that name in another order."""
    return Permutation(of=of)


def reshaping(of: str) -> Reshaping:
    """A shape with as many entries as the input of that name has."""
    return Reshaping(of=of)


def graph(**functions: str) -> Graph:
    """A random graph of tensors, as data: see worker/graphs.py. The inputs after it are the arrays that it is made of.

    `functions`: methods without arguments -> what their entries may be (sketch.py).
    """
    return Graph(functions=tuple(functions.items()))


def part(name: str, *, constant: bool = False) -> Part:
    """The array of this name of the graph before it; `constant`: no leaf, but an array that goes into it as it is."""
    return Part(name=name, differentiated=not constant)
