"""`--hint` and `--reset`: what answers at once, without a run. A plugin of pytest; it imports neither torch nor NumPy."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest

from tests.harness.practice import hints, reset
from tests.harness.practice.practice import Practice
from tests.harness.practice.stubs import RefusedReset
from tests.harness.rows.names import closest, names_by_level


class Ledger(Protocol):
    """Where hints are counted. No method raises; `notices` are lines that must be shown, of what cannot be kept."""

    notices: list[str]

    def hints_taken(self, op: str) -> int:
        """The highest level that was given since the round of this operation began."""

    def note_hint(self, op: str, level: int) -> None:
        """A hint of this level was given."""


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> pytest.ExitCode | None:
    hinted, targets = config.getoption("hint"), config.getoption("reset")
    if not hinted and not targets:
        return None
    project, levels = config.rootpath, names_by_level()
    ops = [op for names in levels.values() for op in names]
    _refuse_unknown([(op, f"--hint={op}: there is no operation of that name") for op in hinted], ops)
    _refuse_unknown(
        [(reset.plain(t), f"--reset={t}: there is no operation and no module of that name") for t in targets],
        [*levels, *ops, reset.ALL],
    )
    lines = _reset_lines(targets, project, levels) if targets else []
    for op in hinted:
        lines += hint_lines(op, project, lambda: Practice.open(project))
    print("\n".join(lines))
    return pytest.ExitCode.OK


def hint_lines(op: str, project: Path, ledger: Callable[[], Ledger], again: str = "") -> list[str]:
    """The next hint for the operation, line by line. It is noted in the ledger, which is opened anew.

    `again`: what gives the next one, a key for instance; the command, unless said. Raises KeyError for an unknown name.
    """
    book = ledger()
    taken = book.hints_taken(op)
    hint = hints.next_hint(op, taken, project)
    if hint.level > taken:
        book.note_hint(op, hint.level)
    lines = [*hint.lines, *book.notices]
    if hint.level and ledger().hints_taken(op) < hint.level:
        lines.append("Hints are not counted here: the next one will be the first again.")
    elif 0 < hint.level < hints.LAST:
        lines.append(f"{again or f'next: pytest --hint {op}'}  ({hints.announced(hint.level)})")
    return lines


def _reset_lines(targets: list[str], project: Path, levels: dict[str, list[str]]) -> list[str]:
    try:
        done = reset.reset([reset.plain(t) for t in targets], project, levels, datetime.datetime.now())
    except RefusedReset as problem:
        raise pytest.UsageError(f"--reset: {problem}") from None
    practice = Practice.open(project)
    if done.ops:
        practice.note_reset(done.ops)
    return [*done.lines, *practice.notices]


def _refuse_unknown(asked: list[tuple[str, str]], known: list[str]) -> None:
    for name, line in asked:
        if name not in known:
            raise pytest.UsageError(f"{line}; do you mean {closest(name, known)}?")
