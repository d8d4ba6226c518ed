"""A trial: one example of an operation, and what the implementation under test does with it."""

from collections.abc import Callable
from dataclasses import dataclass

from numpy.typing import NDArray

from tests.harness.examples.examples import Example
from tests.harness.rows.oracle import Truth
from tests.harness.rows.spec import Operation
from tests.harness.worker.observation import Call, Grad, Observation


@dataclass(frozen=True)
class Trial:
    """One example of one operation, and the means to see what the implementation does with it."""

    op: Operation
    examples: tuple[Example, ...]
    ask: Callable[[list[tuple], list[NDArray], tuple[Call | Grad, ...]], Observation]

    @property
    def example(self) -> Example:
        return self.examples[0]

    def observe(self, *steps: Call | Grad) -> Observation:
        """What the implementation does with the examples in these steps."""
        return self.ask([e.inputs for e in self.examples], [e.gy for e in self.examples], steps)


def truth_of(trial: Trial) -> Truth:
    """The oracle's answer for a trial's first example."""
    return Truth(trial.op, trial.example.inputs, trial.example.gy)
