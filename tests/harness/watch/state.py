"""What a watched run knows: the code as it is saved, the results so far, and what is being done."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.harness.display.result import Result, in_order
from tests.harness.display.screen import Piece
from tests.harness.practice.changes import Code
from tests.harness.watch.warm import Key


@dataclass
class State:
    """What is known: results and what explains them, and what is being done. screen.py shows it."""

    impl: str
    code: Code
    results: dict[Key, Result] = field(default_factory=dict)
    screens: dict[Key, list[list[Piece]]] = field(default_factory=dict)
    examples: dict[Key, tuple] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)  # of the operations as they were graded
    edited: tuple[str, ...] = ()  # the operations that the last save changed
    grading: tuple[str, ...] = ()  # those that are being graded, and since when
    since: float = 0.0
    graded: tuple[str, ...] = ()  # the last that were graded, and how long that took
    seconds: float = 0.0
    saved: float = 0.0  # when, as time.time()
    notice: str = ""  # the grader's own trouble, or that nothing changed
    said: list[str] = field(default_factory=list)  # what the practice must tell
    times: dict[str, str] = field(default_factory=dict)  # operation -> its time to green against par
    explains: bool = True  # whether it is shown how something is wrong
    detail: bool = False
    top: int = 0  # the first line of the detail that is shown
    hint: list[str] = field(default_factory=list)
    agenda: dict[str, list[str]] = field(default_factory=dict)  # what is to be done, one after the other, and why

    def in_order(self) -> list[Result]:
        """The results so far, in order of study."""
        return in_order(self.results.values())

    def old(self) -> set[str]:
        """The operations whose results are not of the code as it is saved now."""
        return {op for op, digest in self.digests.items() if digest != self.code.digests[op]}

    def focus(self) -> Result | None:
        """What matters now: the first failure of what was edited last, else the first failure, else what is to be written.

        Of an agenda, what was edited last, else what comes first and does not hold yet.
        """
        results = self.in_order()
        failed = [r for r in results if r.failed]
        edited = [r for r in failed if r.op in self.edited]
        turns = [r for op in self.agenda for r in results if r.op == op and (r.failed or r.status == "todo")]
        return next(iter([*edited, *turns, *failed, *(r for r in results if r.status == "todo")]), None)
