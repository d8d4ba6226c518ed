"""What an input of a row is: how its values are drawn, and what becomes of them where the example gets smaller.

Here is what all kinds have in common; arrays.py and plain.py have the kinds, kinds.py the words for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.harness.rows.lost import Lost
from tests.harness.rows.shapes import Dimensions

if TYPE_CHECKING:
    from tests.harness.rows.sources import Source


@dataclass(frozen=True)
class Context:
    """What is known when an input is drawn: the dimensions, the shapes of the row, and the inputs before this one."""

    dimensions: Dimensions
    shapes: dict[str, str]
    inputs: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Kind:
    """What an input is. `shape` is empty where it is no array."""

    shape: str = ""
    differentiated = False
    variety = 1  # how many times as many examples it takes to see what it can be

    @property
    def is_array(self) -> bool:
        return True

    def draw(self, source: Source, at: Context) -> object:
        """A value from the source. How much is taken of it depends on the dimensions alone."""
        raise NotImplementedError

    def fitted(self, value: object, at: Context, lost: Lost) -> object:
        """What becomes of the value where the example loses a slice. Raises NoSmallerExample where nothing can."""
        return lost.taken_from(value, self.shape)

    def simpler(self, value: object, at: Context) -> Iterator[object]:
        """Simpler values that may stand in its place, the simplest first."""
        return iter(())

    def within(self, value: object, at: Context) -> object:
        """What becomes of the value where the values of other inputs have changed."""
        return value

    def rank(self, value: object, at: Context) -> int:
        """How far a value is from the simplest of its size, as far as its entries do not tell."""
        return 0

    def conditions(self) -> Iterator[tuple[str, Callable[[object], bool]]]:
        """What may be special about a value: `only where {v} ...`, and whether it holds."""
        return iter(())
