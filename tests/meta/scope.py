"""One statement of a derivation, evaluated for all of its indices at once."""

from collections.abc import Callable
from math import pi

import numpy as np
from numpy.typing import NDArray

from tests.meta.formulas import (
    Bracket,
    Call,
    Cases,
    Compare,
    Entry,
    Fold,
    FormulaError,
    Letter,
    Logic,
    Minus,
    Name,
    Number,
    Plus,
    Power,
    Product,
    Statement,
    in_words,
    walk,
)
from tests.meta.ranges import Ranges

_UNARY: dict[str, Callable] = {
    **{name: getattr(np, name) for name in ("exp", "log", "tanh", "cosh", "sinh", "sqrt", "abs", "sign", "cos", "sin")},
    "floor": lambda value: np.floor(value).astype(int),
}
_FOLD = {"sum": np.sum, "max": np.max, "min": np.min, "prod": np.prod}
_COMPARE = {
    "=": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


class Scope:
    """One statement, with an axis, or several, for each of its letters: every value broadcasts along all of them."""

    def __init__(self, array: Callable[[str], NDArray], ranges: Ranges, one: Statement):
        self._array, self._ranges = array, ranges
        letters = [node for tree in (one.left, *one.members) for node in walk(tree) if isinstance(node, Letter)]
        self._letters = list(dict.fromkeys((*one.letters, *letters)))
        shapes = {letter: ranges[letter] for letter in self._letters}
        ends = np.cumsum([len(shape) for shape in shapes.values()], dtype=int)
        self._ndim = int(ends[-1]) if len(ends) else 0
        self._axes = {
            letter: tuple(range(end - len(shapes[letter]), end))
            for letter, end in zip(shapes, map(int, ends), strict=True)
        }
        self._grids = {letter: tuple(map(self._grid, self._axes[letter], shapes[letter])) for letter in shapes}

    def value(self, tree: object) -> NDArray:
        """The value of a tree for all indices."""
        with np.errstate(all="ignore"):
            return self._value(tree)

    def laid_out(self, value: NDArray, letters: tuple[Letter, ...]) -> NDArray:
        """The value as an array whose axes are those of the letters, which come first in the scope."""
        shape = tuple(size for letter in letters for size in self._ranges[letter])
        value = np.reshape(value, np.shape(value) or (1,) * self._ndim)
        return np.broadcast_to(value, shape + (1,) * (self._ndim - len(shape))).reshape(shape)

    def along(self, array: NDArray) -> NDArray:
        """An array whose axes are those of the first letters, such that it broadcasts along all of them."""
        return np.reshape(array, array.shape + (1,) * (self._ndim - array.ndim))

    def places(self, entry: Entry) -> tuple[tuple[NDArray, ...], NDArray]:
        """What an array is indexed with, and where that is outside of it."""
        shape = self._array(entry.name).shape
        at = tuple(part for index in entry.indices for part in self._components(index))
        if len(at) != len(shape):
            said = ",".join(map(in_words, entry.indices))
            raise FormulaError(f"{entry.name} has {len(shape)} dimensions, which {entry.name}[{said}] does not cover")
        outside = np.zeros((1,) * self._ndim, bool)
        for part, size in zip(at, shape, strict=True):
            outside = outside | (part < 0) | (part >= size)
        return tuple(np.clip(part, 0, size - 1) for part, size in zip(at, shape, strict=True)), outside

    def worst(self, left: Name | Entry, said: NDArray, true: NDArray, off: NDArray) -> str:
        """The first entry at which a claim is wrong, in the notation of the claim."""
        full = np.broadcast_shapes(np.shape(said), np.shape(true), (1,) * self._ndim)
        said, true, off = (np.broadcast_to(array, full) for array in (said, true, off))
        at = tuple(int(i) for i in np.argwhere(off)[0])
        where = in_words(left, {letter: tuple(at[axis] for axis in axes) for letter, axes in self._axes.items()})
        number = f"{float(said[at]):.10g}" + (" (outside of an array, or no number)" if np.isnan(said[at]) else "")
        return f"at {where} this is {number}, but should be {float(true[at]):.10g}"

    def _value(self, tree: object) -> NDArray:
        match tree:
            case Number(value):
                return np.asarray(value)
            case Name(name):
                if name == "pi":
                    return np.asarray(pi)
                found = self._array(name)
                if found.ndim:
                    raise FormulaError(f"{name} has {found.ndim} dimensions, and stands without indices")
                return found
            case Letter(name):
                if len(self._grids[tree]) != 1:
                    raise FormulaError(f"{name} stands for a whole index tuple, which can only be compared")
                return self._grids[tree][0]
            case Entry(name):
                found = self._array(name)
                at, outside = self.places(tree)
                return np.where(outside, np.nan, found[at]) if outside.any() else np.asarray(found[at])
            case Call(function, arguments):
                return self._call(function, arguments)
            case Fold(function, letters, body):
                axes = tuple(axis for letter in letters for axis in self._axes[letter])
                sizes = {
                    axis: n
                    for letter in letters
                    for axis, n in zip(self._axes[letter], self._ranges[letter], strict=True)
                }
                value = self._spread(self._value(body), sizes)
                return _FOLD[function](value, axis=axes, keepdims=True)
            case Plus(terms):
                return sum((self._value(term) for term in terms[1:]), self._value(terms[0]))
            case Minus(term):
                return -self._value(term)
            case Product(factors, divisors):
                return self._product(factors, divisors)
            case Power(base, exponent):
                return np.power(self._value(base).astype(float), self._value(exponent))
            case Cases(value, condition, other):
                return np.where(self._holds(condition), self._value(value), self._value(other))
            case Bracket(condition):
                return self._holds(condition).astype(int)
        raise FormulaError(f"{in_words(tree)} is a condition: it belongs into brackets")

    def _product(self, factors: tuple, divisors: tuple) -> NDArray:
        """A bracket that does not hold makes the product 0, also where the rest has no value."""
        brackets = [factor for factor in factors if isinstance(factor, Bracket)]
        result: NDArray = np.asarray(1)
        for factor in factors:
            if not isinstance(factor, Bracket):
                result = result * self._value(factor)
        for divisor in divisors:
            result = result / self._value(divisor)
        for bracket in brackets:
            result = np.where(self._holds(bracket.condition), result, 0)
        return result

    def _call(self, function: str, arguments: tuple) -> NDArray:
        if function == "size":
            if len(arguments) != 1 or not isinstance(arguments[0], Name):
                raise FormulaError("size is of one array, without indices: size(x)")
            return np.asarray(self._array(arguments[0].name).size)
        values = [self._value(argument) for argument in arguments]
        if function in ("max", "min"):
            result = values[0]
            for value in values[1:]:
                result = (np.maximum if function == "max" else np.minimum)(result, value)
            return result
        if len(values) != 1:
            raise FormulaError(f"{function} takes one number, not {len(values)}")
        return _UNARY[function](values[0])

    def _holds(self, condition: object) -> NDArray:
        match condition:
            case Compare(parts, signs):
                result = np.asarray(True)
                for a, b, sign in zip(parts, parts[1:], signs, strict=False):
                    result = result & self._compared(a, b, sign)
                return result
            case Logic("not", (part,)):
                return ~self._holds(part)
            case Logic(word, parts):
                held = [self._holds(part) for part in parts]
                return (
                    np.logical_and.reduce(np.broadcast_arrays(*held))
                    if word == "and"
                    else np.logical_or.reduce(np.broadcast_arrays(*held))
                )
        return self._value(condition) != 0

    def _compared(self, a: object, b: object, sign: str) -> NDArray:
        if not (isinstance(a, Letter) and isinstance(b, Letter)):
            return _COMPARE[sign](self._value(a), self._value(b))
        pairs = self._grids[a], self._grids[b]
        if len(pairs[0]) != len(pairs[1]):
            raise FormulaError(f"{a.name} has {len(pairs[0])} indices, {b.name} has {len(pairs[1])}")
        if len(pairs[0]) > 1 and sign not in ("=", "!="):
            raise FormulaError(f"{a.name} {sign} {b.name}: a whole index tuple can only be equal or not")
        held = [_COMPARE["=" if sign == "!=" else sign](p, q) for p, q in zip(*pairs, strict=True)]
        equal = np.asarray(True)
        for one in held:
            equal = equal & one
        return ~equal if sign == "!=" else equal

    def _components(self, index: object) -> tuple[NDArray, ...]:
        if isinstance(index, Letter):
            return self._grids[index]
        value = self._value(index)
        whole = np.nan_to_num(np.rint(value), nan=-1).astype(int)
        if np.any(abs(whole - value) > 1e-6):
            raise FormulaError(f"{in_words(index)} is no whole number, and stands as an index")
        return (whole,)

    def _grid(self, axis: int, size: int) -> NDArray:
        return np.arange(size).reshape([size if at == axis else 1 for at in range(self._ndim)])

    def _spread(self, value: NDArray, sizes: dict[int, int]) -> NDArray:
        shape = list(np.shape(value) or (1,) * self._ndim)
        return np.broadcast_to(np.reshape(value, shape), [sizes.get(axis, size) for axis, size in enumerate(shape)])
