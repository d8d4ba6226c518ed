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
        where = f"{one.op}, kata/{one.level}.py{_line_of(one)}"
        lines += ["", f"{number}. {where}: {one.kind}{_found(one, started)}", *diff(one)]
        for said in filter(None, (_GRADES.get(one.grade), KINDS[one.kind])):
            lines += textwrap.wrap(said, _WIDTH, initial_indent="   ", subsequent_indent="   ")
    return lines[1:]


def _line_of(one: Planted) -> str:
    """Which line of the working code that was; nothing where that has changed since."""
    try:
        return f", line {span(working(one.level), one)[0] + 1}"
    except (Moved, OSError):
        return ""


def _found(one: Planted, started: float | None) -> str:
    if started is None:
        return ""
    return f", found in {minutes(one.found - started)}" if one.found else ", missed"
