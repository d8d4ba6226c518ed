"""The clock, the draw of a mock interview, and what they do in a run."""

import re
import sqlite3
import tempfile
import time

import pytest

from tests.harness.display.result import Result
from tests.harness.practice.clock import Asked, Clock, minutes_of, sample_of
from tests.harness.practice.history import GAP, Timer
from tests.harness.practice.interview import drawn, written
from tests.harness.practice.practice import Practice
from tests.harness.practice.store import NAME, data_folder
from tests.harness.rows.catalogue import operations
from tests.harness.rows.names import outline, pars
from tests.meta.runs import PROJECT, grade

NOON = time.mktime((2026, 5, 12, 12, 0, 0, 0, 0, -1))
CLOCK = Clock(Timer(NOON, 45.0, ("f", "g")), 61.9)
INTERVIEW = Clock(Timer(NOON, 38.0, ("f", "g"), 2, 7), 50.0)
ROWS = [pytest.param(level, op, id=op.name) for level, ops in operations().items() for op in ops]
LEVELS = {"easy": ["a", "b", "c", "d"], "middle": ["e", "f"], "hard": ["g", "h", "i"]}


@pytest.fixture
def practice(tmp_path, monkeypatch) -> Practice:
    """A practice of its own, in a folder that has no history yet."""
    monkeypatch.setenv("KATA_DATA", str(tmp_path / "data"))
    return Practice.open(tmp_path)


def results(op: str, *statuses: str) -> list[Result]:
    properties = ("forward", "gradient", "pure", "stable")
    rest = {"why": "", "parts": [], "hints": [], "seconds": 0.0, "example": {}}
    return [
        Result("kata", 0, "level", op, prop, status, **rest, yours=None, torch=None, picture=None)
        for prop, status in zip(properties, statuses, strict=True)
    ]


@pytest.mark.parametrize(("level", "op"), ROWS)
def test_a_row_has_a_par_time_and_the_outline_has_the_row(level, op):
    """Par is 3 to 45 minutes, and what is read from the text of the rows is what they are."""
    assert isinstance(op.par, int)
    assert 3 <= op.par <= 45
    assert list(outline()[level]) == [row.name for row in operations()[level]]
    assert outline()[level][op.name] == pars()[op.name] == op.par


SAID = {
    "just started": (0, "45:00 left", {}, ""),
    "half a second on": (0.5, "45:00 left", {}, ""),
    "on the way": (108, "43:12 left", {}, ""),
    "ten minutes": (35 * 60, "10:00 left", {"yellow": True}, "the last 10 minutes"),
    "a minute": (44 * 60, "1:00 left", {"red": True}, "the last minute"),
    "a second": (45 * 60 - 1, "0:01 left", {"red": True}, "the last minute"),
    "the bell": (45 * 60, "the bell rang at 12:45: 61.90 at the bell", {"bold": True}, ""),
    "a day later": (86400, "the bell rang at 12:45 on 2026-05-12: 61.90 at the bell", {"bold": True}, ""),
}


@pytest.mark.parametrize(("seconds", "text", "markup", "warning"), SAID.values(), ids=SAID.keys())
def test_the_clock_says_what_is_left(seconds, text, markup, warning):
    """Minutes and seconds, yellow in the last ten minutes, red in the last one, and then the score at the bell."""
    assert CLOCK.line(NOON + seconds) == (text, markup)
    assert CLOCK.warning(NOON + seconds) == warning


def test_the_clock_warns_once_at_ten_minutes_at_one_and_at_the_end():
    """Second by second, three things are told; after a pause the last of them; a short clock has fewer."""
    seconds = [(n, CLOCK.crossed(NOON + n - 1, NOON + n)) for n in range(1, 46 * 60)]
    assert [(n, said) for n, said in seconds if said] == [
        (35 * 60, "10 minutes left"),
        (44 * 60, "1 minute left"),
        (45 * 60, "time is up"),
    ]
    assert CLOCK.crossed(NOON, NOON + 3000) == "time is up"
    short = Clock(Timer(NOON, 5.0, ("f",)), 0.0)
    assert short.crossed(NOON - 1, NOON + 60) is None
    assert short.warning(NOON + 60) == ""


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "1e9", "1441", "soon", "", "45m"])
def test_nonsense_for_minutes_is_refused(text):
    """What is no length of time, or longer than a day, gets a line that says what should be there."""
    with pytest.raises(pytest.UsageError, match=rf"^--minutes={text}: should be a number of minutes"):
        minutes_of(text)


@pytest.mark.parametrize("text", ["0", "-1", "nan", "1.5", "six", "", "²", "9" * 5000])
def test_nonsense_for_a_sample_is_refused(text):
    """What is no number of operations gets a line that says what should be there."""
    with pytest.raises(pytest.UsageError, match=r"should be the number of operations"):
        sample_of(text)


def test_minutes_may_be_fractions_and_a_day():
    """Fractions of a minute are taken, and up to 24 hours."""
    assert [minutes_of(text) for text in ("0.1", "45", "1440", None)] == [0.1, 45.0, 1440.0, None]
    assert sample_of("6") == 6


GOES_ON = {
    "nothing asked": (Asked(), CLOCK, False),
    "no clock yet": (Asked(minutes=45.0), None, True),
    "the same again": (Asked(minutes=45.0), CLOCK, False),
    "a new one in so many words": (Asked(minutes=30.0, restart=True), CLOCK, True),
    "the same interview again": (Asked(sample=2), INTERVIEW, False),
    "with its seed": (Asked(sample=2, seed=7), INTERVIEW, False),
    "with its minutes": (Asked(sample=2, minutes=38.0), INTERVIEW, False),
    "a new interview": (Asked(sample=3, restart=True), INTERVIEW, True),
}


@pytest.mark.parametrize(("asked", "clock", "starts"), GOES_ON.values(), ids=GOES_ON.keys())
def test_a_clock_starts_once_and_goes_on(asked, clock, starts):
    """The same question goes on with the clock that runs; --restart starts a new one."""
    assert asked.starts(clock, NOON + 60) is starts


REFUSED = {
    "other minutes": (Asked(minutes=40.0), CLOCK, "--minutes=40: a clock of 45 minutes is running (44:00 left)"),
    "an interview": (Asked(sample=2), CLOCK, "--sample=2: a clock of 45 minutes is running"),
    "another number": (
        Asked(sample=3),
        INTERVIEW,
        "--sample=3: a mock interview of 2 (--seed=7, 38 minutes) is running",
    ),
    "another seed": (Asked(sample=2, seed=8), INTERVIEW, "--sample=2 --seed=8: a mock interview of 2 (--seed=7,"),
    "its minutes": (Asked(sample=2, minutes=9.0), INTERVIEW, "--minutes=9 --sample=2: a mock interview of 2"),
}


@pytest.mark.parametrize(("asked", "clock", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_another_clock_while_one_runs_is_refused(asked, clock, said):
    """One line: what was asked, what runs, and the words that start a new one."""
    with pytest.raises(pytest.UsageError) as refusal:
        asked.starts(clock, NOON + 60)
    assert str(refusal.value).startswith(said)
    assert str(refusal.value).endswith(f"; for a new one: {asked} --restart")


def test_after_the_bell_practice_goes_on():
    """Any minutes go on with a line that says how to start anew; another interview must be started anew."""
    after = NOON + 3600
    for asked in (Asked(minutes=45.0), Asked(minutes=30.0)):
        assert asked.starts(CLOCK, after) is False
    assert Asked(minutes=45.0).refusal(CLOCK, after) == (
        "--minutes=45: a clock of 45 minutes has run out at 12:45 (61.90 at the bell); "
        "for a new one: --minutes=45 --restart"
    )
    assert Asked(sample=2).starts(INTERVIEW, after) is False
    with pytest.raises(pytest.UsageError, match="has run out"):
        Asked(sample=3).starts(INTERVIEW, after)
    with pytest.raises(pytest.UsageError, match=r"--restart: starts a clock anew"):
        Asked(restart=True).refuse_without_a_clock()


def test_the_score_freezes_at_the_bell_and_is_shown_while_the_session_lasts(practice):
    """Verdicts of runs that began before the bell count, later ones do not; after a long gap nothing is shown."""
    op, other, *_ = pars()
    practice.start(Timer(NOON, 10.0, (op, other)))
    practice.note(results(op, *["pass"] * 4), {op: "a"}, NOON)
    practice.note(results(op, "pass", "fail", "skip", "skip"), {op: "b"}, NOON + 599)
    assert practice.clock(NOON + 600).score == 15.0
    practice.note(results(op, *["pass"] * 4), {op: "a"}, NOON + 601)
    practice.note(results(op, *["pass"] * 4), {op: "a"}, NOON + 600 + GAP)
    assert practice.clock(NOON + 600 + GAP + 1).score == 15.0
    assert practice.clock(NOON + 601 + 2 * GAP) is None
    practice.note(results(op, *["pass"] * 4), {op: "a"}, NOON + 601 + 3 * GAP)
    assert practice.clock(NOON + 602 + 3 * GAP) is None
    assert practice.last_clock().score == 15.0


def test_practice_knows_best_par_and_hints(practice, tmp_path):
    """The shortest round is the best, of whatever folder; hints are counted from the beginning of the round."""
    op = next(iter(pars()))
    todo, green = results(op, *["todo"] * 4), results(op, *["pass"] * 4)
    for start, length in ((0, 252), (3600, 61)):
        practice.note(todo, {op: "stub"}, NOON + start)
        practice.note_hint(op, 1, NOON + start + 1)
        practice.note(green, {op: "a"}, NOON + start + length)
    assert (practice.best(op), practice.time(op), practice.par(op)) == (61, 61, pars()[op])
    assert practice.against_par(op) == f"1:01/{pars()[op]}"
    assert (practice.hints(op), practice.hints_taken(op)) == ({1: 2}, 1)
    practice.note_hint(op, 2, NOON + 4000)
    assert practice.hints_taken(op) == 2
    practice.note_reset([op], NOON + 5000)
    assert (practice.hints_taken(op), practice.time(op)) == (0, None)
    elsewhere = Practice.open(tmp_path / "clone")
    assert (elsewhere.best(op), elsewhere.time(op), elsewhere.hints_taken(op)) == (61, None, 0)


@pytest.mark.parametrize("count", range(1, 10))
def test_a_sample_is_spread_over_the_levels(count):
    """The seed decides; no level is asked twice more than another that has operations left; in order of study."""
    for seed in range(30):
        sample = drawn(LEVELS, count, seed)
        assert sample == drawn(LEVELS, count, seed)
        assert len(set(sample)) == len(sample) == count
        assert sample == [op for ops in LEVELS.values() for op in ops if op in sample]
        asked = {level: sum(op in sample for op in ops) for level, ops in LEVELS.items()}
        least = min((n for level, n in asked.items() if n < len(LEVELS[level])), default=9)
        assert max(asked.values()) <= least + 1


def test_samples_differ_and_stop_at_what_there_is():
    """Seeds draw different operations, all of them at some time; more than there are is all of them."""
    samples = {tuple(drawn(LEVELS, 3, seed)) for seed in range(60)}
    assert len(samples) > 15
    assert {op for sample in samples for op in sample} == {op for ops in LEVELS.values() for op in ops}
    assert len(drawn(LEVELS, 99, 1)) == 9


def test_what_is_written_already_is_told_from_stubs(tmp_path):
    """A stub raises NotImplementedError; what does not is written; of a broken module nothing is said."""
    (tmp_path / "a.py").write_text("def f():\n    raise NotImplementedError('f')\n\ndef g():\n    return 1\n")
    (tmp_path / "b.py").write_text("def h(:\n")
    assert written(tmp_path, {"f": "a", "g": "a", "h": "b", "i": "c"}, ["f", "g", "h", "i"]) == ["g"]


def test_a_clock_lasts_from_run_to_run(tmp_path):
    """Shown with and without the option, in a run of pytest-xdist too; after the bell the score stays, and a word starts anew."""
    data = {"KATA_DATA": str(tmp_path / "data")}
    op = next(iter(pars()))
    first = grade("--impl=kata", "--minutes=45", "-k", op, **data)
    assert re.search(r"^score 0 of 100\nclock: 4[45]:\d\d left\nnext: ", first.stdout, re.MULTILINE), first.stdout
    assert re.search(r"^clock: 4[0-5]:\d\d left$", grade("--impl=kata", "-n2", "-k", op, **data).stdout, re.MULTILINE)
    other = grade("--impl=kata", "--minutes=40", **data)
    assert (other.returncode, other.stdout) == (4, "")
    assert "for a new one: --minutes=40 --restart" in other.stderr
    grade("--impl=kata", "--minutes=0.001", "--restart", "-k", op, **data)
    after = grade("--impl=kata", "--minutes=0.001", "-k", op, **data).stdout
    assert re.search(r"^clock: the bell rang at \d\d:\d\d: 0\.00 at the bell$", after, re.MULTILINE)
    assert "--minutes=0.001 --restart" in " ".join(after.split())
    assert "clock: " not in grade("--impl=solutions", "-k", op, **data).stdout
    runs = sqlite3.connect(tmp_path / "data" / NAME).execute("SELECT count(*) FROM run").fetchone()
    assert runs == (4,)  # one each, with workers too, and none of the solutions


def test_an_interview_is_the_same_from_run_to_run(tmp_path):
    """The seed is said, the clock is the sum of the pars, and the command that `next:` says stays within it."""
    data = {"KATA_DATA": str(tmp_path / "data")}
    first = grade("--impl=kata", "--sample=2", **data).stdout
    seed = re.search(r"^mock interview: --sample=2 --seed=(\d+)$", first, re.MULTILINE)[1]
    asked = re.findall(r"^  (\w+) +TODO$", first, re.MULTILINE)
    assert asked == drawn({level: list(ops) for level, ops in outline().items()}, 2, int(seed))
    (following,) = re.findall(r"^next: pytest --impl=kata --sample=2 --op=(\w+)  \(", first, re.MULTILINE)
    assert following == asked[0]
    total = sum(pars()[op] for op in asked)
    assert re.search(rf"^clock: ({total}:00|{total - 1}:\d\d) left", first, re.MULTILINE)
    again = grade("--impl=kata", "--sample=2", "-n2", **data).stdout
    assert f"mock interview: --sample=2 --seed={seed}\n" in again
    assert re.findall(r"^  (\w+) +TODO$", again, re.MULTILINE) == asked
    few = grade("--impl=kata", "--sample=99", "--restart", **data)
    assert few.returncode == 4
    assert few.stderr.strip().startswith("ERROR: --sample=99: there are only")


def test_a_clock_is_for_your_own_answers():
    """With anything but --impl=kata the clock is refused in one line."""
    for arguments in (["--impl=solutions", "--minutes=45"], ["--sample=6"], ["--kit=kit.zip", "--sample=2"]):
        run = grade(*arguments)
        assert run.returncode == 4
        assert "goes with --impl=kata alone" in run.stderr
        assert len(run.stderr.strip().splitlines()) == 1


def test_hints_are_counted(tmp_path, monkeypatch):
    """`--hint` twice gives and records two levels."""
    op = next(iter(pars()))
    for _ in range(2):
        grade("--hint", op, KATA_DATA=str(tmp_path))
    monkeypatch.setenv("KATA_DATA", str(tmp_path))
    assert Practice.open(PROJECT).hints(op) == {1: 1, 2: 1}


def test_the_harness_s_own_tests_keep_their_history_elsewhere():
    """What the meta tests run writes into a folder that is thrown away."""
    assert data_folder().is_relative_to(tempfile.gettempdir())
    assert "backprop-kata" not in str(data_folder())
