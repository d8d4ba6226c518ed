"""How far the letters of a formula run: what is known where it is evaluated, and what follows from it."""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from tests.meta.formulas import Compare, Entry, Fold, FormulaError, Letter, Statement, in_words, walk


@dataclass(frozen=True)
class World:
    """What is known where a case is evaluated: arrays and numbers by name, and where `...` stands in an input's shape."""

    known: dict[str, object]
    runs: dict[str, int] = field(default_factory=dict)


class Ranges:
    """The size of each letter's axis, or those of all its axes where it stands for a whole index tuple."""

    def __init__(self, world: World):
        self._world = world
        self._shapes: dict[Letter, tuple[int, ...]] = {}

    def __getitem__(self, letter: Letter) -> tuple[int, ...]:
        if letter not in self._shapes:
            raise FormulaError(f"nothing says how far {letter.name} runs: it indexes no axis")
        return self._shapes[letter]

    def learn(self, statements: tuple[Statement, ...]) -> None:
        """Find the ranges in a claim and in the definitions that it needs.

        They follow from the axes that a letter indexes; where it indexes none, from how a definition is used; last, from
        what it is compared with. Raises FormulaError where they contradict each other.
        """
        defined = {one.left.name: one for one in statements[1:]}
        nodes = [node for one in statements for tree in (one.left, *one.members) for node in walk(tree)]
        entries = [node for node in nodes if isinstance(node, Entry)]
        compared = [node for node in nodes if isinstance(node, Compare)]
        bound = {letter for node in nodes if isinstance(node, Fold) for letter in node.letters}
        while (
            any([self._from_axes(entry, bound) for entry in entries if entry.name in self._world.known])
            or any([self._from_definition(entry, defined) for entry in entries])
            or any(self._from_comparison(node) for node in compared)
        ):
            pass

    def _from_axes(self, entry: Entry, bound: set[Letter]) -> bool:
        """Learn from an entry of an array of known shape; whether that was news."""
        shape, news, at = np.shape(self._world.known[entry.name]), False, 0
        for index, width in zip(entry.indices, self._widths(entry, len(shape)), strict=False):
            axes, at = shape[at : at + width], at + width
            if isinstance(index, Letter) and index not in self._shapes:
                self._shapes[index], news = axes, True
            elif index in bound and self._shapes[index] != axes:
                raise FormulaError(
                    f"{index.name} runs over axes of different sizes: {self._shapes[index]}, and {axes} of {entry.name}"
                )
        return news

    def _widths(self, entry: Entry, ndim: int) -> list[int]:
        """How many axes each index takes: one, but a letter may stand for a whole tuple. Empty where it is not known yet."""
        indices, run = entry.indices, self._world.runs.get(entry.name)
        wide = ndim - len(indices) + 1
        widths = [len(self._shapes.get(i, ())) or None if isinstance(i, Letter) else 1 for i in indices]
        if wide == 1:
            widths = [1] * ndim
        elif None in widths and sum(width or 1 for width in widths) == ndim:
            widths = [width or 1 for width in widths]
        elif widths.count(None) == 1:
            rest = ndim - sum(width or 0 for width in widths)
            widths = [width or rest for width in widths]
        elif None in widths and run is not None and run < len(indices):
            widths = [width or (wide if at == run else 1) for at, width in enumerate(widths)]
        elif None in widths:
            return []
        if sum(widths) != ndim or min(widths, default=1) < 1:
            raise FormulaError(f"{entry.name} has {ndim} dimensions, which {in_words(entry)} does not cover")
        return widths

    def _from_definition(self, entry: Entry, defined: dict[str, Statement]) -> bool:
        """Learn from the use of a definition what its letters are, or from the definition what is used."""
        if entry.name not in defined:
            return False
        letters = defined[entry.name].letters
        if len(letters) != len(entry.indices):
            raise FormulaError(
                f"{entry.name} is defined with {len(letters)} indices, and used with {len(entry.indices)}"
            )
        pairs = zip(letters, entry.indices, strict=True)
        return any([self._alike(a, b) for a, b in pairs if isinstance(b, Letter)])

    def _from_comparison(self, node: Compare) -> bool:
        letters = [part for part in node.parts if isinstance(part, Letter)]
        return any([self._alike(a, b) for a, b in pairwise(letters)])

    def _alike(self, a: Letter, b: Letter) -> bool:
        for one, other in ((a, b), (b, a)):
            if one in self._shapes and other not in self._shapes:
                self._shapes[other] = self._shapes[one]
                return True
        return False
