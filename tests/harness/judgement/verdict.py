"""What came of a property for an operation. What explains a failure is made in another room, and carried along."""

from dataclasses import dataclass
from typing import Protocol

from tests.harness.examples.examples import Example
from tests.harness.judgement.judge import Wrong
from tests.harness.judgement.trial import Trial
from tests.harness.worker.printable import printable


class Explanation(Protocol):
    """How an operation is wrong, as whoever explains failures says it: in one line or several, with hints."""

    parts: tuple[str, ...]

    @property
    def line(self) -> str: ...

    @property
    def hint_lines(self) -> list[str]: ...


class Explain(Protocol):
    """Explains a failure of the property of this name."""

    def __call__(self, prop: str, wrong: Wrong, trial: Trial, *, forward_holds: bool) -> Explanation: ...


@dataclass(frozen=True)
class Verdict:
    """What came of a property for an operation. `status`: pass, fail, todo, error, timeout or skip; `why`: one line.

    `trial` and `wrong`: the smallest counterexample and what is wrong there, where there is one. `echo`: another property
    of the operation failed for the same reason before. `asked`: whether the row asks for the property at all. `changed`: examples for which an input or gy was changed in place,
    where that was seen: it is for `pure` to tell.
    """

    op: str
    property: str
    status: str
    why: str = ""
    trial: Trial | None = None
    wrong: Wrong | None = None
    seconds: float = 0.0
    echo: bool = False
    asked: bool = True
    diagnosis: Explanation | None = None
    changed: tuple[Example, ...] | None = None

    @property
    def holds(self) -> bool:
        """Whether nothing is left to be done for it."""
        return self.status == "pass" or not self.asked

    @property
    def parts(self) -> list[str]:
        """The reason in lines: several, where the diagnosis has several."""
        return list(self.diagnosis.parts) if self.diagnosis and len(self.diagnosis.parts) > 1 else [self.why]

    @property
    def hints(self) -> list[str]:
        """What usually mends it, a line each."""
        return self.diagnosis.hint_lines if self.diagnosis else []


def broken_off(what: str, error: Exception) -> str:
    """A remark that something about a failure could not be found out."""
    return f" ({what} broke off: {printable(repr(error), 200)}; please report this)"
