"""What is shown while a season is graded: on a terminal a bar, and a line for each submission that ends; elsewhere a line now and then."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import PurePath
from typing import Protocol

from tests.harness.season.entry import Entry
from tests.harness.worker.printable import printable

EVERY = 5.0  # seconds between two lines where there is no terminal
_NAME = 40


class Progress(Protocol):
    def ended(self, entry: Entry, *, graded: bool) -> None:
        """A submission has its verdict. `graded`: by this run."""

    def skip(self) -> None:
        """A submission is not this run's."""

    def tick(self) -> None:
        """Time passes."""


@contextlib.contextmanager
def shown(terminal, submissions: int, *, quiet: bool) -> Iterator[Progress]:
    """Show what becomes of so many submissions. `quiet`: nothing where there is no terminal."""
    quiet = quiet or terminal is None
    if terminal:
        terminal.ensure_newline()
    bar = terminal and terminal.isatty and _tqdm()
    progress = Bar(bar, submissions, terminal) if bar else Lines(terminal, submissions, quiet=quiet)
    try:
        yield progress
    finally:
        progress.close()


class Bar:
    """tqdm's bar, with rate and time left; above it a line for each submission that is graded."""

    def __init__(self, tqdm, submissions: int, terminal):
        self._bar = tqdm(total=submissions, unit=" submissions", dynamic_ncols=True, smoothing=0.1, leave=False)
        self._terminal = terminal

    def ended(self, entry: Entry, *, graded: bool) -> None:
        if graded:
            self._bar.write(line(entry)[: self._terminal.config.get_terminal_writer().fullwidth - 1])
            self._bar.update()
        else:
            self.skip()

    def skip(self) -> None:
        self._bar.total -= 1  # it has taken no time, and says nothing of the rate
        self._bar.refresh()

    def tick(self) -> None:
        self._bar.refresh()

    def close(self) -> None:
        self._bar.close()


class Lines:
    """A line every few seconds: how many are done, how many a minute, how long it will take."""

    def __init__(self, terminal, submissions: int, *, quiet: bool):
        self._terminal, self._due, self._quiet = terminal, submissions, quiet
        self._done, self._began = 0, time.monotonic()
        self._told = self._began

    def ended(self, entry: Entry, *, graded: bool) -> None:
        if graded:
            self._done += 1
        else:
            self._due -= 1
        self.tick()

    def skip(self) -> None:
        self._due -= 1

    def tick(self) -> None:
        if not self._quiet and time.monotonic() - self._told >= EVERY:
            self._tell()

    def close(self) -> None:
        if not self._quiet:
            self._tell()

    def _tell(self) -> None:
        self._told = time.monotonic()
        minutes = (self._told - self._began) / 60
        said = f"{self._done} of {self._due} graded"
        if self._done and self._done < self._due:
            rate = self._done / minutes
            said += f", {rate:.3g} a minute, {_time((self._due - self._done) / rate)} left"
        self._terminal.write_line(said)


def line(entry: Entry) -> str:
    """`anna.zip  48.81  14 hold, 12 todo, 3 failed: affine gradient: gw is transposed`: the worst news last."""
    name = printable(PurePath(entry.name).name)
    name = name if len(name) <= _NAME else f"...{name[3 - _NAME :]}"
    if entry.trouble:
        return f"{name}  no verdict  {printable(entry.trouble.line, 300)}"
    counts = entry.row.counts
    said = [f"{counts.get('pass', 0)} hold"]
    said += [f"{counts['todo']} todo"] if counts.get("todo") else []
    said += [f"{entry.row.failed} failed: {_reason(entry)}"] if entry.row.reasons else []
    return f"{name}  {entry.score:6g}  {', '.join(said)}"


def _reason(entry: Entry) -> str:
    """The first of its reasons, without its name."""
    return entry.row.reasons[0].replace(f"--impl={printable(entry.name, 500)}: ", "", 1)


def _time(minutes: float) -> str:
    return (
        f"{minutes / 60:.1f} h"
        if minutes >= 90
        else f"{minutes:.0f} min"
        if minutes >= 1.5
        else f"{minutes * 60:.0f} s"
    )


def _tqdm():
    try:
        from tqdm import tqdm
    except ImportError:
        return None
    return tqdm
