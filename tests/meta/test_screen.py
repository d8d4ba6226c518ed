"""The screen of a watched run shows what matters in whatever room there is."""

import pytest

from tests.harness.display.result import Result
from tests.harness.practice.changes import Code
from tests.harness.rows.catalogue import place_of
from tests.harness.rows.names import names_by_level
from tests.harness.watch.screen import screen
from tests.harness.watch.state import State
from tests.harness.watch.terminal import clipped, width

PROPERTIES = ("forward", "gradient", "pure", "stable")
EVERY = [op for ops in names_by_level().values() for op in ops]


def result(op: str, prop: str, status: str, why: str = "") -> Result:
    level, place = next(level for level, ops in names_by_level().items() if op in ops), place_of(op)[1]
    nothing = {"hints": [], "seconds": 0.0, "example": {}, "yours": None, "torch": None, "picture": None}
    return Result("kata", place, level, op, prop, status, why, [why], **nothing)


def state(statuses: dict[str, str], **known) -> State:
    """A state in which the operations have these statuses throughout, and all others pass."""
    digests = dict.fromkeys(EVERY, "1")
    found = State("kata", Code(dict(digests), dict.fromkeys(EVERY, 1), {}), digests=digests)
    for op in EVERY:
        for prop in PROPERTIES:
            status = statuses.get(op, "pass")
            found.results[prop, op] = result(op, prop, status, "it is wrong" if status == "fail" else "")
    for name, value in known.items():
        setattr(found, name, value)
    return found


def lines(of: State, columns: int = 80, rows: int = 24, clock=None) -> list[str]:
    shown = screen(of, columns, rows, clock, now=100.0)
    assert len(shown) == rows
    return ["".join(text for text, _ in line) for line in shown]


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (200, 60), (40, 10), (20, 5), (80, 12)])
def test_the_failure_and_the_keys_are_always_there(columns, rows):
    """However small the terminal, the last line has the keys, and if there is room at all the failure's name is shown."""
    failing = EVERY[3]
    shown = lines(state({failing: "fail"}), columns, rows)
    assert shown[-1].startswith("Enter all")
    if rows >= 10:
        assert f"{failing}: forward" in shown
        assert any(line.startswith(f"  {failing}") for line in shown)


def test_what_was_edited_matters_first():
    """The failure that is shown is the edited operation's, else the first one's, else what is to be written."""
    first, second, third = EVERY[:3]
    both = {first: "fail", second: "fail", third: "todo"}
    assert state(both).focus().op == first
    assert state(both, edited=(second,)).focus().op == second
    assert state(both, edited=(third,)).focus().op == first
    assert state({third: "todo"}).focus().op == third
    assert state({}).focus() is None
    assert "nothing is left: all operations hold" in lines(state({}), rows=80)


def test_a_line_that_cannot_be_read_is_shown_beside_what_was_known():
    """A syntax error is a line at the top; results that are no longer the code's are greyed, and nothing is claimed."""
    level, op = next(iter(names_by_level())), EVERY[0]
    broken = state({EVERY[1]: "fail"})
    broken.code = Code(
        {**broken.digests, op: ""}, broken.code.lines, {level: f"kata/{level}.py, line 3: SyntaxError: no"}
    )
    shown = lines(broken, rows=80)
    assert shown[1] == f"kata/{level}.py, line 3: SyntaxError: no"
    assert not any("nothing is left" in line for line in shown)
    (row,) = [line for line in screen(broken, 80, 80, None, 0.0) if line and line[0][0].strip() == op]
    assert all(markup.get("light") for _, markup in row)


def test_the_clock_stands_at_the_right():
    """The clock's words end where the first line does."""
    head = lines(state({}), columns=60, clock=("9:58 left", {"yellow": True}))[0]
    assert head.endswith("9:58 left")
    assert len(head) == 60


def test_the_detail_is_scrolled_within_its_lines():
    """The whole failure can be scrolled to its end and no further."""
    failing = state({EVERY[0]: "fail"}, detail=True, top=1000)
    failing.screens["forward", EVERY[0]] = [[(f"line {n}", {})] for n in range(60)]
    shown = lines(failing)
    assert shown[-2] == "line 59"
    failing.top = 0
    assert lines(failing)[2] == f"{EVERY[0]}: forward"


@pytest.mark.parametrize(
    ("text", "columns", "shown"),
    [
        ("affine", 4, "affi"),
        ("a\x1b[31mb\n", 20, "a.[31mb."),
        ("梯度 nan", 5, "梯度 "),
        ("e\u0301\u0301x", 2, "e\u0301\u0301x"),
    ],
)
def test_a_line_takes_no_more_columns_than_there_are(text, columns, shown):
    """What is wide counts twice, what combines not at all, and what would move the cursor is a dot."""
    assert clipped(text, columns) == shown
    assert width(shown) <= columns
