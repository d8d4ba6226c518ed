"""Examples for the cases of a derivation: of the row, or as `For x (M, N), axis = 0, keepdims = False:` states them."""

import ast
import re
from dataclasses import dataclass
from itertools import islice
from math import prod

import numpy as np
from numpy.typing import NDArray

from tests.harness.diagnosis.samples import generic
from tests.harness.examples.examples import drawn_inputs
from tests.harness.rows.oracle import output_shape
from tests.harness.rows.plain import Size
from tests.harness.rows.shapes import Dimensions, parsed
from tests.harness.rows.sources import Random
from tests.harness.rows.spec import Operation
from tests.meta.formulas import FormulaError

_PART = re.compile(r"(?P<name>\w+) (?:= (?P<value>.+)|(?P<shape>\(.*\)))$")


@dataclass(frozen=True)
class Setting:
    """One example, and what its dimension letters stand for."""

    inputs: tuple
    gy: NDArray
    sizes: dict[str, int]


class Tied(Random):
    """As a generator, but the floats are simple numbers, alike in many places, and zero in some: ties and kinks."""

    def floats(self, shape: tuple[int, ...], **_: object) -> NDArray:
        return np.array(self._rng.choice((-1, -0.5, 0, 0, 0.5, 1, 2), shape))


def drawn(op: Operation, number: int, source: type[Random] = Random) -> Setting:
    """An example of the row: unequal dimensions, nothing zero, no ties unless the source makes them.

    Of six letters or more, the sizes are halved, so that there is a Jacobian to compute; then two may be alike, others each time.
    """
    dimensions = next(islice(generic(op), number % 4, None)).example.dimensions
    if len(op.letters) > 5:
        dimensions = Dimensions({k: 1 + size // 2 for k, size in dimensions.sizes.items()}, dimensions.runs)
    inputs = drawn_inputs(op, dimensions, source(number))
    return Setting(inputs, Random(number).floats(output_shape(op, inputs)), dimensions.sizes)


def stated(op: Operation, text: str, number: int, source: type[Random] = Random) -> Setting:
    """An example of the stated shapes and values, all else as the row draws it. Raises FormulaError."""
    rng, parts = np.random.default_rng(number), _parts(text)
    letters = dict.fromkeys(re.findall(r"\b[A-Z]\b", text))
    sizes = dict(zip(letters, (int(n) + 2 for n in rng.permutation(len(letters))), strict=True))
    sizes |= {name: _value(written, sizes) for name, written in parts.items() if name in letters}
    values = {name: _value(written, sizes) for name, written in parts.items() if name not in letters}
    if unknown := values.keys() - op.kinds.keys():
        raise FormulaError(f"{op.name} has no input {min(unknown)}")
    shapes = {name: values.pop(name) for name in op.shapes if name in values}
    dimensions = _dimensions(op, shapes, values, next(generic(op)).example.dimensions)
    inputs = dict(zip(op.inputs, drawn_inputs(op, dimensions, source(number)), strict=True)) | values
    for name, shape in shapes.items():
        if np.shape(inputs[name]) != shape:  # the row left open which of several shapes it has
            inputs[name] = _redrawn(inputs[name], shape, rng)
    try:
        gy = Random(number).floats(output_shape(op, tuple(inputs.values())))
    except (RuntimeError, IndexError, ValueError, TypeError) as refused:
        raise FormulaError(f"torch refuses this case: {str(refused).splitlines()[0]}") from None
    return Setting(tuple(inputs.values()), gy, dimensions.sizes | sizes)


def _dimensions(op: Operation, shapes: dict[str, tuple[int, ...]], values: dict, other: Dimensions) -> Dimensions:
    """What the row's letters and runs must be for its inputs to have these shapes; the rest as in another example."""
    stated_sizes = {op.kinds[name].of: value for name, value in values.items() if isinstance(op.kinds[name], Size)}
    sizes = other.sizes | {name: size for name, size in stated_sizes.items() if isinstance(size, int)}
    runs = other.runs | {name: run for name, run in stated_sizes.items() if isinstance(run, tuple)}
    broadcast: dict[str, list[tuple[int, ...]]] = {}
    for name, shape in shapes.items():
        tokens = parsed(op.shapes[name])
        at = [number for number, token in enumerate(tokens) if token.run]
        if len(at) > 1:
            continue
        first, last = (at[0], len(tokens) - at[0] - 1) if at else (len(tokens), 0)
        middle = len(shape) - last
        paired = [
            *zip(tokens[:first], shape[:first], strict=False),
            *zip(tokens[len(tokens) - last :], shape[middle:], strict=False),
        ]
        for token, size in paired:
            unknown = [letter for letter in token.letters if letter not in stated_sizes] or token.letters
            if unknown:
                rest = token.times * prod(sizes[letter] for letter in token.letters if letter != unknown[0])
                sizes[unknown[0]] = size // rest
        if at:
            broadcast.setdefault(tokens[first].run, []).append(shape[first:middle])
    runs |= {run: np.broadcast_shapes(*those) for run, those in broadcast.items()}
    return Dimensions(sizes, runs)


def _redrawn(array: NDArray, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray:
    if array.dtype.kind == "f":
        return np.asarray(rng.uniform(0.3, 2.0, shape) * rng.choice([-1, 1], shape))
    return np.asarray(rng.integers(0, 2, shape).astype(array.dtype))


def _parts(text: str) -> dict[str, str]:
    """Name -> what is said of it, for each part between commas that are outside of parentheses."""
    found, depth, start = {}, 0, 0
    for at, character in enumerate(text + ","):
        depth += (character in "([") - (character in ")]")
        if character == "," and not depth:
            part = _PART.match(text[start:at].strip())
            if not part:
                raise FormulaError(f"{text[start:at].strip()!r} is neither NAME (M, N) nor NAME = VALUE")
            found[part["name"]] = part["value"] or part["shape"]
            start = at + 1
    return found


def _value(text: str, sizes: dict[str, int]) -> object:
    """A Python value written with dimension letters: numbers, tuples, None, True, False, sums and products."""

    def value(node: ast.expr) -> object:
        match node:
            case ast.Constant():
                return node.value
            case ast.Name(id=name) if name in sizes:
                return sizes[name]
            case ast.Tuple():
                return tuple(map(value, node.elts))
            case ast.UnaryOp(op=ast.USub()):
                return -value(node.operand)
            case ast.BinOp(op=ast.Mult()):
                return value(node.left) * value(node.right)
            case ast.BinOp(op=ast.Add()):
                return value(node.left) + value(node.right)
        raise FormulaError(f"{text!r} is no value that this language has")

    spelled = re.sub(r"(?<=[\w]) (?=[A-Z(])", " * ", text)
    spelled = f"({spelled[1:-1]},)" if re.fullmatch(r"\([^(),]+\)", spelled) else spelled  # (N) is a shape here
    try:
        return value(ast.parse(spelled, mode="eval").body)
    except SyntaxError:
        raise FormulaError(f"{text!r} cannot be read") from None
