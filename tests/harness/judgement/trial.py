"""A trial: one or more examples of an operation, and what the implementation under test does with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tests.harness.examples.examples import Example
from tests.harness.rows.memory import Known
from tests.harness.rows.oracle import Truth
from tests.harness.rows.spec import Operation
from tests.harness.worker.observation import Observation, Steps


@dataclass(frozen=True)
class Trial:
    """Examples of one operation, and the means to see what the implementation does with them.

    `known`: where what torch says of the first of them is remembered. A trial that is made of this one has other examples,
    or may have, and so begins with nothing.
    """

    op: Operation
    examples: tuple[Example, ...]
    ask: Callable[[list[tuple], list[NDArray], Steps], Observation]
    known: Known = field(default_factory=Known, init=False)

    def remembered(self, known: Known) -> Trial:
        """The same, where what is known of its first example is this."""
        object.__setattr__(self, "known", known)
        return self

    @property
    def example(self) -> Example:
        return self.examples[0]

    @property
    def dtype(self) -> np.dtype:
        """That of the output: the inputs', unless the row has one of its own."""
        return np.dtype(self.op.dtype) if self.op.dtype else self.example.dtype

    @cached_property
    def truth(self) -> Truth:
        """The oracle's answer for the first example."""
        return Truth(self.op, self.example.inputs, self.example.gy, self.known)

    def observe(self, *steps) -> Observation:
        """What the implementation does with the examples in these steps."""
        return self.ask([e.inputs for e in self.examples], [e.gy for e in self.examples], steps)
