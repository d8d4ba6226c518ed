"""The scoreboard stays pleasant with many operations, and with long names."""

import pytest

from tests.harness.display import scoreboard
from tests.harness.display.result import Outcome, Result, counted
from tests.harness.display.scoreboard import only
from tests.harness.judgement.points import POINTS
from tests.harness.rows.names import names_by_level

PUBLIC = list(POINTS)[:4]
NAMES = names_by_level()
EVERY = [op for ops in NAMES.values() for op in ops]


class Terminal:
    """As much of pytest's terminal as the scoreboard uses; `text` is what was written."""

    def __init__(self):
        self.text = ""

    def ensure_newline(self):
        pass

    def section(self, title):
        self.text += f"{title}\n"

    def write(self, text, **markup):
        self.text += text

    def write_line(self, text, **markup):
        self.text += f"{text}\n"


def _board(statuses: dict[str, str], properties: list[str]) -> list[str]:
    """The lines for a run in which each level got one status throughout."""
    results = []
    for level, status in statuses.items():
        for op in NAMES[level]:
            for prop in properties:
                place = len(results)
                results.append(
                    Result("s", place, level, op, prop, status, f"{op} why", ["why"], [], 0.0, {}, None, None, None)
                )
    terminal = Terminal()
    scoreboard.write(terminal, Outcome("kata", results), impl="kata", whole=True)
    return terminal.text.splitlines()


@pytest.mark.parametrize("properties", [PUBLIC, list(POINTS)], ids=["public", "hidden"])
@pytest.mark.parametrize("status", ["pass", "fail", "todo", "skip", "timeout"])
def test_every_line_fits_in_80_columns(properties, status):
    """Whatever comes of the operations, and however long their names are."""
    for level in NAMES:
        board = _board({level: status}, properties)
        table = board[: board.index("")]
        assert max(map(len, table)) <= 80
        assert sum(line.startswith(f"  {op}") for line in table for op in NAMES[level]) >= len(NAMES[level])


def test_a_level_that_holds_and_one_not_begun_are_a_line_each():
    """With all the levels on the scoreboard only those are shown whole in which there is something to do."""
    first, second, third, fourth, *_ = NAMES
    board = _board({first: "pass", second: "fail", third: "todo", fourth: "todo"}, PUBLIC)
    table = board[: board.index("")]
    count, points = len(NAMES[first]), 10 * len(NAMES[first])
    assert [line.split() for line in table if line.startswith(f"{first}:")] == [
        [f"{first}:", str(count), "operations,", "all", "hold", f"{points}/{points}"]
    ]
    assert f"{fourth}: {len(NAMES[fourth])} operations, none begun" in table
    shown = {line.split()[0] for line in table if line.startswith("  ")}
    assert {*NAMES[second], *NAMES[third]} <= shown
    assert not shown & {*NAMES[first], *NAMES[fourth]}


def test_a_single_level_is_shown_whole():
    """Somebody who asks for one level sees its operations, also when all hold."""
    level = next(iter(NAMES))
    assert sum(line.endswith("10/10") for line in _board({level: "pass"}, PUBLIC)) == len(NAMES[level])


@pytest.mark.parametrize("op", EVERY)
def test_what_next_chooses_is_one_property(op):
    """The word for -k is in the name of one test of the operation, and in neither its own name nor its level's."""
    (level,) = (level for level in NAMES if op in NAMES[level])
    for prop in PUBLIC:
        word = only(Result("s", 0, level, op, prop, "fail", "", [], [], 0.0, {}, None, None, None))
        assert [p for p in POINTS if any(word in name for name in (f"test_{p}[{op}]", level))] == [prop]


def test_compose_earns_the_share_of_what_it_composed():
    """Of five operations one holds, so its networks are a fifth of the points; with all five they are worth all."""

    def results(held: int) -> list[Result]:
        statuses = ["pass"] * held + ["fail"] * (5 - held)
        ops = [(f"op{n}", prop, status) for n, status in enumerate(statuses) for prop in ("forward", "gradient")]
        return [
            Result("s", n, "level", op, prop, status, "", [], [], 0.0, {}, None, None, None)
            for n, (op, prop, status) in enumerate([*ops, ("compose", "gradient", "pass")])
        ]

    assert [counted(results(held))["compose"] for held in (1, 4, 5)] == [(2.4, 12), (9.6, 12), (12.0, 12)]
    alone = [result for result in results(5) if result.op == "compose"]
    assert counted(alone)["compose"] == (12.0, 12)
    terminal = Terminal()
    scoreboard.write_rows(terminal, results(1))
    assert "2.4/12" in terminal.text


def test_each_failure_of_several_submissions_is_a_line():
    """Best first, one line a reason, cut at the terminal's width; the folder is told only where the name alone is not enough."""

    def outcome(name: str, whys: dict[str, str]) -> Outcome:
        statuses = {op: "fail" if op in whys else "pass" for op in EVERY[:5]}
        return Outcome(
            name,
            [
                Result(name, n, "level", op, "forward", status, whys.get(op, ""), [], [], 0.0, {}, None, None, None)
                for n, (op, status) in enumerate(statuses.items())
            ],
        )

    long = "a reason\nof " + "many words " * 20
    first, second, third = EVERY[:3]
    outcomes = [
        outcome("a/ben", {first: "no module", second: "no module", third: "no module"}),
        outcome("a/anna", {first: long}),
        outcome("b/ben", {}),
        outcome("b/cleo\x1b", {first: "one", second: "another"}),
    ]
    terminal = Terminal()
    scoreboard.write_table(terminal, [*map(scoreboard.row_of, outcomes)], 60)
    table, _, lines = terminal.text.partition("\n\n")
    assert len(table.splitlines()) == 2 + len(outcomes)
    cut, *others = lines.splitlines()
    assert cut.startswith(f"anna: {first} forward: a reason of many words")
    assert cut.endswith("...")
    assert len(cut) == 59
    assert others == [
        f"cleo\\x1b: {first} forward: one",
        f"cleo\\x1b: {second} forward: another",
        f"a/ben: {first} and 2 more: no module",
    ]
    terminal = Terminal()
    scoreboard.write_table(terminal, [scoreboard.row_of(outcome(name, {})) for name in "ab"])
    assert terminal.text.endswith("0.0\n")
