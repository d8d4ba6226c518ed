"""All jobs of a season, through one engine: as many at once as it can run, none lost, and each loss laid at the right door."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from dataclasses import asdict, dataclass

from tests.harness.season.engines import ENGINE, JOB, POOL, Engine, NoEngine
from tests.harness.season.job import Handed, Terms, grade
from tests.harness.season.trouble import Trouble, unjudged
from tests.harness.worker.printable import printable

TICK = 1.0  # seconds after which something is shown, also where no job has ended
LOSSES = 12  # of the engine in a row, without a verdict between: then nothing is to be had from it
_ELSEWHERE = ("sandbox", "code")  # troubles of a worker's, that another worker may not have


@dataclass
class _Job:
    handed: Handed
    suspect: bool = False  # its process was lost, or that of one beside it
    trouble: Trouble | None = None


class Queue:
    """The jobs of a season. `lost`: troubles that cost no verdict, for the report."""

    def __init__(self, engine: Engine, terms: Terms):
        self._engine, self._terms = engine, terms
        self._waiting: deque[_Job] = deque()  # to be graded again
        self._suspects: deque[_Job] = deque()  # one of them may have ended its process
        self._running: dict[Future, _Job] = {}
        self._losses = 0
        self.lost: list[Trouble] = []

    def verdicts(self, handed: Iterable[Handed]) -> Iterator[tuple[Handed, dict] | None]:
        """What was handed in with its verdict, as they end; now and then nothing, for the clock. Raises NoEngine."""
        coming = map(_Job, handed)
        self._engine.open()
        while True:
            ended = self._fill(coming)
            if not self._running and ended:
                return
            done, _ = wait(self._running, TICK, FIRST_COMPLETED)
            if not self._running:  # nobody is there to grade
                time.sleep(TICK)
            yield None
            losses = {}
            for future in done:
                job = self._running.pop(future)
                error = future.exception() if not future.cancelled() else CancelledError()
                if error is None:
                    self._losses = 0
                    yield from self._ended(job, future.result())
                elif blamed := self._engine.blame(error):
                    why = str(error) or type(error).__name__
                    losses.setdefault((blamed, why), []).append(job)
                else:
                    found = Trouble.of("mistake", printable(f"{type(error).__name__}: {error}", 300))
                    yield from self._ended(job, unjudged(found))
            for (blamed, why), jobs in losses.items():
                yield from self._lost(blamed, why, jobs)

    def _fill(self, coming: Iterator[_Job]) -> bool:
        """Submit what there is room for; whether nothing is left that waits."""
        while True:
            if self._suspects:
                if self._running:
                    return False
                job = self._suspects.popleft()
                self._submit(job)
                return False
            if any(job.suspect for job in self._running.values()):  # a suspect runs alone
                return False
            if len(self._running) >= self._engine.width():
                return False
            job = next(coming, None) or (self._waiting.popleft() if self._waiting else None)
            if job is None:
                return True
            self._submit(job)

    def _submit(self, job: _Job) -> None:
        try:
            future = self._engine.submit(grade, job.handed, self._terms)
        except Exception as error:  # it was lost meanwhile, as the others that run will say too
            future = Future()
            future.set_exception(error)
        self._running[future] = job

    def _ended(self, job: _Job, verdict: dict) -> Iterator[tuple[Handed, dict]]:
        met = verdict["trouble"]
        if met is None:
            yield job.handed, verdict
            return
        trouble = Trouble(**met)
        if trouble.kind in _ELSEWHERE:
            self._engine.avoid(trouble.where)
        if job.trouble is None:
            job.trouble = trouble
            self._waiting.append(job)
            return
        yield job.handed, verdict | {"trouble": asdict(trouble.after("it was graded twice, with the same end"))}

    def _lost(self, blamed: str, why: str, jobs: list[_Job]) -> Iterator[tuple[Handed, dict]]:
        if blamed in (POOL, ENGINE):  # all that ran are gone with it
            jobs += self._running.values()
            self._running.clear()
        if blamed == JOB or (blamed == POOL and len(jobs) == 1 and jobs[0].suspect):
            for job in jobs:
                met = Trouble.of("lost", f"the process that graded it ended ({printable(why, 200)})")
                yield job.handed, unjudged(met.after("it was graded alone, in a new process, and ended that too"))
        elif blamed == POOL:
            for job in jobs:
                job.suspect = True
            self._suspects.extend(jobs)
        else:
            self._waiting.extendleft(jobs)
        if blamed in (POOL, ENGINE):
            self._reopen(why)

    def _reopen(self, why: str) -> None:
        self._losses += 1
        if self._losses >= LOSSES:
            raise NoEngine(f"{self._engine.place}: lost {LOSSES} times in a row ({printable(why, 200)})")
        self.lost.append(Trouble.of("again", f"grading was interrupted ({printable(why, 200)})", self._engine.place))
        self._engine.open()
