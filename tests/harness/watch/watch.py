"""Stay, and grade after each save what that save can have changed: the loop of `--watch`, and what it knows so far.

How that looks is in display.py. The candidate's code is never loaded in this process.
"""

from __future__ import annotations

import os
import selectors
import signal
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.harness.display.report import Graded
from tests.harness.display.result import Result, result_of
from tests.harness.practice import changes
from tests.harness.practice.hints import hint_lines
from tests.harness.practice.practice import Practice
from tests.harness.rows.catalogue import names, place_of
from tests.harness.watch.display import screen
from tests.harness.watch.running import Forked, Running, Spare, start
from tests.harness.watch.saves import Saves
from tests.harness.watch.state import State
from tests.harness.watch.terminal import Terminal, stop_here
from tests.harness.watch.warm import Job, Key, Stale, Told, Trouble, Within, warm_up

SETTLE = 0.15  # seconds for which a module may be missing, empty or broken before it is told: an editor may be at it
_TROUBLE = "the grader's own trouble"
PARALLEL = 3  # so many operations are worth another process


def watch(
    project: Path, impl: str, seed: int, wanted: dict[str, list[str]], practice: Practice | None, *, colour: bool
) -> list[Result]:
    """Watch an implementation on this process's terminal until somebody quits; the last results.

    `wanted`: operation -> its properties. `practice`: where verdicts are recorded and the clock is. Raises what
    `Watch.run` does.
    """
    properties = {op: tuple(names) for op, names in wanted.items()}
    terminal = Terminal(colour=colour)
    return Watch(project, impl, seed, properties, terminal, Saves(project / impl), practice).run()


class Watch:
    """The loop. `wanted`: operation -> its properties."""

    def __init__(
        self,
        project: Path,
        impl: str,
        seed: int,
        wanted: dict[str, tuple[str, ...]],
        terminal: Terminal,
        saves: Saves,
        practice: Practice | None,
    ):
        self._project, self._impl, self._seed, self._wanted = project, impl, seed, wanted
        self._folder, self._terminal, self._saves, self._practice = project / impl, terminal, saves, practice
        self._running: list[Running] = []
        self._pending: tuple[str, ...] = ()  # operations whose verdict was cancelled, and that cannot be read now
        self._lines: dict[str, int] = {}  # where the operations stood when they were graded
        self._asked: tuple[str, ...] = ()
        self._shown = 0.0  # when the screen was drawn, as time.time(); 0: something is new
        self._looked = time.time()  # at the clock
        self._settled = 0.0  # when what was read is to be believed; 0: it is
        self._saved = time.time()
        self._signals: set[int] = set()
        self.state = State(impl, changes.read(self._folder, names()))

    def run(self) -> list[Result]:
        """Watch until somebody quits; the last results. Raises KeyboardInterrupt, and pytest's Exit when told to end."""
        handled = {number: signal.signal(number, self._noted) for number in _SIGNALS}
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        Forked.after_fork = self._terminal.forget
        try:
            with self._terminal.taken():
                self._show()
                warm_up()
                self._grade(self._wanted, time.monotonic())
                while not self._turn(reading):
                    pass
        finally:
            self._cancel()
            Spare.dismiss()
            self._saves.close()
            signal.set_wakeup_fd(before)
            for number, handler in handled.items():
                signal.signal(number, handler)
            os.close(reading)
            os.close(writing)
        return self.state.in_order()

    def _turn(self, reading: int) -> bool:
        """Draw, wait for something, do what is to be done; True when it is time to go."""
        if int(self._shown) != int(time.time()):
            self._show()
        ready = self._wait(reading)
        self._shown = 0 if ready or self._running or self._settled else self._shown
        if reading in ready:
            os.read(reading, 512)
        for number in sorted(self._signals):
            self._signals.discard(number)
            self._signalled(number)
        for running in [r for r in self._running if r.fileno() in ready]:
            self._receive(running)
        for running in [r for r in self._running if time.monotonic() > r.until]:
            self._lost(running, "timeout", f"stopped: no answer in time (an endless loop?){running.where()}")
        if self._saves.changed():
            self._shown = 0
            self._saved = self.state.saved = time.time()
            self._read(time.monotonic())
        elif self._settled and time.monotonic() >= self._settled:
            self._settled = 0.0
            self._read(time.monotonic(), settled=True)
        keys = self._terminal.keys() if self._terminal.fd in ready else []
        return any([self._pressed(key) for key in keys])

    def _show(self) -> None:
        """Draw the state, and tell if the clock has come to something."""
        self._shown = now = time.time()
        clock = self._practice.clock(now) if self._practice else None
        told = clock.crossed(self._looked, now) if clock else None
        self._looked = now
        if told:
            self.state.notice = told
            self._terminal.ring()
        says = clock.line(now) if clock else None
        self._terminal.draw(screen(self.state, *self._terminal.size(), says, time.monotonic()))

    def _wait(self, reading: int) -> set[int]:
        now = time.monotonic()
        until = [
            now + self._saves.seconds,
            *(r.until for r in self._running),
            *([self._settled] if self._settled else []),
        ]
        until.append(now + (0.2 if self._running else 1.0 - time.time() % 1))  # what is shown of the time goes on
        with selectors.SelectSelector() as selector:
            files = [reading, self._terminal.fd, self._saves.fileno(), *(r.fileno() for r in self._running)]
            for file in files:
                if file is not None:
                    selector.register(file, selectors.EVENT_READ)
            return {key.fd for key, _ in selector.select(max(0.0, min(until) - now))}

    def _read(self, now: float, *, settled: bool = False) -> None:
        """The folder was saved: grade what that can have changed, and cancel what is being graded."""
        code = changes.read(self._folder, names())
        lost = [op for op, digest in code.digests.items() if not digest and self.state.digests.get(op)]
        if (code.problems or lost) and not settled:
            self._settled = now + SETTLE
            return
        self._settled = 0.0
        self.state.code, self.state.notice = code, ""
        unreadable = {op for level in code.problems for op in names()[level]}
        unfinished = set(self._cancel()) | set(self._pending)
        changed = [
            op
            for op in self._wanted
            if op not in unreadable and (op in unfinished or code.digests[op] != self.state.digests.get(op))
        ]
        self._pending = tuple(op for op in self._wanted if op in unfinished and op in unreadable)
        moved = [r.op for r in self.state.results.values() if r.failed and code.lines[r.op] != self._lines.get(r.op)]
        edited = tuple(op for op in changed if code.digests[op] != self.state.digests.get(op))
        if edited:
            self.state.edited, self.state.hint, self.state.top = edited, [], 0
        if changed:
            self._grade([*changed, *moved], now)
        elif not code.problems:
            self.state.notice = "saved; no operation changed"

    def _grade(self, ops: Iterable[str], now: float) -> None:
        """Have these operations graded, in as many processes as are worth it."""
        unreadable = {op for level in self.state.code.problems for op in names()[level]}
        ops = tuple(op for op in self._wanted if op in set(ops) and op not in unreadable)
        self.state.grading, self.state.since, self._asked = ops, now, ops
        for op in ops:
            self.state.digests[op] = self.state.code.digests[op]
            self._lines[op] = self.state.code.lines[op]
        count = min(_processors(), -(-len(ops) // PARALLEL))
        for part in range(count):
            self._start({op: self._wanted[op] for op in ops[part::count]})

    def _start(self, wanted: dict[str, tuple[str, ...]]) -> None:
        first = {key: examples for key, examples in self.state.examples.items() if key[1] in wanted}
        digests = {op: self.state.code.digests[op] for op in wanted}
        running = start(Job(self._project, self._impl, self._seed, wanted, digests, first))
        self._terminal.keep(running.pid, True)
        self._running.append(running)

    def _receive(self, running: Running) -> None:
        try:
            for message in running.messages():
                match message:
                    case Told():
                        self._told(message)
                    case Graded():
                        self._graded(running)
                    case Stale():
                        self._outdated(running)
                        return
                    case Trouble(line):
                        self.state.notice = f"{_TROUBLE}: {line}"
                    case Within():
                        pass
        except EOFError:
            self._lost(running, "error", "ends the process that runs it")

    def _outdated(self, running: Running) -> None:
        """The code is another one already: that save will be noticed in a moment, or is looked for."""
        self._end(running)
        for op in running.job.wanted:
            self.state.digests.pop(op, None)
        self._settled = time.monotonic() + SETTLE

    def _told(self, message: Told) -> None:
        result = message.result
        key = (result.property, result.op)
        self.state.results[key] = result
        if message.examples:
            self.state.examples[key] = message.examples
        elif result.status == "pass":
            self.state.examples.pop(key, None)
        if message.screen is not None:
            self.state.screens[key] = message.screen
        else:
            self.state.screens.pop(key, None)

    def _graded(self, running: Running) -> None:
        """A process has said whether its properties hold; the verdict is there when all have."""
        self.state.grading = tuple(op for op in self.state.grading if op not in running.job.wanted)
        if self.state.grading or not self.state.since:
            return
        self.state.seconds, self.state.since = time.monotonic() - self.state.since, 0.0
        self.state.graded = self._asked
        results = [r for r in self.state.in_order() if r.op in self._asked]
        if self._practice:
            self._practice.note(results, self.state.digests, self._saved)
            self.state.times = self._practice.times(self.state.results.values())
            self.state.said = self._practice.notices

    def _lost(self, running: Running, status: str, why: str) -> None:
        """A process is stuck or dead: that is the verdict on what it was at; another one goes on with the rest.

        One that has told all verdicts was only explaining them, and has nothing more to say.
        """
        self._end(running)
        if running.told.issuperset(_keys(running.job)) or self.state.notice.startswith(_TROUBLE):
            return self._graded(running)
        prop, op = running.key or _keys(running.job)[0]
        prop = prop or running.job.wanted[op][0]  # while it was imported
        left = {name: ps for name, ps in running.job.wanted.items() if any((p, name) not in running.told for p in ps)}
        for name in left.pop(op, ()):
            if (name, op) not in running.told or name == prop:
                told = (status, why) if name == prop else ("skip", f"comes after {prop}, which does not hold")
                self._told(Told(_result(self._impl, op, name, *told)))
        if left:
            done = running.job.wanted.keys() - left.keys()
            self.state.grading = tuple(name for name in self.state.grading if name not in done)
            self._start(left)
        else:
            self._graded(running)

    def _cancel(self) -> tuple[str, ...]:
        """End what is being graded; the operations that have no verdict yet, or no explanation of a failure."""
        unfinished = []
        for running in list(self._running):
            for key in _keys(running.job):
                result = self.state.results.get(key)
                if key not in running.told or (result.failed and key not in self.state.screens):
                    unfinished.append(key[1])
            self._end(running)
        self.state.grading = ()
        return tuple(unfinished)

    def _end(self, running: Running) -> None:
        running.end()
        self._terminal.keep(running.pid, False)
        self._running.remove(running)

    def _pressed(self, key: str) -> bool:
        state = self.state
        page = max(1, self._terminal.size()[1] - 4)
        if key in ("q", "hangup"):
            return True
        if key == "enter":
            state.code, state.notice = changes.read(self._folder, names()), ""
            self._cancel()
            self._grade(self._wanted, time.monotonic())
        elif key == "d":
            state.detail, state.top = not state.detail, 0
        elif key == "h" and state.focus():
            practice = self._practice or Practice.open(self._project)
            state.hint, state.detail = hint_lines(state.focus().op, self._project, lambda: practice, "h"), False
        elif state.detail:
            step = {"up": -1, "k": -1, "down": 1, "j": 1, "page up": -page, "page down": page, " ": page}.get(key, 0)
            state.top = max(0, state.top + step)
        return False

    def _noted(self, number: int, _frame) -> None:
        self._signals.add(number)

    def _signalled(self, number: int) -> None:
        if number == signal.SIGWINCH:
            self._terminal.redraw()
        elif number == signal.SIGTSTP:
            self._terminal.suspend()
            stop_here()
            self._terminal.resume()
        elif number == signal.SIGINT:
            raise KeyboardInterrupt
        else:
            raise pytest.exit.Exception(f"ended by {signal.Signals(number).name}", 128 + number)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_SIGNALS = (signal.SIGWINCH, signal.SIGTSTP, signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _keys(job: Job) -> list[Key]:
    return [(prop, op) for op, wanted in job.wanted.items() for prop in wanted]


def _result(impl: str, op: str, prop: str, status: str, why: str) -> Result:
    """A verdict that the grading process could not send itself."""
    from tests.harness.judgement.verdict import Verdict

    return result_of(Verdict(op, prop, status, why), impl, *place_of(op))
