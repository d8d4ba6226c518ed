"""`--hint` and `--reset`: what answers at once, without a run. A plugin of pytest; it imports neither torch nor NumPy."""

from __future__ import annotations

import datetime
import shlex
from pathlib import Path
from typing import Protocol

import pytest

from tests.harness import hints, reset
from tests.harness.listing import closest, listed
from tests.harness.practice import Practice
from tests.harness.stubs import Unable


class Ledger(Protocol):
    """Where hints are counted. Both methods may raise OSError."""

    def hints_taken(self, op: str) -> int:
        """The highest level that was given since the round of this operation began."""

    def note_hint(self, op: str, level: int) -> None:
        """A hint of this level was given."""


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> pytest.ExitCode | None:
    if not config.getoption("hint") and not config.getoption("reset"):
        return None
    project = config.rootpath
    levels = listed(project)
    asked = [(op, f"--hint={op}: there is no operation of that name") for op in config.getoption("hint")]
    _refuse_unknown(asked, [op for ops in levels.values() for op in ops])
    practice = Practice.open(project)
    if config.getoption("reset"):
        for line in _reset(config.getoption("reset"), project, levels):
            print(line)
        practice.note_reset(reset.operations(config.getoption("reset"), levels))
    for op in config.getoption("hint"):
        for line in hint_lines(op, project, practice):
            print(line)
    for line in practice.notices:
        print(line)
    return pytest.ExitCode.OK


def hint_lines(op: str, project: Path, ledger: Ledger | None) -> list[str]:
    """The next hint for the operation, as the command line shows it; it is counted in the ledger."""
    taken, trouble = 0, "" if ledger else "there is no history here"
    try:
        taken = ledger.hints_taken(op) if ledger else 0
    except OSError as error:
        trouble = f"the history cannot be read: {error.strerror or error}"
    hint = hints.next_hint(op, taken, project)
    if hint.level > taken and ledger and not trouble:
        try:
            ledger.note_hint(op, hint.level)
        except OSError as error:
            trouble = f"the history cannot be written: {error.strerror or error}"
    lines = list(hint.lines)
    if hint.level and trouble:
        lines.append(f"({trouble}. So hints are not counted, and the next one is the first again.)")
    elif 0 < hint.level < hints.LAST:
        lines.append(f"next: pytest --hint {shlex.quote(op)}  ({hints.announced(hint.level)})")
    return lines


def _reset(targets: list[str], project: Path, levels: dict[str, list[str]]) -> list[str]:
    known = [*levels, *(op for ops in levels.values() for op in ops), reset.ALL]
    asked = [(t, f"--reset={t}: there is no operation and no module of that name") for t in targets]
    _refuse_unknown([(reset.plain(t), line) for t, line in asked], known)
    try:
        return reset.reset([reset.plain(t) for t in targets], project, levels, datetime.datetime.now())
    except Unable as problem:
        raise pytest.UsageError(f"--reset: {problem}") from None


def _refuse_unknown(asked: list[tuple[str, str]], known: list[str]) -> None:
    for name, line in asked:
        if name not in known:
            raise pytest.UsageError(f"{line}; do you mean {closest(name, known)}?")
