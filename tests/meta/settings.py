"""The special cases of a derivation: `For x (M, N), axis = 0, keepdims = False:` as an example of an operation."""

import ast
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.harness.oracle import output_shape
from tests.harness.samples import generic
from tests.harness.spec import Operation
from tests.meta.formulas import FormulaError

_PART = re.compile(r"(?P<name>\w+) (?:= (?P<value>.+)|(?P<shape>\(.*\)))$")


@dataclass(frozen=True)
class Setting:
    """One example, and what its dimension letters stand for."""

    inputs: tuple
    gy: NDArray
    sizes: dict[str, int]


def stated(op: Operation, text: str, number: int) -> Setting:
    """An example of the stated shapes and values, all else as the row draws it. Raises FormulaError."""
    rng = np.random.default_rng(number)
    parts = _parts(text)
    letters = dict.fromkeys(re.findall(r"\b[A-Z]\b", text))
    sizes = dict(zip(letters, (int(n) + 2 for n in rng.permutation(len(letters))), strict=True))
    values = {name: _value(written, sizes) for name, written in parts.items()}
    sizes |= {name: value for name, value in values.items() if name in sizes}
    values = {name: _value(written, sizes) for name, written in parts.items()}
    base = next(generic(op))
    inputs = dict(base.inputs)
    for name, value in values.items():
        if name in inputs:
            shaped = isinstance(inputs[name], np.ndarray)
            inputs[name] = _redrawn(inputs[name], value, rng) if shaped else value
        elif name not in sizes:
            raise FormulaError(f"{op.name} has no input {name}")
    answer = tuple(inputs.values())
    try:
        shape = output_shape(op, answer)
    except (RuntimeError, IndexError, ValueError) as refused:
        raise FormulaError(f"torch refuses this case: {str(refused).splitlines()[0]}") from None
    return Setting(answer, _away_from_zero(shape, rng), base.sizes | sizes)


def _redrawn(array: NDArray, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray:
    if array.dtype.kind == "f":
        return _away_from_zero(shape, rng)
    return np.resize(array, shape)


def _away_from_zero(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray:
    return np.asarray(rng.uniform(0.3, 2.0, shape) * rng.choice([-1, 1], shape))


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
