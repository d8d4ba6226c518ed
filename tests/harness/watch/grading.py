"""What has to be graded after a save, the processes that are at it, and what becomes of their verdicts: into the state.

When to read the folder and what the screen shows is in watch.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.harness.display.result import Result, result_of
from tests.harness.practice.changes import Code
from tests.harness.practice.practice import Practice
from tests.harness.rows.catalogue import place_of
from tests.harness.rows.names import names_by_level
from tests.harness.submissions.usage import processors
from tests.harness.watch.running import Running, start
from tests.harness.watch.state import State
from tests.harness.watch.warm import AllTold, Job, Key, Stale, Told, Trouble, Within

PARALLEL = 3  # so many operations are worth another process
_TROUBLE = "the grader's own trouble"


class Grading:
    """The grading of what is watched.

    `wanted`: operation -> its properties. `keep`: called with a process's id when it starts (True) and ends (False).
    `practice`: where verdicts are recorded. `running`: the processes. `saved`: when the code was, as time.time().
    """

    def __init__(
        self,
        project: Path,
        seed: int,
        wanted: dict[str, tuple[str, ...]],
        state: State,
        practice: Practice | None,
        keep: Callable[[int, bool], None],
    ):
        self._project, self._seed, self._wanted = project, seed, wanted
        self._state, self._practice, self._keep = state, practice, keep
        self._pending: tuple[str, ...] = ()  # operations whose verdict was cancelled, and that cannot be read now
        self._lines: dict[str, int] = {}  # where the operations stood when they were graded
        self._asked: tuple[str, ...] = ()
        self.running: list[Running] = []
        self.saved = time.time()

    def everything(self, now: float) -> None:
        """Grade all that is wanted, as it is in the state's code. `now`: of time.monotonic(), as for `changed`."""
        self.cancel()
        self._grade(self._wanted, now)

    def changed(self, code: Code, now: float) -> None:
        """The code is this one now: grade what that can have changed, and cancel what is being graded."""
        state = self._state
        state.code, state.notice = code, ""
        unreadable = _unreadable(code)
        unfinished = set(self.cancel()) | set(self._pending)
        changed = [
            op
            for op in self._wanted
            if op not in unreadable and (op in unfinished or code.digests[op] != state.digests.get(op))
        ]
        self._pending = tuple(op for op in self._wanted if op in unfinished and op in unreadable)
        moved = [r.op for r in state.results.values() if r.failed and code.lines[r.op] != self._lines.get(r.op)]
        edited = tuple(op for op in changed if code.digests[op] != state.digests.get(op))
        if edited:
            state.edited, state.hint, state.top = edited, [], 0
        if changed:
            self._grade([*changed, *moved], now)
        elif not code.problems:
            state.notice = "saved; no operation changed"

    def receive(self, running: Running) -> bool:
        """Take in what a process has sent; False where its code is no longer the saved one, which is then to be read."""
        try:
            for message in running.messages():
                match message:
                    case Told():
                        self._told(message)
                    case AllTold():
                        self._graded(running)
                    case Stale():
                        self._outdated(running)
                        return False
                    case Trouble(line):
                        self._state.notice = f"{_TROUBLE}: {line}"
                    case Within():
                        pass
        except EOFError:
            self._lost(running, "error", "ends the process that runs it")
        return True

    def end_what_is_stuck(self) -> None:
        """End the processes whose time is over: that is their verdict."""
        for running in [r for r in self.running if r.is_stuck()]:
            self._lost(running, "timeout", f"stopped: no answer in time (an endless loop?){running.where()}")

    def cancel(self) -> tuple[str, ...]:
        """End what is being graded; the operations that have no verdict yet, or no explanation of a failure."""
        unfinished = []
        for running in list(self.running):
            for key in _keys(running.job):
                result = self._state.results.get(key)
                if key not in running.told or (result.failed and key not in self._state.screens):
                    unfinished.append(key[1])
            self._end(running)
        self._state.grading = ()
        return tuple(unfinished)

    def _grade(self, ops: Iterable[str], now: float) -> None:
        """Have these operations graded, in as many processes as are worth it."""
        state, chosen, unreadable = self._state, set(ops), _unreadable(self._state.code)
        asked = tuple(op for op in self._wanted if op in chosen and op not in unreadable)
        state.grading, state.since, self._asked = asked, now, asked
        for op in asked:
            state.digests[op] = state.code.digests[op]
            self._lines[op] = state.code.lines[op]
        count = min(processors(), -(-len(asked) // PARALLEL))
        for part in range(count):
            self._start({op: self._wanted[op] for op in asked[part::count]})

    def _start(self, wanted: dict[str, tuple[str, ...]]) -> None:
        state = self._state
        first = {key: examples for key, examples in state.examples.items() if key[1] in wanted}
        digests = {op: state.code.digests[op] for op in wanted}
        running = start(Job(self._project, state.impl, self._seed, wanted, digests, first, state.explains))
        self._keep(running.pid, True)
        self.running.append(running)

    def _outdated(self, running: Running) -> None:
        self._end(running)
        for op in running.job.wanted:
            self._state.digests.pop(op, None)

    def _told(self, message: Told) -> None:
        state, result = self._state, message.result
        key = (result.property, result.op)
        state.results[key] = result
        if message.examples:
            state.examples[key] = message.examples
        elif result.status == "pass":
            state.examples.pop(key, None)
        if message.screen is not None:
            state.screens[key] = message.screen
            if self._practice:
                self._practice.note_explained([result], self.saved)
        else:
            state.screens.pop(key, None)

    def _graded(self, running: Running) -> None:
        """A process has said whether its properties hold; the verdict is there when all have."""
        state = self._state
        state.grading = tuple(op for op in state.grading if op not in running.job.wanted)
        if state.grading or not state.since:
            return
        state.seconds, state.since = time.monotonic() - state.since, 0.0
        state.graded = self._asked
        results = [r for r in state.in_order() if r.op in self._asked]
        if self._practice:
            self._practice.note(results, state.digests, self.saved)
            state.times = self._practice.times(state.results.values())
            found = self._practice.settle(state.digests, self.saved)
            state.said = [*([found.line] if found else []), *self._practice.notices]

    def _lost(self, running: Running, status: str, why: str) -> None:
        """A process is stuck or dead: that is the verdict on what it was at; another one goes on with the rest.

        One that has told all verdicts was only explaining them, and has nothing more to say.
        """
        self._end(running)
        if running.told.issuperset(_keys(running.job)) or self._state.notice.startswith(_TROUBLE):
            return self._graded(running)
        prop, op = running.key or _keys(running.job)[0]
        prop = prop or running.job.wanted[op][0]  # while it was imported
        left = {name: ps for name, ps in running.job.wanted.items() if any((p, name) not in running.told for p in ps)}
        for name in left.pop(op, ()):
            if (name, op) not in running.told or name == prop:
                told = (status, why) if name == prop else ("skip", f"comes after {prop}, which does not hold")
                self._told(Told(_result(self._state.impl, op, name, *told)))
        if left:
            done = running.job.wanted.keys() - left.keys()
            self._state.grading = tuple(name for name in self._state.grading if name not in done)
            self._start(left)
        else:
            self._graded(running)

    def _end(self, running: Running) -> None:
        running.end()
        self._keep(running.pid, False)
        self.running.remove(running)


def _unreadable(code: Code) -> set[str]:
    return {op for level in code.problems for op in names_by_level()[level]}


def _keys(job: Job) -> list[Key]:
    return [(prop, op) for op, wanted in job.wanted.items() for prop in wanted]


def _result(impl: str, op: str, prop: str, status: str, why: str) -> Result:
    """A verdict that the grading process could not send itself."""
    from tests.harness.judgement.verdict import Verdict

    return result_of(Verdict(op, prop, status, why), impl, *place_of(op))
