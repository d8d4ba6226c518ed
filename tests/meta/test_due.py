"""`--due`: what is worth doing today, and why, is told from the history and the day alone; `--sample` and `--watch` follow it."""

import re
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.harness.plugin import diary, evening, kit
from tests.harness.practice import due, notes, stubs
from tests.harness.practice.boxes import DAYS, standings
from tests.harness.practice.due import HANDFUL, Plan, plan, repetitions
from tests.harness.practice.history import History
from tests.harness.practice.interview import drawn
from tests.harness.practice.notes import Note
from tests.harness.practice.practice import Practice
from tests.harness.practice.store import Store
from tests.harness.rows.names import names_by_level, outline, pars
from tests.meta.runs import PROJECT, grade
from tests.meta.test_clock import results
from tests.meta.test_history import GREEN, HALF, STUB

NOON = time.mktime((2026, 5, 12, 12, 0, 0, 0, 0, -1))
DAY, MINUTE = 86400.0, 60.0
OPS = list(pars())
OP, OTHER, THIRD, *_ = OPS
LONG = float(pars()[OP])  # minutes


@pytest.fixture
def history(tmp_path) -> History:
    """A history of nothing."""
    return History(Store(tmp_path / "data"), "here")


def played(
    history: History, day: float, op: str = OP, minutes: float = 1.0, *, hint: int = 0, green: bool = True
) -> None:
    """From a stub to green, or to something wrong, in so many minutes, on a day after the first."""
    began = NOON + day * DAY
    history.note({op: STUB}, {op: "stub"}, began)
    if hint:
        history.note_hint(op, hint, began + 1)
    steps = max(1, round(minutes / 10))
    for step in range(1, steps + 1):
        last = green and step == steps
        history.note({op: GREEN if last else HALF}, {op: f"{day} {step}"}, began + minutes * MINUTE * step / steps)


def on(history: History, day: float, ops=None) -> Plan:
    """What is due on a day after the first."""
    return plan(history, NOON + day * DAY, ops)


def why(history: History, day: float, op: str = OP) -> list[str]:
    """Why an operation is due on that day; empty where it is not."""
    return [reason for one in on(history, day).today if one.op == op for reason in one.why]


def test_with_an_empty_history_it_says_what_to_begin_with(history):
    """The first operations in order of study, also of those that were chosen."""
    assert [(one.op, one.again) for one in on(history, 0).today] == [(OP, False), (OTHER, False)]
    assert why(history, 0)[0].startswith("begin here")
    level = names_by_level()["losses"]
    assert [one.op for one in on(history, 0, level).today] == level[:2]
    said = due.lines(on(history, 0), [])
    assert said[0] == f"due today: 2 operations, {pars()[OP] + pars()[OTHER]} minutes at par"
    assert f"next: pytest --impl=kata --op={OP}" in said


BADLY = {
    "three times par": ({"minutes": 3 * LONG}, f"took {int(3 * LONG)}:00 on 2026-05-12, 3.0 times par"),
    "a hint": ({"hint": 2}, "a hint was needed on 2026-05-12: a nudge"),
    "the solution": ({"hint": 4}, "a hint was needed on 2026-05-12: the place of the solution"),
    "not green": ({"green": False}, "begun on 2026-05-12, and not green after 1 try"),
}


@pytest.mark.parametrize(("how", "said"), BADLY.values(), ids=BADLY.keys())
def test_what_went_badly_is_due_until_it_goes_well(how, said, history):
    """The reason is said with its day; a round that went well, on whatever day, ends it for three days."""
    played(history, 0, **how)
    assert why(history, 1) == [said]
    played(history, 1)
    assert why(history, 1) == why(history, 3) == []
    assert why(history, 4)[0].startswith("green 3 days ago, on 2026-05-13 (box 2: again after 3 days)")


def test_what_went_well_comes_after_longer_and_longer(history):
    """Each green round, on its day, moves it on by a box, to the last; by the calendar, not by the hour."""
    day = 0.0
    for interval in (*DAYS[1:], DAYS[-1]):
        played(history, day, minutes=3 * LONG - 1)
        assert why(history, day + interval - 1) == []
        (said,) = why(history, day + interval - 0.4)  # in the morning
        assert f"after {interval} days" in said
        day += interval
    played(history, day, hint=1)
    assert standings(history, NOON + day * DAY)[OP].box == 1


def test_green_two_weeks_ago_is_said_so(history):
    """As people count."""
    played(history, 0)
    assert why(history, 14)[0].startswith("green 2 weeks ago, on 2026-05-12")


def test_a_repetition_before_its_day_moves_nothing_on(history):
    """Three green rounds in a day are as good as one."""
    for hour in range(3):
        played(history, hour / 24)
    assert standings(history, NOON + DAY)[OP].box == 2
    assert why(history, 3)


def test_only_what_was_done_counts(history):
    """A stub that was seen, or is one again, is nothing that was done; a hint before the first run is."""
    history.note(dict.fromkeys(OPS, STUB), dict.fromkeys(OPS, "stub"), NOON)
    assert [one.op for one in on(history, 1).today] == [OP, OTHER]
    played(history, 1)
    history.note_reset([OP], NOON + 2 * DAY)
    assert why(history, 2) == []
    history.note_hint(THIRD, 1, NOON + 2 * DAY)
    assert why(history, 2, THIRD)[0] == "begun on 2026-05-12, and not written"


def test_a_hint_before_any_run_counts_for_the_round_that_comes(history):
    """Whoever looks first and runs then has needed the hint."""
    history.note_hint(OP, 3, NOON)
    assert why(history, 0) == [
        "begun on 2026-05-12, and not written",
        "a hint was needed on 2026-05-12: the key line of the derivation",
    ]
    played(history, 0.1)
    assert why(history, 1) == ["a hint was needed on 2026-05-12: the key line of the derivation"]


def test_rounds_of_another_folder_count(history):
    """What is green elsewhere is green, and what was begun elsewhere since is not."""
    there = History(history.store, "there")
    played(history, 0, green=False)
    played(there, 1)
    assert why(history, 2) == []
    played(there, 2, green=False)
    assert why(history, 2)


def test_a_mistake_is_of_the_folder_that_it_was_made_in(history):
    """What was made again elsewhere, while a round went on here, is nothing of this round."""
    history.note({OP: STUB}, {OP: "stub"}, NOON)
    for day in (0, 1):
        there = History(history.store, "there")
        there.note({OTHER: HALF}, {}, NOON + day * DAY, {OP: ["gw is negated"]})
    history.note({OP: GREEN}, {OP: "a"}, NOON + 2 * DAY)
    assert why(history, 2) == []


def test_it_is_a_handful_in_order_of_urgency(history):
    """Unfinished, badly, long ago, each by how long it is due; one that is new; and how many more there are."""
    unfinished, slow, hinted, old, older, oldest, new, *_ = OPS
    played(history, -9, oldest)
    played(history, 1, older)
    played(history, 2, old)
    played(history, 3, slow, minutes=3 * float(pars()[slow]))
    played(history, 2, hinted, hint=1)
    played(history, 4, unfinished, green=False)
    found = on(history, 10)
    assert [one.op for one in found.today] == [unfinished, hinted, slow, oldest, new]
    assert len(found.today) == HANDFUL
    assert found.more == 2
    assert [one.again for one in found.today] == [False, True, True, True, False]
    assert repetitions(history, NOON + 10 * DAY) == [unfinished, hinted, slow, oldest, older, old]
    assert "2 more are due, and can wait until these are done" in due.lines(found, [])
    assert (
        due.line(found)
        == f"due today: {unfinished}, {hinted}, {slow}, {oldest}, {new} and 2 more (pytest --due says why)"
    )
    assert on(history, 10) == found


def test_where_nothing_is_due_the_next_day_is_said(history):
    """A line with the operation that comes next, and when."""
    played(history, 0)
    played(history, 1, OTHER)
    said = f"nothing is due today; {OP} is on 2026-05-15"
    assert due.lines(on(history, 1, [OP, OTHER]), []) == [said]
    assert due.line(on(history, 1, [OP, OTHER])) == said


def test_a_mistake_that_comes_again_is_told(tmp_path, monkeypatch):
    """What is said of a failure in two sessions, wherever in the code, makes the round one to repeat; twice in one does not."""
    monkeypatch.setenv("KATA_DATA", str(tmp_path / "data"))
    practice = Practice.open(tmp_path)

    def fails(day: float, code: str, said: str) -> None:
        (result,) = [r for r in results(OP, "pass", "fail", "skip", "skip") if r.status == "fail"]
        result.parts.append(said)
        practice.note([result], {OP: code}, NOON + day * DAY)

    fails(0, "a", "gw is N times too small (feedforward.py, line 4)")
    fails(0.001, "b", "gw is N times too small (feedforward.py, line 4)")
    practice.note(results(OP, *["pass"] * 4), {OP: "c"}, NOON + 0.002 * DAY)
    assert why(practice.history, 1) == []
    practice.note_reset([OP], NOON + 5 * DAY)
    fails(5, "d", "gw is negated")
    fails(5.001, "e", "gw is N times too small (feedforward.py, line 9)")
    practice.note(results(OP, *["pass"] * 4), {OP: "f"}, NOON + 5.002 * DAY)
    assert why(practice.history, 6) == ["the same mistake in 2 sessions: gw is N times too small"]


def test_a_mistake_missed_in_a_hunt_is_told(history):
    """When a hunt is over, what was missed is due, and a kind that is missed again is said to be; what was found is not."""

    def write(sql: str, *row: object) -> None:
        history.store.transact(lambda db: db.execute(sql, row))

    for hunt in ((90, NOON, 30.0, NOON), (91, NOON + DAY, 30.0, None)):
        write("INSERT INTO hunt VALUES (?, 'here', ?, ?, '7', '[]', '[]', ?)", *hunt)
    for hunt, op, found in ((90, OTHER, None), (90, THIRD, NOON), (91, OP, None)):
        row = (hunt, op == THIRD, op, "an axis is lost", found)
        write("INSERT INTO planted VALUES (?, ?, ?, ?, 'named', 'losses', 'f', 'a', 'b', 0, '[]', ?)", *row)
    again = "a mistake was missed in a hunt on 2026-05-13: an axis is lost, missed 2 times by now"
    assert why(history, 2) == [again]
    assert why(history, 2, OTHER) == ["a mistake was missed in a hunt on 2026-05-12: an axis is lost"]
    assert standings(history, NOON + DAY).keys() == {OTHER}
    assert standings(history, NOON + 2 * DAY).keys() == {OP, OTHER}


def test_a_note_is_shown_where_its_operation_is_due(history):
    """The newest three, made safe, below the reason; what to type next makes a stub of what is written."""
    played(history, 0, hint=1)
    for number in range(5):
        notes.add(history.store, Note(OP, f"number {number} \x1b[2J", NOON + number * DAY))
    said = due.lines(on(history, 6), [OP])
    assert r"    note of 2026-05-14: number 2 \x1b[2J" in said
    assert "    (2 older: pytest --history=FILE.html)" in said
    assert not any("number 1" in line for line in said)
    assert f"next: pytest --reset {OP}, and then pytest --impl=kata --op={OP}" in said
    assert f"next: pytest --impl=kata --op={OP}" in due.lines(on(history, 6), [])
    assert max(map(len, said)) <= 80


@pytest.mark.parametrize("count", range(1, 9))
def test_an_interview_prefers_what_is_due(count):
    """Whatever the seed: what is due comes first, spread over the levels, and then the rest; reproducible."""
    levels = {level: list(ops) for level, ops in outline().items()}
    preferred = [*levels["feedforward"][:3], levels["losses"][0], levels["language"][-1]]
    for seed in range(20):
        sample = drawn(levels, count, seed, preferred)
        assert sample == drawn(levels, count, seed, preferred)
        assert len(sample) == count
        assert len(set(sample) & set(preferred)) == min(count, len(preferred))
    assert {op for seed in range(99) for op in drawn(levels, 2, seed, preferred)} == set(preferred)


@pytest.mark.parametrize("jobs", ["-n0", "-n2"])
def test_an_interview_asks_for_what_is_due(jobs, tmp_path):
    """`--sample` in a run, and with pytest-xdist: the two that are due, of more than eighty; the seed is what is printed."""
    history = History(Store(tmp_path), str(PROJECT))
    for op in ("layer_norm", "swiglu"):
        played(history, -90, op)
    run = grade("--impl=kata", "--sample=3", "--restart", jobs, KATA_DATA=str(tmp_path))
    seed = int(re.search(r"^mock interview: --sample=3 --seed=(\d+)$", run.stdout, re.MULTILINE)[1])
    asked = re.findall(r"^  (\w+) +TODO$", run.stdout, re.MULTILINE)
    assert asked == drawn({level: list(ops) for level, ops in outline().items()}, 3, seed, ("layer_norm", "swiglu"))
    assert {"layer_norm", "swiglu"} < set(asked)


def test_no_work_is_lost_where_what_is_due_becomes_a_stub(tmp_path, monkeypatch):
    """Only what was green here becomes one, once, and is kept; what was begun since, or was never graded here, stays."""
    monkeypatch.setenv("KATA_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(diary, "PROJECT", tmp_path)
    (tmp_path / "kata").mkdir()
    module = tmp_path / "kata" / "feedforward.py"
    written = "".join(f"def {op}(*inputs):\n    return {op!r}\n\n\n" for op in (OP, OTHER))
    module.write_text(written)
    practice = Practice.open(tmp_path)
    played(practice.history, 0, OP)
    played(History(practice.history.store, "there"), 0, OTHER)
    today = on(practice.history, 9)
    assert [one.op for one in today.today if one.again] == [OP, OTHER]
    config = SimpleNamespace(stash={diary.TODAY: today, evening.EVENING: SimpleNamespace(practice=practice)})
    assert list(diary.agenda(config)) == [one.op for one in today.today]
    assert stubs.is_stub(module.read_text(), OP)
    assert not stubs.is_stub(module.read_text(), OTHER)
    (kept,) = (tmp_path / "kata" / ".backup").glob("*/feedforward.py")
    assert kept.read_text() == written
    assert f"stubs again: {OP}; your answers are kept in {kept.parent.relative_to(tmp_path)}/" in practice.notices
    module.write_text(written)
    diary.agenda(config)
    assert module.read_text() == written


BAD = {
    "--op=afine --due": "--op=afine: there is no operation of that name; do you mean affine",
    "--due -m loss": "-m loss: there is no level loss; do you mean losses",
    "--due -k nothing_so": "--due: -k nothing_so: there is no operation or property nothing_so",
    "--due -m (": "-m (: expected",
    "--due --impl=solutions": "--due: is about your own answers; it goes alone, or with --impl=kata",
    "--due --sample=3": "--due: does not go with --sample",
    "--due --minutes=3": "--due: does not go with --minutes",
    "--watch --due --impl=solutions": "--due: is about your own answers",
    "--note affine": '--note affine: should have a text in quotes: pytest --note affine "keep the axis"',
    "--note affine keep it": "--note affine: should have a text in quotes",
    "--note afine x": "--note afine: there is no operation of that name; do you mean affine",
    f"--note affine {'x' * 501}": "--note affine: the text has 501 characters, and should have 500 at most",
}


@pytest.mark.parametrize(("arguments", "said"), BAD.items(), ids=[words[:30] for words in BAD])
def test_what_cannot_be_asked_is_one_clear_line(arguments, said, tmp_path):
    """Exit status 4, one line, and nothing is written."""
    run = grade(*arguments.split(), KATA_DATA=str(tmp_path / "data"))
    assert run.returncode == 4, run.stdout
    (line,) = filter(None, (run.stdout + run.stderr).splitlines())
    assert line.startswith(f"ERROR: {said}")
    assert not (tmp_path / "data").exists() or not notes.of_all(Store(tmp_path / "data"))


def test_notes_are_written_shown_and_deleted(tmp_path):
    """They add up, a text is no path and no option, an empty one deletes them; where nothing can be kept a line says so."""
    data = {"KATA_DATA": str(tmp_path / "data")}
    first = grade("--note", "affine", "kata", "--note", "relu", "-> mask, not sign", **data)
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.startswith("affine: noted; shown when it is due, in the history, and at the end of a hint\n")
    grade("--note", "affine", "keep\nthe  axis \udcff", **data)
    listed = grade("--due", "--op=aff", **data).stdout
    assert [line.split(": ")[1] for line in listed.splitlines() if "note of" in line] == [
        "kata",
        r"keep the axis \udcff",
    ]
    assert "relu" not in listed
    assert "due today: 1 operation, " in listed
    assert "due today: 2 operations, " in grade("--due", "-m", "losses", **data).stdout
    assert "note of" in grade("--hint=relu", **data).stdout
    assert grade("--note", "affine", "", **data).stdout == "affine: 2 notes deleted\n"
    assert grade("--note", "affine", "", **data).stdout == "affine: there is no note\n"
    assert "notes and clocks are deleted from" in grade("--forget", **data).stdout
    (tmp_path / "file").touch()
    vain = grade("--note", "affine", "x", KATA_DATA=str(tmp_path / "file" / "none"))
    assert (vain.returncode, vain.stdout) == (4, "")
    assert vain.stderr.startswith("ERROR: --note: nothing is recorded")


def test_there_is_an_end_of_notes(history):
    """The fifty-first is not taken, and the others stay."""
    for number in range(notes.MOST):
        assert notes.add(history.store, Note(OP, str(number), NOON))
    assert not notes.add(history.store, Note(OP, "one more", NOON))
    assert len(notes.of_all(history.store)[OP]) == notes.MOST


def test_a_kit_says_what_is_due_of_what_it_has(tmp_path):
    """In a kit of two operations these are due, with notes, and nothing else is known."""
    kit.write(str(tmp_path / "kit.zip"), PROJECT, {"losses": ["huber_loss", "hinge_loss"]})
    with zipfile.ZipFile(tmp_path / "kit.zip") as archive:
        archive.extractall(tmp_path)
    data = {"KATA_DATA": str(tmp_path / "data"), "cwd": Path(tmp_path / "kata-kit")}
    grade("--note", "hinge_loss", "a kink", **data)
    said = grade("--due", **data)
    assert said.returncode == 0, said.stderr
    assert [line.split()[0] for line in said.stdout.splitlines() if line.endswith("minutes)")] == [
        "huber_loss",
        "hinge_loss",
    ]
    assert "a kink" in said.stdout
    assert "--watch: needs a terminal" in grade("--watch", "--due", **data).stderr  # and is not refused before
    assert grade("--note", "affine", "x", **data).returncode == 4
