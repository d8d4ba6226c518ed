"""A question that is put to one submission after another: packed once, and with what became of each answer that was heard.

An answer is known by a digest of the bytes that the worker said. Byte for byte the same answer to the same question gets the
same verdict, so it need not be read again.
"""

from collections.abc import Iterable
from functools import cached_property

import numpy as np

from tests.harness.worker import wire
from tests.harness.worker.observation import Question, Room, written

MOST = 16  # answers that are remembered: right ones differ in their last digits
_OBJECT = 200  # bytes of an array beside its entries


def taken(values: Iterable[object]) -> int:
    """The bytes that the arrays among these values take, about."""
    return sum(_OBJECT + value.nbytes for value in values if isinstance(value, np.ndarray))


class Asked:
    """A question about an operation. `held`: by the digest of an answer, whether the property held, or the example was unsuited."""

    def __init__(self, question: Question):
        self.question = question
        self.held: dict[bytes, bool] = {}

    def learn(self, said: bytes, held: bool) -> None:
        """Remember what became of an answer; of one that came from no worker (b"") nothing is known."""
        if said and len(self.held) < MOST:
            self.held[said] = held

    @cached_property
    def content(self) -> wire.Content:
        """The question as it is sent, but for where the operation is."""
        inputs, gys, asks = self.question
        return wire.content({"inputs": [*map(wire.kept, inputs)], "gys": gys, "asks": written(asks)})

    @cached_property
    def room(self) -> int:
        """The bytes that an answer may have."""
        inputs, gys, asks = self.question
        return Room.beside(inputs, gys).bytes(sum(map(len, asks)))

    @property
    def size(self) -> int:
        """The bytes that all this takes, about."""
        inputs, gys, _ = self.question
        return 2 * taken(value for values in (*inputs, gys) for value in values)  # packed, too
