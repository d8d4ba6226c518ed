"""What a run says of planted mistakes: how the hunt in kata/ stands, and what became of those in a kit that came back.

A plugin of pytest; it plants nothing itself (see hunt.py).
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.harness.plugin import evening, hunt
from tests.harness.plugin.run import RUN, Run
from tests.harness.practice.practice import Practice
from tests.harness.season.subject import or_nothing
from tests.specs import BUGS

if TYPE_CHECKING:
    from tests.harness.display.screen import Piece
    from tests.harness.practice.hunts import Hunt, Planted

PLANTED = pytest.StashKey["tuple[Planted, ...]"]()
OVER = pytest.StashKey["Hunt"]()


def configure(config: pytest.Config) -> None:
    """Check `--explain`, and draw again what was planted in what is graded. Raises UsageError."""
    option = config.option
    if option.explain not in (None, "on", "off"):
        raise pytest.UsageError("--explain: should be on or off; --explain=off shows pass and FAIL alone")
    option.explain = option.explain or ("off" if BUGS else "on")
    is_hunt = option.impl == ["kata"] and not option.kit
    if option.bugs is not None and not is_hunt and not hasattr(config, "workerinput"):
        hunt.seeded(config)
        config.stash[PLANTED] = hunt.drawn(config)


def pytest_report_header() -> str | None:
    """In a kit with mistakes, how many there are."""
    if not BUGS:
        return None
    what = "1 mistake is" if BUGS == 1 else f"{BUGS} mistakes are"
    return f"{what} planted in kata/: find and mend them; only pass and FAIL are shown"


def lines(config: pytest.Config) -> list[Piece]:
    """What stands below the score: how the hunt stands. One that is over is told in full at the end of the run."""
    practice, run = evening.practice_of(config), config.stash[RUN]
    is_on = practice.hunt() if practice else None
    if is_on is None:
        return []
    codes, began = config.stash[evening.EVENING].codes, config.stash[evening.EVENING].began
    also = or_nothing(_mended_alone, is_on, practice, codes, run) or ()
    found = practice.settle(codes, began, also)
    rung = time.time() >= is_on.bell
    if rung or not found.left:
        practice.hunts.end(is_on, time.time())
        config.stash[OVER] = practice.hunts.last()
    said = [f"hunt: {found.line}{'; time is up' if rung and found.left else ''}"]
    failing = practice.holding(is_on, codes)
    wrong = [one for n, one in enumerate(is_on.planted) if n not in found.mended]
    own = {one.op for one in wrong}
    users: dict[str, list[str]] = {}
    for one in wrong:
        for user in one.users:
            if failing.get(user) is False and user not in own:
                users.setdefault(user, []).append(one.op)
    said += [f"{user} uses {' and '.join(ops)}, and fails with it" for user, ops in users.items()]
    return [(line, {"bold": not number}) for number, line in enumerate(said)]


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    over = config.stash.get(OVER, None)
    if over is None:
        return
    from tests.harness.planting.answers import answers

    terminalreporter.section("the hunt is over")
    for line in answers(over.planted, over.started):
        terminalreporter.write_line(line, **{"red": line[:1] == "-", "green": line[:1] == "+"})


def _mended_alone(is_on: Hunt, practice: Practice, codes: Mapping[str, str], run: Run) -> set[int]:
    """Of several mistakes in one operation that does not hold, those that are mended: without the others, it does."""
    holds = practice.holding(is_on, codes)
    ops = [one.op for one in is_on.planted]
    several = {op for op in ops if ops.count(op) > 1 and holds.get(op) is False}
    return {n for n, one in enumerate(is_on.planted) if one.op in several and _is_mended(n, is_on.planted, run)}


def _is_mended(number: int, planted: Sequence[Planted], run: Run) -> bool:
    """Whether the operation holds once its other mistakes are taken out of the code, as far as they are still there."""
    from tests import test_ops
    from tests.harness.judgement.examiner import Examiner
    from tests.harness.judgement.properties import written_in
    from tests.harness.planting.patch import taken_out
    from tests.harness.rows.catalogue import by_name
    from tests.harness.rows.names import names_by_level
    from tests.harness.submissions.here import InFolder

    this, kata = planted[number], run.project / "kata"
    sources = {path.name: path.read_text(encoding="utf-8") for path in kata.glob("*.py")}
    name = f"{this.level}.py"
    if taken_out(sources[name], this) is not None:
        return False
    for other in planted:
        if other is not this and other.op == this.op:
            sources[name] = taken_out(sources[name], other) or sources[name]
    with tempfile.TemporaryDirectory(prefix="backprop-kata-hunt-") as folder:
        copy = Path(folder, "kata")
        copy.mkdir()
        for file, source in sources.items():
            (copy / file).write_text(source, encoding="utf-8")
        examiner = Examiner(InFolder(copy, names_by_level()), run.seed, shrink=False, memory=run.memory)
        return all(examiner.verdict(prop, by_name()[this.op]).holds for prop in written_in(test_ops))
