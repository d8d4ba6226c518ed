"""The course of a season: what was handed in is read, graded where it is new or changed, kept, and told at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from functools import cached_property
from typing import TYPE_CHECKING

from tests.harness.display import report, scoreboard
from tests.harness.display.about import About
from tests.harness.display.result import Outcome, unexplained
from tests.harness.judgement.points import POINTS
from tests.harness.practice.hunts import handed_in
from tests.harness.season import alike, inbox, table
from tests.harness.season.dolos import Export
from tests.harness.season.engines import Engine
from tests.harness.season.entry import Entry, entry_of
from tests.harness.season.grading import Queue
from tests.harness.season.job import Handed, Terms, places
from tests.harness.season.kept import Kept, outcome
from tests.harness.season.progress import Progress
from tests.harness.season.trouble import Trouble, unjudged
from tests.harness.season.versions import own_code
from tests.harness.worker.printable import printable

if TYPE_CHECKING:
    from tests.harness.practice.hunts import Planted

_NAMED = 3  # submissions in a line


class Course:
    """The submissions `impls`, in this order, of which a shard is graded.

    `terms`: what they are graded by, once it has begun. `entries`: what came of each, by its name. `planted`: the mistakes
    that were in what they were given. `explains`: whether it is told how something is wrong.
    """

    def __init__(
        self,
        impls: list[str],
        kept: Kept,
        shard: tuple[int, int],
        seed: int,
        hidden: bool,
        sandbox: str,
        planted: Sequence[Planted] = (),
        *,
        explains: bool = True,
    ):
        self._planted, self._explains = planted, explains
        self._impls, self._kept, self._shard = impls, kept, shard
        self._options = {"seed": seed, "hidden": hidden, "sandbox": sandbox}
        self.terms: Terms | None = None
        self.plan: list[tuple[str, str]] = []  # in order of study, as it is shown; the terms have the order of the run
        self.entries: dict[str, Entry] = {}
        self.counts: Counter[str] = Counter()  # of verdicts, by status
        self.grader: list[Trouble] = []  # its own troubles, that are no submission's
        self._others: set[str] = set()  # of other shards
        self._prints: dict[str, alike.Print] = {}
        self._partial: dict[str, dict] = {}  # verdicts that could not be kept

    def begin(self, plan: Sequence[tuple[str, str]], times: int, chosen: str) -> None:
        """Open the folder of results. Raises OtherSeason, OSError."""
        self.terms = self._kept.begin(Terms(**self._options, times=times, plan=tuple(plan), code=own_code()), chosen)
        self.plan = [place[2:] for place in sorted(places(plan), key=lambda p: (p[1], list(POINTS).index(p[3])))]

    def grade(self, engine: Engine, progress: Progress, export: Export | None = None) -> None:
        """Grade all that has no verdict yet. `export`: takes all that is read. Raises NoEngine, and OSError where a verdict cannot be kept."""
        queue = Queue(engine, self.terms)
        at_once = True
        try:
            for ended in queue.verdicts(self._new(progress, export)):
                if ended is None:
                    progress.tick()
                    continue
                handed, verdict = ended
                self._take(handed.name, self._kept.keep(handed, verdict, self.terms), progress, graded=True)
            at_once = False
        finally:
            self.grader += [*queue.lost, *engine.troubles]
            engine.close(at_once=at_once)

    def end(self, *, interrupted: bool, stopped: str) -> None:
        """No more is graded; what has no verdict gets the reason."""
        due = [name for name in self._impls if name not in self.entries and name not in self._others]
        if not due:
            return
        why = stopped or ("the run was interrupted" if interrupted else "the run ended early")
        why = Trouble.of("ended", f"no verdict: {why}")
        for name in due:
            self.entries[name] = entry_of(outcome(name, unjudged(why), self.terms.plan), why, self.plan)

    @property
    def shown(self) -> list[Entry]:
        """The submissions of this run, in the order in which they were given."""
        return [self.entries[name] for name in self._impls if name in self.entries]

    @cached_property
    def pairs(self) -> list[alike.Pair]:
        """The pairs that are nearly the same."""
        return alike.pairs({name: self._prints[name] for name in self.entries if name in self._prints})

    @property
    def troubled(self) -> bool:
        """Whether the grader had trouble that somebody has to act on."""
        return any(entry.trouble for entry in self.shown) or any(t.kind != "again" for t in self.grader)

    @property
    def all_hold(self) -> bool:
        return all(status == "pass" for entry in self.shown for status in entry.statuses)

    def outcomes(self) -> Iterator[Outcome]:
        """What came of each submission, one after another; nothing of them is held."""
        for entry in self.shown:
            yield self.outcome(entry)

    def outcome(self, entry: Entry) -> Outcome:
        """All that came of a submission."""
        kept = self._kept.load(entry.name) if entry.trouble is None else unjudged() | self._partial.get(entry.name, {})
        kept = kept | {"trouble": entry.trouble and asdict(entry.trouble)}
        return self._as_asked(outcome(entry.name, kept, self.terms.plan))

    def _as_asked(self, came: Outcome) -> Outcome:
        came = came if self._explains else replace(came, results=[unexplained(r) for r in came.results])
        return replace(came, bugs=handed_in(self._planted, came.results)) if self._planted else came

    def write(self, file: str, about: About, command: Callable[[str], str]) -> None:
        """Write a report, by its ending. `command`: what grades a submission alone. Raises OSError."""
        plan = self.plan
        if file.endswith(".csv"):
            table.write(file, self.shown, plan)
        elif file.endswith(".html"):
            from tests.harness.season import page

            page.write(file, about, self.shown, plan, self.outcome, self.pairs, self.grader, command)
        else:
            report.write_json(file, about, self.outcomes(), self._beside())

    def _beside(self) -> dict:
        """What the JSON report says beside its submissions, where there is something to say."""
        troubles = [{"submission": e.name, **asdict(e.trouble)} for e in self.shown if e.trouble]
        troubles += [{"submission": None, **asdict(trouble)} for trouble in self.grader]
        alike = [asdict(pair) for pair in self.pairs]
        return {key: rows for key, rows in (("grader", troubles), ("alike", alike)) if rows}

    def tell(self, terminal, width: int, where: str) -> None:
        """Write the closing table."""
        graded = [entry.row for entry in self.shown if entry.trouble is None]
        if graded:
            scoreboard.write_table(terminal, graded, width, f"see {printable(where)}" if where else "")
        troubles: dict[str, list[str]] = {}
        for entry in self.shown:
            if entry.trouble:
                troubles.setdefault(entry.trouble.line, []).append(printable(entry.name))
        for line, names in troubles.items():
            who = ", ".join(names) if len(names) <= _NAMED else f"{len(names)} submissions, {names[0]} and others"
            terminal.write_line(f"the grader's own trouble with {who}: {printable(line, 600)}", red=True)
        for trouble in self.grader:
            terminal.write_line(f"the grader's own trouble: {printable(trouble.line, 600)}", red=True)

    def _new(self, progress: Progress, export: Export | None) -> Iterator[Handed]:
        """What must be graded; what has a verdict already is taken from there."""
        for handed in inbox.read(self._impls):
            if not inbox.is_of(handed, self._shard):
                self._others.add(handed.name)
                progress.skip()
                continue
            self._prints[handed.name] = alike.fingerprint(handed.parcel.modules)
            if export:
                export.take(handed)
            if found := self._kept.find(handed):
                self._take(handed.name, found, progress, graded=False)
            else:
                yield handed

    def _take(self, name: str, kept: dict, progress: Progress, *, graded: bool) -> None:
        trouble = Trouble(**kept["trouble"]) if kept["trouble"] else None
        came = self._as_asked(outcome(name, kept, self.terms.plan))
        if trouble:
            self._partial[name] = kept
        entry = self.entries[name] = entry_of(came, trouble, self.plan)
        self.counts.update(status for status in entry.statuses if status)
        progress.ended(entry, graded=graded)
