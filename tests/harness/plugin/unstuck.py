"""`--hint` and `--reset`: what answers at once, without a run. A plugin of pytest; it imports neither torch nor NumPy."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from tests.harness.practice import hints, reset
from tests.harness.practice.practice import Practice
from tests.harness.practice.stubs import RefusedReset
from tests.harness.rows.names import PROJECT, closest, names_by_level


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> pytest.ExitCode | None:
    hinted, targets = config.getoption("hint"), config.getoption("reset")
    if not hinted and not targets:
        return None
    project, levels = PROJECT, names_by_level()
    ops = [op for names in levels.values() for op in names]
    _refuse_unknown([(op, f"--hint={op}: there is no operation of that name") for op in hinted], ops)
    _refuse_unknown(
        [(reset.plain(t), f"--reset={t}: there is no operation and no module of that name") for t in targets],
        [*levels, *ops, reset.ALL],
    )
    lines = _reset_lines(targets, project, levels) if targets else []
    for op in hinted:
        lines += hints.hint_lines(op, project, lambda: Practice.open(project))
    print("\n".join(lines))
    return pytest.ExitCode.OK


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
