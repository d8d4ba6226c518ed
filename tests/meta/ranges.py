"""How far the letters of a formula run: what is known where it is evaluated, and what follows from it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tests.meta.formulas import Compare, Entry, Fold, FormulaError, Letter, Statement, in_words, walk


@dataclass(frozen=True)
class World:
    """What is known where a case is evaluated: arrays and numbers by name.

    `runs`: where in the shape of an input its `...` stands. `ndim`: how many dimensions the output has. `nearest`: for what
    has more than one right value here, at a kink or a tie, the right one that is nearest to what is said.
    """

    known: dict[str, object]
    runs: dict[str, int] = field(default_factory=dict)
    ndim: int = 0
    nearest: dict[str, Callable[[NDArray], NDArray]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Part:
    """Indices of an array, or those of a Jacobian on one side of its bar: the shape they share, where its `...` stands."""

    entry: Entry
    indices: tuple
    shape: tuple[int, ...]
    run: int | None


class Ranges:
    """The size of each letter's axis, or those of all its axes where it stands for a whole index tuple."""

    def __init__(self, world: World):
        self._world = world
        self._shapes: dict[Letter, tuple[int, ...]] = {}
        self._widths: dict[Letter | str, int] = {}  # how many axes a letter takes, or one of its name in another line

    def __getitem__(self, letter: Letter) -> tuple[int, ...]:
        if letter not in self._shapes:
            raise FormulaError(f"nothing says how far {letter.name} runs: it indexes no axis that is known")
        return self._shapes[letter]

    def learn(self, statements: tuple[Statement, ...]) -> None:
        """Find the ranges in a claim and in the definitions that it needs.

        They follow from the axes that a letter indexes; where it indexes none, from how a definition is used; last, from
        what it is compared with. Raises FormulaError where they contradict each other.
        """
        defined = {one.left.name: one for one in statements[1:]}
        nodes = [node for one in statements for tree in (one.left, *one.members) for node in walk(tree)]
        entries = [node for node in nodes if isinstance(node, Entry)]
        parts = [part for entry in entries if entry.name in self._world.known for part in self._parts(entry)]
        compared = [
            pair for node in nodes if isinstance(node, Compare) for pair in pairwise(node.parts) if _are_letters(pair)
        ]
        bound = {letter for node in nodes if isinstance(node, Fold) for letter in node.letters}
        while (
            any([self._from_axes(part, bound) for part in parts])
            or any([self._from_definition(entry, defined) for entry in entries])
            or any([self._as_wide(a, b) for a, b in compared])
            or any([self._from_axes(part, bound, named=True) for part in parts])
            or any(self._alike(a, b) for a, b in compared)
        ):
            pass
        self._widths |= {letter.name: len(shape) for letter, shape in self._shapes.items()}

    def _parts(self, entry: Entry) -> list[_Part]:
        shape, name = np.shape(self._world.known[entry.name]), entry.name
        if entry.bar is None or not name.startswith("J_"):
            run = self._world.runs.get(name, self._world.runs.get(name[1:]) if name.startswith("g") else None)
            return [_Part(entry, entry.indices, shape, run)]
        ndim, run = self._world.ndim, self._world.runs.get(name[2:])
        outer = _Part(entry, entry.indices[: entry.bar], shape[:ndim], None)
        return [outer, _Part(entry, entry.indices[entry.bar :], shape[ndim:], run)]

    def _from_axes(self, part: _Part, bound: set[Letter], named: bool = False) -> bool:
        """Learn from indices of an array of known shape; whether that was news. `named`: also from letters' names."""
        news, at = False, 0
        for index, width in zip(part.indices, self._widths_of(part, named), strict=False):
            axes, at = part.shape[at : at + width], at + width
            if isinstance(index, Letter) and index not in self._shapes:
                self._shapes[index], news = axes, True
            elif index in bound and self._shapes[index] != axes:
                raise FormulaError(
                    f"{index.name} runs over axes of different sizes: {self._shapes[index]}, and {axes} of {part.entry.name}"
                )
        return news

    def _widths_of(self, part: _Part, named: bool) -> list[int]:
        """How many axes each index takes: one, but a letter may stand for a whole tuple. Empty where it is not known yet."""
        ndim, indices = len(part.shape), part.indices
        wide = ndim - len(indices) + 1
        widths = [self._width(index, named) if isinstance(index, Letter) else 1 for index in indices]
        if wide == 1:
            widths = [1] * ndim
        elif widths.count(None) == 1 or (None in widths and sum(width or 1 for width in widths) == ndim):
            rest = ndim - sum(width or 0 for width in widths) - widths.count(None) + 1
            widths = [width or rest for width in widths]
        elif None in widths and part.run is not None and part.run < len(indices):
            widths = [width or (wide if at == part.run else 1) for at, width in enumerate(widths)]
        elif None in widths:
            return []
        if sum(widths) != ndim or min(widths, default=1) < 1:
            raise FormulaError(f"{part.entry.name} has other dimensions than {in_words(part.entry)}: {part.shape}")
        return widths

    def _width(self, letter: Letter, named: bool) -> int | None:
        if letter in self._shapes:
            return len(self._shapes[letter])
        return self._widths.get(letter, self._widths.get(letter.name) if named else None)

    def _from_definition(self, entry: Entry, defined: dict[str, Statement]) -> bool:
        """Learn from the use of a definition what its letters are, or from the definition what is used."""
        if entry.name not in defined:
            return False
        letters = defined[entry.name].letters
        if len(letters) != len(entry.indices):
            raise FormulaError(
                f"{entry.name} is defined with {len(letters)} indices, and used with {len(entry.indices)}"
            )
        return any([self._alike(a, b) for a, b in zip(letters, entry.indices, strict=True) if isinstance(b, Letter)])

    def _as_wide(self, a: Letter, b: Letter) -> bool:
        """Letters that are compared stand for as many indices each, however far these run."""
        for one, other in ((a, b), (b, a)):
            if self._width(one, False) and not self._width(other, False):
                self._widths[other] = self._width(one, False)
                return True
        return False

    def _alike(self, a: Letter, b: Letter) -> bool:
        for one, other in ((a, b), (b, a)):
            if one in self._shapes and other not in self._shapes:
                self._shapes[other] = self._shapes[one]
                return True
        return False


def _are_letters(pair: tuple) -> bool:
    return all(isinstance(part, Letter) for part in pair)
