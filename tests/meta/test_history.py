"""Sessions, rounds, attempts and times are as they are defined."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from tests.harness.practice.history import GAP, History, Timer
from tests.harness.practice.practice import Practice
from tests.harness.practice.store import Store

PROJECT = Path(__file__).parents[2]
GREEN = dict.fromkeys(("forward", "gradient", "pure", "stable"), "pass")
HALF = {"forward": "pass", "gradient": "fail", "pure": "skip", "stable": "skip"}
STUB = dict.fromkeys(GREEN, "todo")


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A data folder that is not there yet."""
    monkeypatch.setenv("KATA_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def opened(folder: Path, project: str = "here") -> History:
    return History(Store(folder), project)


def noted(history: History, *runs: tuple) -> History:
    """Note runs: minutes, code of f, its statuses, and more operations as name -> (code, statuses)."""
    for minute, code, statuses, *others in runs:
        ops = {"f": (code, statuses), **(others[0] if others else {})}
        graded = {op: given for op, (_, given) in ops.items() if given}
        history.note(graded, {op: digest for op, (digest, _) in ops.items()}, 60.0 * minute)
    return history


ROUNDS = {
    "from stub to green": ([(0, "s", STUB), (3, "a", HALF), (5, "b", GREEN)], [(2, 5.0)]),
    "a run without a change does not end the interval": (
        [(0, "s", STUB), (3, "s", STUB), (5, "b", GREEN)],
        [(1, 5.0)],
    ),
    "what comes after green is no part of it": ([(0, "s", STUB), (5, "b", GREEN), (9, "c", HALF)], [(1, 5.0)]),
    "a stub again begins a round": (
        [(0, "s", STUB), (5, "b", GREEN), (9, "s", STUB), (11, "b", GREEN)],
        [(1, 5.0), (1, 2.0)],
    ),
    "a stub that stays one is one round": ([(0, "s", STUB), (1, "s", STUB), (2, "s", STUB)], [(0, None)]),
    "green at first sight has no time": ([(0, "b", GREEN)], [(1, None)]),
    "an unreadable module is no attempt and no change": (
        [(0, "s", STUB), (2, "", dict.fromkeys(GREEN, "error")), (6, "b", GREEN)],
        [(1, 6.0)],
    ),
    "a gap ends the session and is not counted": (
        [(0, "s", STUB), (4, "a", HALF), (40, "b", HALF), (41, "c", GREEN)],
        [(3, 5.0)],
    ),
    "properties graded one by one make green together": (
        [
            (0, "s", STUB),
            (4, "a", {"forward": "pass", "gradient": "pass"}),
            (5, "a", {"pure": "pass", "stable": "pass"}),
        ],
        [(1, 4.0)],
    ),
    "after a moment of unreadable code too": (
        [(0, "s", STUB), (4, "a", HALF), (5, "", dict.fromkeys(GREEN, "error")), (6, "a", {"gradient": "pass"})],
        [(1, None)],
    ),
    "not on different code": (
        [
            (0, "s", STUB),
            (4, "a", {"forward": "pass", "gradient": "pass"}),
            (5, "b", {"pure": "pass", "stable": "pass"}),
        ],
        [(2, None)],
    ),
    "two operations share an interval": (
        [(0, "s", STUB, {"g": ("s", STUB)}), (4, "a", GREEN, {"g": ("a", HALF)})],
        [(1, 2.0)],
    ),
    "a change that was not graded has its share too": (
        [(0, "s", STUB, {"g": ("s", STUB)}), (4, "s", None, {"g": ("a", HALF)}), (7, "b", GREEN, {"g": ("a", None)})],
        [(1, 3.0)],
    ),
    "another operation has the interval to itself": (
        [(0, "s", STUB, {"g": ("s", STUB)}), (4, "s", STUB, {"g": ("a", HALF)}), (5, "b", GREEN, {"g": ("a", HALF)})],
        [(1, 1.0)],
    ),
}


@pytest.mark.parametrize(("runs", "expected"), ROUNDS.values(), ids=ROUNDS.keys())
def test_rounds_attempts_and_times_are_as_defined(runs, expected, folder):
    """Attempts and minutes to green of the rounds of f, after the runs."""
    rounds = noted(opened(folder), *runs).rounds()
    assert [(r.attempts, r.time and r.time / 60) for r in rounds if r.op == "f"] == expected


def test_a_reset_begins_a_round_before_the_next_run(folder):
    """What was reset and written again before any run has a round of its own."""
    history = noted(opened(folder), (0, "s", STUB), (5, "b", GREEN))
    history.note_reset(["f"], 6 * 60.0)
    rounds = noted(history, (8, "c", GREEN)).rounds()
    assert [(r.attempts, r.time) for r in rounds] == [(1, 300.0), (1, 120.0)]


def test_another_clone_has_its_own_rounds_and_the_same_history(folder):
    """Two folders' rounds do not mix, and both are seen from either."""
    noted(opened(folder, "one"), (0, "s", STUB), (5, "b", GREEN))
    there = noted(opened(folder, "two"), (10, "s", STUB), (12, "b", GREEN))
    assert [(r.project, r.time) for r in there.rounds()] == [("one", 300.0), ("two", 120.0)]


def test_sessions_end_with_a_gap_and_score_what_they_had(folder):
    """A gap of more than half an hour begins a session; a score is the share of the points of all it has had."""
    history = noted(opened(folder), (0, "s", STUB, {"g": ("s", STUB)}), (5, "b", GREEN), (5 + GAP / 60, "b", HALF))
    noted(history, (6 + 2 * GAP / 60, "c", GREEN))
    first, second = history.sessions(1e9)
    assert (first.minutes, first.scores, first.bell) == (35.0, (0.0, 50.0, 15.0), None)
    assert second.scores == (100.0,)


def test_the_score_at_the_bell_is_of_the_last_verdicts_before_it(folder):
    """Verdicts from before the start and from the bell on do not count; what was not run since is TODO."""
    history = noted(opened(folder), (0, "x", GREEN, {"g": ("x", GREEN), "h": ("x", GREEN)}))
    timer = Timer(60.0, 10.0, ("f", "g"))
    history.start(timer)
    assert history.at_bell(timer) == 0.0
    noted(history, (2, "a", HALF), (3, "b", GREEN), (10.9, "c", HALF), (11, "d", GREEN))
    assert history.at_bell(timer) == 15.0
    assert history.sessions(timer.bell - 1)[0].bell is None
    assert history.sessions(timer.bell)[0].bell == 15.0
    history.start(replace(timer, started=660.0))
    assert history.timer().started == 660.0


def test_hints_are_counted_for_ever_and_since(folder):
    """By level over all projects, and as levels since a moment in this one."""
    there, here = opened(folder, "there"), opened(folder)
    there.note_hint("f", 1, 10.0)
    for level, when in ((1, 20.0), (2, 30.0), (2, 40.0)):
        here.note_hint("f", level, when)
    assert here.hints("f") == {1: 2, 2: 2}
    assert here.hints_since("f", 25.0) == [2]
    assert here.hints_since("f", 0.0) == [1, 2]
    assert here.hinted() == ["f"]


def test_a_long_history_is_read_as_quickly_as_a_short_one(folder, monkeypatch):
    """What a scoreboard asks for takes one look into the file, and as many steps after thousands of verdicts as after few."""
    many = {f"op{n}": GREEN for n in range(70)}
    codes = dict.fromkeys(many, "a")
    history, steps = opened(folder), []
    transact = Store.transact

    def counted(store: Store, work):
        def count(db: sqlite3.Connection):
            steps.append(0)
            db.set_progress_handler(step, 1)
            return work(db)

        return transact(store, count)

    def step() -> None:
        steps[-1] += 1

    def looked() -> list[int]:
        steps.clear()
        with monkeypatch.context() as patch:
            patch.setattr(Store, "transact", counted)
            practice = Practice(history)
            assert {practice.time(op) for op in many} == {None}
        return list(steps)

    looks = []
    for day in range(14):
        for run in range(3):
            history.note(many, {**codes, "op0": f"{day} {run}"}, 86400.0 * day + 60 * run)
        looks.append(looked())
    (few,), (later,) = looks[0], looks[-1]
    assert later == few > len(many)  # at least a step for each round
