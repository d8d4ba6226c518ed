"""The loop of `--watch`: it waits for saves, keys, signals, verdicts and the clock, and has the rest done.

What is graded after a save is in grading.py, how it looks in screen.py. The candidate's code is never loaded in this
process.
"""

from __future__ import annotations

import os
import selectors
import signal
import time
from pathlib import Path

import pytest

from tests.harness.display.scoreboard import Result
from tests.harness.practice import changes
from tests.harness.practice.hints import hint_lines
from tests.harness.practice.practice import Practice
from tests.harness.rows.names import names_by_level
from tests.harness.watch.grading import Grading
from tests.harness.watch.running import Forked, Spare
from tests.harness.watch.saves import Saves
from tests.harness.watch.screen import screen
from tests.harness.watch.state import State
from tests.harness.watch.terminal import Terminal, stop_here
from tests.harness.watch.warm import warm_up

SETTLE = 0.15  # seconds for which a module may be missing, empty or broken before it is told: an editor may be at it
_SIGNALS = (signal.SIGWINCH, signal.SIGTSTP, signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def watch(
    project: Path,
    impl: str,
    seed: int,
    wanted: dict[str, list[str]],
    practice: Practice | None,
    agenda: dict[str, list[str]],
    *,
    explains: bool,
    colour: bool,
) -> list[Result]:
    """Watch an implementation on this process's terminal until somebody quits; the last results.

    `wanted`: operation -> its properties. `practice`: where verdicts are recorded and the clock is. `agenda`: the
    operations that are to be done one after the other, if any, and why. `explains`: whether it is shown how something is
    wrong. Raises what `Watch.run` does.
    """
    properties = {op: tuple(names) for op, names in wanted.items()}
    terminal = Terminal(colour=colour)
    watched = Watch(project, impl, seed, properties, terminal, Saves(project / impl), practice)
    watched.state.agenda = agenda
    watched.state.explains = explains
    return watched.run()


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
        self._project, self._folder = project, project / impl
        self._terminal, self._saves, self._practice = terminal, saves, practice
        self._shown = 0.0  # when the screen was drawn, as time.time(); 0: something is new
        self._looked = time.time()  # at the clock
        self._settled = 0.0  # when what was read is to be believed; 0: it is
        self._signals: set[int] = set()
        self.state = State(impl, changes.read(self._folder, names_by_level()))
        self._grading = Grading(project, seed, wanted, self.state, practice, terminal.keep)

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
                self._grading.everything(time.monotonic())
                while not self._turn(reading):
                    pass
        finally:
            self._grading.cancel()
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
        self._shown = 0 if ready or self._grading.running or self._settled else self._shown
        if reading in ready:
            os.read(reading, 512)
        for number in sorted(self._signals):
            self._signals.discard(number)
            self._signalled(number)
        for running in [r for r in self._grading.running if r.fileno() in ready]:
            if not self._grading.receive(running):  # that save will be noticed in a moment, or is looked for
                self._settled = time.monotonic() + SETTLE
        self._grading.end_what_is_stuck()
        if self._saves.changed():
            self._shown = 0
            self._grading.saved = self.state.saved = time.time()
            self._read()
        elif self._settled and time.monotonic() >= self._settled:
            self._settled = 0.0
            self._read(settled=True)
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
        tick = 0.2 if self._grading.running else 1.0 - time.time() % 1  # what is shown of the time goes on
        until = [now + tick, now + self._saves.seconds]
        until += [self._settled] if self._settled else []
        with selectors.SelectSelector() as selector:
            files = [reading, self._terminal.fd, self._saves.fileno(), *(r.fileno() for r in self._grading.running)]
            for file in files:
                if file is not None:
                    selector.register(file, selectors.EVENT_READ)
            return {key.fd for key, _ in selector.select(max(0.0, min(until) - now))}

    def _read(self, *, settled: bool = False) -> None:
        """The folder was saved: grade what that can have changed, but what is broken only once it has `settled`."""
        now, code = time.monotonic(), changes.read(self._folder, names_by_level())
        lost = [op for op, digest in code.digests.items() if not digest and self.state.digests.get(op)]
        unsettled = (code.problems or lost) and not settled
        self._settled = now + SETTLE if unsettled else 0.0
        if not unsettled:
            self._grading.changed(code, now)

    def _pressed(self, key: str) -> bool:
        state = self.state
        page = max(1, self._terminal.size()[1] - 4)
        if key in ("q", "hangup"):
            return True
        if key == "enter":
            state.code, state.notice = changes.read(self._folder, names_by_level()), ""
            self._grading.everything(time.monotonic())
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
