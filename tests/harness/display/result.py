"""A verdict as plain data, what came of a whole submission, and both in the order of study. It imports no torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING

from tests.harness.judgement.points import FAILED, POINTS, of_compose, points, with_unasked
from tests.harness.worker.printable import printable

if TYPE_CHECKING:
    from tests.harness.judgement.verdict import Verdict

UNEXPLAINED = {"example": {}, "yours": None, "torch": None, "picture": None}
WHOLE, CORNER = 256, 64  # entries of an array that a report holds whole, and of what it holds of a larger one
NAMED = 8  # verdicts that are missing, in one line; the number of the others


@dataclass(frozen=True)
class Result:
    """A verdict as it travels to the scoreboard and the reports: JSON's values, which pytest-xdist can carry as well."""

    submission: str
    place: int
    level: str
    op: str
    property: str
    status: str
    why: str
    parts: list[str]  # the why in pieces, each a line of its own on the scoreboard
    hints: list[str]
    seconds: float
    example: dict
    yours: object
    torch: object
    picture: dict | None
    judged: bool = True  # whether there is a verdict at all
    asked: bool = True  # whether the row asks for the property

    @property
    def holds(self) -> bool:
        """Whether nothing is left to be done for it."""
        return self.status == "pass" or not self.asked

    @property
    def failed(self) -> bool:
        return self.status in FAILED


@dataclass(frozen=True)
class Outcome:
    """What came of one submission.

    `trouble`: the grader's own, which may leave the verdict incomplete. `notes`: what was seen of it beside the verdicts.
    `bugs`: of mistakes that were planted in it, how many, how many are mended and left, and what is newly broken.
    """

    submission: str
    results: list[Result]
    trouble: str = ""
    notes: Sequence[str] = ()
    bugs: Mapping[str, object] | None = None

    @property
    def missing(self) -> list[Result]:
        """In the places of what should have been judged, and was not."""
        return [r for r in self.results if not r.judged]

    @property
    def incomplete(self) -> str:
        """Which verdicts are missing, in a line; nothing where none is."""
        missing = [f"{r.op} {r.property}" for r in self.missing]
        more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
        return f"no verdict on {', '.join(missing[:NAMED])}{more}" if missing else ""

    @property
    def said(self) -> str:
        """The trouble, and what is missing, in a line."""
        return "; ".join(filter(None, (self.trouble, self.incomplete)))

    @property
    def score(self) -> float:
        return score(self.results)

    @property
    def seconds(self) -> float:
        return round(sum(r.seconds for r in self.results), 3)


def result_of(verdict: Verdict, submission: str, level: str, place: int) -> Result:
    """The verdict as plain data. `place`: of its operation in the catalogue.

    What explains it is lost where it cannot be told; the verdict never is.
    """
    why = verdict.why
    try:
        told = _told(verdict)
    except Exception as error:
        why = f"{why} (its example cannot be told: {printable(repr(error), 200)}; please report this)"
        told = UNEXPLAINED | {"parts": [why], "hints": []}
    about = {"submission": submission, "place": place, "level": level, "op": verdict.op, "property": verdict.property}
    return Result(**about, status=verdict.status, why=why, seconds=verdict.seconds, asked=verdict.asked, **told)


def said(bugs: Mapping[str, object]) -> str:
    """What became of planted mistakes: `mended 3 of 4, left 1, newly broken 0`."""
    names = f" ({', '.join(bugs['broken'])})" if bugs["broken"] else ""
    count = f"mended {bugs['mended']} of {bugs['planted']}, left {bugs['left']}"
    return f"{count}, newly broken {len(bugs['broken'])}{names}"


def unexplained(result: Result) -> Result:
    """The same without what says how it is wrong, be it an exception; that something is not written is said all the same."""
    untold = {"status": FAILED[0], "why": "", "parts": [], "hints": []} | UNEXPLAINED
    return replace(result, **untold) if result.status in FAILED else result


def missing(submission: str, level: str, place: int, op: str, prop: str) -> Result:
    """In the place of a verdict that was due and was not given: it counts as possible, and earns nothing."""
    return Result(submission, place, level, op, prop, "skip", "no verdict", [], [], 0.0, {}, None, None, None, False)


def in_order(results: Iterable[Result]) -> list[Result]:
    """The results in order of study, whatever the order of the run."""
    properties = list(POINTS)
    return sorted(results, key=lambda r: (r.place, properties.index(r.property)))


def by_operation(results: Iterable[Result]) -> dict[str, dict[str, str]]:
    """Operation -> property -> status, in the order given; properties in the order of POINTS, `skip` if not run."""
    table: dict[str, dict[str, str]] = {}
    for result in results:
        table.setdefault(result.op, dict.fromkeys(POINTS, "skip"))[result.property] = result.status
    return table


def by_level(results: Iterable[Result]) -> dict[str, list[str]]:
    """Level -> its operations, both in the order given."""
    levels: dict[str, dict[str, None]] = {}
    for result in results:
        levels.setdefault(result.level, {})[result.op] = None
    return {level: list(ops) for level, ops in levels.items()}


def counted(results: Sequence[Result]) -> dict[str, tuple[float, int]]:
    """Operation -> its earned and its possible points."""
    ran: dict[str, list[str]] = {}
    unasked: dict[str, list[str]] = {}
    for result in results:
        ran.setdefault(result.op, []).append(result.property)
        if not result.asked:
            unasked.setdefault(result.op, []).append(result.property)
    table = by_operation(results)
    others = [table[op] for op in table if op != "compose" and "gradient" in ran[op]]
    return {
        op: of_compose(statuses["gradient"], others)
        if op == "compose"
        else points(op, with_unasked(statuses, unasked.get(op, ())), ran[op])
        for op, statuses in table.items()
    }


def score(results: list[Result]) -> float:
    """The share of the possible points, of 100."""
    earned, possible = total(counted(results).values())
    return round(100 * earned / possible, 2) if possible else 0.0


def total(pairs: Iterable[tuple[float, int]]) -> tuple[float, int]:
    """Earned and possible points together."""
    earned, possible = zip(*pairs, strict=True) if (pairs := list(pairs)) else ((), ())
    return round(sum(earned), 2), sum(possible)


def _told(verdict: Verdict) -> dict:
    """What explains a verdict."""
    example, wrong = {}, verdict.wrong
    shown = wrong and not (verdict.trial and verdict.trial.op.adapter and verdict.property == "pure")
    if verdict.trial:
        op, given = verdict.trial.op, verdict.trial.example
        example = dict(zip(op.inputs, map(_plain, given.inputs), strict=True))
        example |= {} if op.values else {op.upstream: _plain(given.gy)}
        if op.adapter:
            from tests.harness.rows.listing import code

            example = {"code": "\n".join(code(given.inputs, verdict.op, again=verdict.property == "pure"))}
    return {
        "parts": verdict.parts,
        "hints": verdict.hints,
        "example": example,
        "yours": _plain(wrong.yours) if shown else None,
        "torch": _plain(wrong.torch) if shown else None,
        "picture": _picture(verdict),
    }


def _picture(verdict: Verdict) -> dict | None:
    """A wrong array on a larger example, for the report."""
    if not verdict.diagnosis or not verdict.diagnosis.picture:
        return None
    from tests.harness.diagnosis.wording import wording

    sample, name = verdict.diagnosis.picture
    return {
        "name": wording(verdict.trial.op).outside(name),
        "yours": _plain(sample.yours[name]),
        "torch": _plain(sample.right[name]),
    }


def _plain(value):
    """An array as nested lists; JSON has no NaN and no infinity, so these are strings.

    Of a large array, its shape and the corner at its beginning.
    """
    if getattr(value, "size", 0) > WHOLE:
        side = max(n for n in range(1, WHOLE) if prod(min(n, size) for size in value.shape) <= CORNER or n == 1)
        return {"shape": list(value.shape), "corner": _plain(value[tuple(slice(side) for _ in value.shape)])}
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float) and not abs(value) < float("inf"):
        return str(value)
    return value
