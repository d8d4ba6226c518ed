"""The answers to a hunt: each mistake as a diff, how hard it was to see, and what such a mistake does to training."""

import textwrap
from collections.abc import Sequence

from tests.harness.planting.kinds import KINDS
from tests.harness.planting.patch import Moved, diff, span
from tests.harness.planting.working import working
from tests.harness.practice.hunts import Planted
from tests.harness.practice.practice import minutes

_WIDTH = 78
_GRADES = {
    "named": "named: the diagnosis tells the cause",
    "located": "located: the diagnosis tells where it shows",
    "silent": "silent: the diagnosis tells that it is wrong, not why",
}


def answers(planted: Sequence[Planted], started: float | None = None) -> list[str]:
    """The lines of all answers. `started`: when the hunt did, where it is told how long each took."""
    lines: list[str] = []
    for number, one in enumerate(planted, 1):
        where = f"{one.op}, kata/{one.level}.py{_line_of(one, planted)}"
        lines += ["", f"{number}. {where}: {one.kind}{_found(one, started)}", *diff(one)]
        for said in filter(None, (_GRADES.get(one.grade), KINDS.get(one.kind))):
            lines += textwrap.wrap(said, _WIDTH, initial_indent="   ", subsequent_indent="   ")
    return lines[1:]


def _line_of(one: Planted, planted: Sequence[Planted]) -> str:
    """Which line of the module that was when all were planted; nothing where the solutions have changed since."""
    beside = [other for other in planted if other.level == one.level]
    try:
        starts = {other: span(working(one.level), other)[0] for other in beside}
    except (Moved, OSError):
        return ""
    before = [other for other in beside if starts[other] < starts[one]]
    longer = sum(len(other.after.splitlines()) - len(other.before.splitlines()) for other in before)
    return f", line {starts[one] + longer + 1}"


def _found(one: Planted, started: float | None) -> str:
    if started is None:
        return ""
    return f", found in {minutes(one.found - started)}" if one.found else ", missed"
