"""What `fast` holds every call to, beside the reference solution, and what that costs."""

from __future__ import annotations

from tests.harness.submissions.remote import GraderTrouble
from tests.harness.worker.counting import Cost
from tests.harness.worker.observation import Observation

STEPS = 2  # opcodes that may be added for each one that a dimension is larger, beyond the reference's
LARGER = 8  # times the memory of the reference, and times its growth; of opcodes, where it has a loop
SPARE = 2**16  # bytes more, for what does not grow
LOOPS = 4  # times the reference's opcodes are not too many, where it has a loop itself
COUNTED = 200_000  # opcodes that are counted at most


def of_reference(reference, ask: tuple) -> tuple[Observation, Cost]:
    """What the reference answers, and what that costs it. Raises GraderTrouble."""
    seen, cost = reference.counting(*ask, COUNTED)()
    if seen.crash or cost.foul:
        raise GraderTrouble(f"the cost of the reference solution of {ask[0]} cannot be counted: {cost.foul}")
    return seen, cost
