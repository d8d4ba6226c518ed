"""What torch has said, so that it is not asked again: answers by their question, in memory; and what was drawn.

Whoever draws an example knows what to call it (a property and a number), and only what has such a name is remembered for
others. What is kept from run to run is in kept.py of the judgement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from numpy.typing import NDArray

T = TypeVar("T")

MOST = 1 << 25  # bytes that are remembered of an operation: the largest takes half of it
Question = tuple[str | int, ...]
"""What an example is called, and what was asked of it: `("gradient", 17, "noise 2")`."""


class Page:
    """The answers about one operation for one seed. `room`: bytes that may still be remembered; what is beyond them is asked again."""

    def __init__(self, room: int = MOST):
        self.answers: dict[Question, tuple[NDArray, ...]] = {}
        self._shared: dict[Question, object] = {}
        self.room = room
        self.learned = 0  # how many answers came to it here

    def once(self, question: Question, make: Callable[[], tuple[NDArray, ...]]) -> tuple[NDArray, ...]:
        """The answer to a question, made where it is not known."""
        known = self.answers.get(question)
        if known is None:
            known = make()
            if self._takes(sum(array.nbytes for array in known)):
                self.learned += 1
                self.answers[question] = known
        return known

    def learn(self, answers: dict[Question, tuple[NDArray, ...]]) -> None:
        """Take in what was known before."""
        self.answers |= answers
        self.room -= sum(array.nbytes for answer in answers.values() for array in answer)

    def shared(self, question: Question, make: Callable[[], T]) -> T:
        """Likewise, but of what is small, no answer of torch's, and not kept from run to run."""
        if question not in self._shared:
            self._shared[question] = make()
        return self._shared[question]

    def made(self, question: Question, make: Callable[[], T], size: Callable[[T], int]) -> T:
        """Likewise, of what may be large. `size`: how many bytes it takes."""
        known = self._shared.get(question)
        if known is None:
            known = make()
            if self._takes(size(known)):
                self._shared[question] = known
        return known

    def replayed(self, question: Question, make: Callable[[], Iterator[T]], size: Callable[[T], int]) -> Iterator[T]:
        """What an iterator gives, as far as it was made before the same objects. `size`: how many bytes one of them takes."""
        items, given = self.shared(question, list), 0
        while given < len(items):
            yield items[given]
            given += 1
        for number, item in enumerate(islice(make(), given, None), given):
            if number == len(items) and self._takes(size(item)):
                items.append(item)
            yield item

    def _takes(self, size: int) -> bool:
        """Whether there is room for so many bytes, which are taken then."""
        if size > self.room:
            return False
        self.room -= size
        return True


class Known:
    """The part of a page that is about one example; without a page, one that nobody else reads."""

    def __init__(self, page: Page | None = None, *name: str | int):
        self._page, self._name = page or Page(), name

    def once(self, what: str, make: Callable[[], tuple[NDArray, ...]]) -> tuple[NDArray, ...]:
        """What was asked of the example, made where it is not known."""
        return self._page.once((*self._name, what), make)

    def beside(self, name: str) -> Known:
        """The part about another example, which is made of this one."""
        return Known(self._page, *self._name, name)


class Memory:
    """A page for each operation and seed, for as long as a run lasts."""

    def __init__(self) -> None:
        self._pages: dict[tuple[str, int], Page] = {}

    def page(self, op: str, seed: int) -> Page:
        """The page of the operation of this name, or of `compose`."""
        if (op, seed) not in self._pages:
            self._pages[op, seed] = self._opened(op, seed)
        return self._pages[op, seed]

    def keep(self) -> None:
        """The run is over: here nothing outlives it."""

    def _opened(self, op: str, seed: int) -> Page:
        return Page()
