"""What is due and what was noted: `--due`, `--note`, `--import`, `--history` and `--forget`, which answer at once, without a run.

With `--watch`, `--due` chooses what is watched, and makes stubs of what was green. A plugin of pytest; it imports no torch.
"""

from __future__ import annotations

import datetime
import sys
import time
from collections.abc import Collection, Sequence
from pathlib import PurePosixPath

import pytest

from tests.harness.judgement.points import POINTS
from tests.harness.plugin import evening, selection
from tests.harness.plugin.internals import chosen_by
from tests.harness.plugin.prompt import tell
from tests.harness.plugin.run import is_graded
from tests.harness.practice import due, interview, notes, reset, store
from tests.harness.practice.due import Plan
from tests.harness.practice.history import History
from tests.harness.practice.stubs import RefusedReset
from tests.harness.rows.names import PROJECT, closest, names_by_level, outline, pars
from tests.harness.worker.printable import printable

NOT_WITH_DUE = (
    "--hidden",
    "--report",
    "--kit",
    "--sample",
    "--results",
    "--fresh",
    "--shard",
    "--export",
    "--scheduler",
)
"""The kata's options that are about something else than one's own practice."""

TODAY = pytest.StashKey[Plan]()


def configure(config: pytest.Config, impls: list[str]) -> None:
    """Refuse what does not go with `--due`. Raises UsageError."""
    option = config.option
    if not option.due:
        return
    given = [flag for flag in NOT_WITH_DUE if getattr(option, flag[2:])]
    given += [] if option.watch else [flag for flag in ("--minutes", "--restart") if getattr(option, flag[2:])]
    if given:
        raise pytest.UsageError(f"--due: does not go with {given[0]}; leave one of them out")
    if impls != ["kata"]:
        raise pytest.UsageError("--due: is about your own answers; it goes alone, or with --impl=kata")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """What needs no tests answers at once."""
    option = config.option
    if option.forget:
        tell(store.forget())
        return pytest.ExitCode.OK
    brought, listed = getattr(option, "import"), option.due and not option.watch
    if not (option.note or brought or listed or option.history is not None):
        return None
    kept, now = store.Store(store.data_folder()), time.time()
    lines = [*_noted(kept, option.note, now), *(_imported(kept, brought, now) if brought else [])]
    if listed:
        configure(config, option.impl or ["kata"])
        selection.configure(config)
        found = _plan(config, History(kept, ""), now)
        lines += due.lines(found, _written([one.op for one in found.today]))
    if option.history is not None:
        lines.append(_history(kept, option.history, now))
    elif kept.notices:
        lines += kept.notices
    tell("\n".join(lines))
    return pytest.ExitCode.OK


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With --watch and --due, keep what is due of what --op, -m and -k left."""
    if not config.option.due:
        return
    ops = [
        item.callspec.params["op"].name if is_graded(item) and "op" in item.callspec.params else "" for item in items
    ]
    practice = evening.practice_of(config)
    config.stash[TODAY] = found = due.plan(practice.history, time.time(), set(ops))
    if any(ops) and not found.today:
        raise pytest.UsageError(f"--due: {due.line(found)}")
    today = {one.op for one in found.today}
    kept = [item for item, op in zip(items, ops, strict=True) if op in today]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def agenda(config: pytest.Config) -> dict[str, list[str]]:
    """What is to be watched one after the other: operation -> why, and its notes. What was green is a stub from now on.

    Empty without --due. Raises UsageError where a stub cannot be put back.
    """
    if TODAY not in config.stash:
        return {}
    practice, today = evening.practice_of(config), config.stash[TODAY].today
    again = [one.op for one in today if one.again and practice.is_green(one.op)]
    targets = _written(again)
    if targets:
        try:
            done = reset.reset(targets, PROJECT, names_by_level(), datetime.datetime.now())
        except RefusedReset as problem:
            raise pytest.UsageError(f"--due: {problem}") from None
        practice.note_reset(done.ops)
        folder = PurePosixPath(done.kept[0]).parent
        practice.say(f"stubs again: {', '.join(done.ops)}; your answers are kept in {folder}/")
    return {one.op: due.about(one) for one in today}


def _noted(kept: store.Store, asked: Sequence[list[str]], now: float) -> list[str]:
    """Write the notes down, or delete them; a line for each. Raises UsageError."""
    for op, *text in asked:
        if op not in pars():
            near = closest(op, pars())
            raise pytest.UsageError(
                f"--note {printable(op, 100)}: there is no operation of that name; do you mean {near}?"
            )
        if len(text) != 1:
            raise pytest.UsageError(f'--note {op}: should have a text in quotes: pytest --note {op} "keep the axis"')
        count = len(notes.taken(text[0]))
        if count > notes.LONGEST:
            raise pytest.UsageError(
                f"--note {op}: the text has {count} characters, and should have {notes.LONGEST} at most"
            )
    lines = []
    for op, text in asked:
        if not notes.taken(text):
            count = notes.delete(kept, op)
            lines.append(f"{op}: {count} note{'s' * (count != 1)} deleted" if count else f"{op}: there is no note")
        elif notes.add(kept, notes.Note(op, notes.taken(text), now)):
            lines.append(f"{op}: noted; shown when it is due, in the history, and at the end of a hint")
        else:
            raise pytest.UsageError(
                f"--note {op}: there are {notes.MOST} notes already; pytest --note {op} '' deletes them"
            )
    _refuse_in_vain(kept, "--note", bool(asked))
    return lines


def _imported(kept: store.Store, file: str, now: float) -> list[str]:
    """Merge the file into the history; a line. Raises UsageError, and then nothing has changed."""
    from tests.harness.practice import transfer

    name = printable(file, 300)
    try:
        content = transfer.read(file, now)
    except transfer.Unreadable as problem:
        raise pytest.UsageError(f"--import={name}: {problem}") from None
    said = transfer.merge(kept, content)
    _refuse_in_vain(kept, f"--import={name}", True)
    return [f"{name}: {said}"]


def _refuse_in_vain(kept: store.Store, option: str, asked: bool) -> None:
    """Raise UsageError where what is asked to be kept would be gone with this run."""
    if asked and not kept.lasts:
        raise pytest.UsageError(f"{option}: {'; '.join(kept.notices)}")


def _history(kept: store.Store, file: str, now: float) -> str:
    from tests.harness.practice import progress

    if file:
        from tests.harness.display.files import refuse_unless_writable

        refuse_unless_writable(file, (".html", ".json"), "--history")
    return progress.told(kept, file, sys.stdout.encoding or "ascii", now)


def _plan(config: pytest.Config, history: History, now: float) -> Plan:
    """What is due of what --op, -m and -k choose. Raises UsageError where that is nothing."""
    option = config.option
    if said := selection.no_such_level(config):
        raise pytest.UsageError(said)
    ops = [
        op
        for level, names in outline().items()
        for op in names
        if (not option.op or op in option.op)
        and chosen_by(option.markexpr or level, (level,))
        and chosen_by(option.keyword or op, (op, level, *POINTS), part=True)
    ]
    if not ops:
        raise pytest.UsageError(f"--due: {selection.nothing(config)}")
    return due.plan(history, now, ops)


def _written(ops: Collection[str]) -> list[str]:
    """Those of the operations that are no stubs in kata/."""
    level_of = {op: level for level, names in outline().items() for op in names}
    return interview.written(PROJECT / "kata", level_of, ops)
