"""The grader's own trouble with a job, as a row of its own: what happened, who has to act, and what was tried again.

It is no verdict: it never counts against a submission. By kind, as a table; nothing is guessed from texts.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

WHO = {
    "sandbox": "whoever looks after that machine: the line says what to install or allow",
    "code": "whoever looks after that machine: give its worker this checkout",
    "machine": "whoever looks after that machine: memory, disk, processes",
    "lost": "whoever looks after that machine: was it short of memory? If not, please report this submission",
    "again": "nobody: what was lost is graded again",
    "engine": "you: see that the workers run, and run it again; what is graded is kept",
    "ended": "you: run it again; what is graded is kept",
    "mistake": "whoever looks after the kata: please report this",
}
"""Kind of trouble -> who has to act."""


@dataclass(frozen=True)
class Trouble:
    """`kind`: one of WHO. `what`: in a line. `where`: on which machine. `tried`: what was tried again, in a line."""

    kind: str
    what: str
    who: str
    where: str = ""
    tried: str = ""

    @classmethod
    def of(cls, kind: str, what: str, where: str = "") -> Trouble:
        """Trouble of this kind, with who has to act."""
        return cls(kind, what, WHO[kind], where)

    def after(self, tried: str) -> Trouble:
        """The same, when this was tried."""
        return replace(self, tried=tried)

    @property
    def line(self) -> str:
        """All of it in a line."""
        where = f" (on {self.where})" if self.where else ""
        return f"{self.what}{where}; to act: {self.who}" + (f"; {self.tried}" if self.tried else "")


def unjudged(trouble: Trouble | None = None) -> dict:
    """What came of a job in the place of a verdict."""
    return {"results": [], "notes": [], "trouble": trouble and asdict(trouble)}
