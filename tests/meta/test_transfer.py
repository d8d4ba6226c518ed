"""`--history=FILE.json` and `--import=FILE.json`: the history on another machine, nothing twice, nothing lost, nothing believed."""

import copy
import json
import os
import sqlite3
import time
from pathlib import Path

import pytest

from tests.harness.practice import notes, transfer
from tests.harness.practice.form import Unreadable
from tests.harness.practice.history import History, Timer
from tests.harness.practice.notes import Note
from tests.harness.practice.practice import Practice
from tests.harness.practice.store import NAME, Store
from tests.meta.runs import grade
from tests.meta.test_history import GREEN, HALF, STUB, noted

NOW = 1_000_000.0
_OF = "JOIN session ON session.id = session"
HELD = {
    "session": "project, began, ended, marked FROM session",
    "run": f"project, began, moment FROM run {_OF}",
    "verdict": f"project, moment, op, code, statuses, earned, possible FROM verdict JOIN run ON run.id = run {_OF}",
    "mistake": f"project, began, op, said, moment FROM mistake {_OF}",
    "round": "project, op, began, attempts, seconds, green FROM round",
    "hint": "project, op, level, moment FROM hint",
    "clock": "project, started, minutes, scope, sample, seed FROM clock",
    "note": "op, text, moment FROM note",
}


def content(store: Store) -> dict[str, list]:
    """All that the history holds, without the numbers of rows, and without the code that was seen last here."""
    return {
        table: store.transact(lambda db, sql=sql: sorted(db.execute(f"SELECT {sql}"), key=str))
        for table, sql in HELD.items()
    }


def practised(folder: Path, project: str = "here", start: float = 0.0) -> History:
    """Something of everything, from this minute on."""
    history = History(Store(folder), project)
    noted(history, (start, "s", STUB), (start + 3, "a", HALF, {"g": ("a", GREEN)}), (start + 5, "b", GREEN))
    history.note_mistakes({"f": ["gw is negated"]}, 60 * (start + 3))
    history.note_hint("f", 2, 60 * (start + 4))
    history.start(Timer(60 * start, 30.0, ("f", "g"), 2, 7))
    for _ in range(2):  # twice at one moment
        history.note_hint("g", 1, 60 * start)
    notes.add(history.store, Note("f", f"noted at {start}: 'ü' \u2028 \x00", 60 * start))
    return history


def moved(source: Store, target: Store, file: Path) -> str:
    """What is said when the one is written to the file and merged into the other."""
    file.write_bytes(transfer.written(source))
    return transfer.merge(target, transfer.read(str(file), NOW))


def test_what_is_read_on_another_machine_is_all_of_it(tmp_path):
    """Into an empty history: the same sessions, rounds, hints, clocks and notes, and so the same answers to everything."""
    here, there = practised(tmp_path / "here"), History(Store(tmp_path / "there"), "here")
    said = moved(here.store, there.store, tmp_path / "h.json")
    assert said == "3 runs, 2 rounds, 3 hints, 1 clock, 1 note new here"
    assert content(there.store) == content(here.store)
    for ask in (History.rounds, History.timer, History.hinted, lambda h: h.sessions(NOW), lambda h: h.hints("f")):
        assert ask(there) == ask(here)
    assert all(content(here.store).values())


def test_a_second_time_nothing_comes(tmp_path):
    """The same file again, and the file of the machine that it was read on, change nothing."""
    here, there = practised(tmp_path / "here"), practised(tmp_path / "there", "there", 900)
    moved(here.store, there.store, tmp_path / "h.json")
    both = content(there.store)
    assert both["hint"].count(("there", "g", 1, 54_000.0)) == 2
    assert moved(here.store, there.store, tmp_path / "h.json") == "nothing that was not here already"
    assert content(there.store) == both
    moved(there.store, here.store, tmp_path / "h.json")
    assert content(here.store) == both
    assert moved(there.store, here.store, tmp_path / "h.json") == "nothing that was not here already"


def test_what_went_on_since_is_added(tmp_path):
    """Of a session that is known the later runs come, a round that is green by now is, and an older file takes nothing back."""
    here, there = practised(tmp_path / "here"), Store(tmp_path / "there")
    (tmp_path / "old.json").write_bytes(transfer.written(here.store))
    moved(here.store, there, tmp_path / "h.json")
    noted(here, (6, "s", STUB), (7, "c", HALF))
    moved(here.store, there, tmp_path / "h.json")
    noted(here, (9, "d", GREEN))
    assert moved(here.store, there, tmp_path / "h.json") == "1 run new here"
    assert content(there) == content(here.store)
    transfer.merge(there, transfer.read(str(tmp_path / "old.json"), NOW))
    assert content(there) == content(here.store)


def test_the_newest_round_and_clock_stay_the_last(tmp_path, monkeypatch):
    """What is older and comes later, from the same folder elsewhere, takes the place of nothing."""
    old = practised(tmp_path / "old", str(tmp_path))
    monkeypatch.setenv("KATA_DATA", str(tmp_path / "data"))
    practice = Practice.open(tmp_path)
    noted(practice.history, (900, "s", STUB), (904, "b", HALF))
    practice.start(Timer(54_000.0, 45.0, ("f",)))
    moved(old.store, practice.history.store, tmp_path / "h.json")
    again = Practice.open(tmp_path)
    assert again.last_clock().timer.minutes == 45.0
    assert not again.is_green("f")
    noted(again.history, (906, "c", GREEN))
    assert [r.time for r in again.history.rounds() if r.op == "f"] == [300.0, 360.0]


def _at(*path, value):
    """Puts a value at this place of the file's content."""

    def spoil(told: dict) -> dict:
        place = told
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
        return told

    return spoil


DAMAGE = {
    "no object": (lambda told: [told], "is no history: that is what pytest --history=FILE.json writes"),
    "foreign": (lambda told: {"schema": 1, "submissions": []}, "is no history"),
    "newer": (_at("schema", value=2), "is of a newer version of the kata (schema 2, this one reads 1): update the kata"),
    "no schema": (_at("schema", value=True), "is damaged: schema is True, and should be 1"),
    "a list is missing": (lambda told: {k: v for k, v in told.items() if k != "rounds"}, "is damaged: rounds is 'missing', and should be a list"),
    "an object for a list": (_at("sessions", value={}), "is damaged: sessions is dict of 0, and should be a list"),
    "no session": (_at("sessions", 0, value=7), "is damaged: sessions[0] is 7, and should be an object"),
    "text for a time": (_at("sessions", 0, "runs", 1, "moment", value="soon"), "is damaged: sessions[0].runs[1].moment is 'soon'"),
    "a time to come": (_at("rounds", 0, "green", value=NOW + 1e6), "is damaged: rounds[0].green is 2000000.0, and should be a time"),
    "no number": (_at("hints", 0, "level", value=True), "is damaged: hints[0].level is True, and should be a whole number"),
    "a huge number": (_at("rounds", 0, "attempts", value=10**400), "is damaged: rounds[0].attempts is 1000"),
    "infinity": (_at("rounds", 0, "seconds", value=float("inf")), "cannot be read as JSON"),
    "a long name": (_at("notes", 0, "op", value="x" * 101), "is damaged: notes[0].op is"),
    "a long note": (_at("notes", 0, "text", value="x" * 501), "is damaged: notes[0].text is"),
    "half a character": (_at("notes", 0, "text", value="\ud800"), "is damaged: notes[0].text is"),
    "more points than possible": (_at("sessions", 0, "runs", 0, "verdicts", "f", value=["s", 0, 11, 10]), "is damaged: sessions[0].runs[0].verdicts.f is list of 4"),
    "no such statuses": (_at("sessions", 0, "runs", 0, "verdicts", "f", value=["s", -1, 0, 10]), "is damaged: sessions[0].runs[0].verdicts.f"),
    "another status": (_at("statuses", 0, "forward", value="\x1b[2J"), "is damaged: statuses[0]"),
    "a hostile name": (_at("sessions", 0, "runs", 0, "verdicts", "\x1b[2J\n" * 99, value=[]), r"is damaged: sessions[0].runs[0].verdicts.\x1b[2J \x1b[2J"),
    "a hostile scope": (_at("clocks", 0, "scope", value=["f", None]), "is damaged: clocks[0].scope is list of 2"),
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "said"), DAMAGE.values(), ids=DAMAGE.keys())
def test_what_is_no_history_is_one_line_and_changes_nothing(spoil, said, tmp_path):
    """The line names the place and what should be there, safe to show; and the history is what it was."""
    told = json.loads(transfer.written(practised(tmp_path / "there").store))
    (tmp_path / "h.json").write_text(json.dumps(spoil(copy.deepcopy(told))))
    with pytest.raises(Unreadable) as refusal:
        transfer.read(str(tmp_path / "h.json"), NOW)
    line = str(refusal.value)
    assert said in line
    assert line.isprintable()
    assert len(line) < 300


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-30])


def _other(file: Path) -> None:
    file.write_bytes(b"\xff\xfe{}")


def _deep(file: Path) -> None:
    file.write_text("[" * 200_000)


def _folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def _pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def _gone(file: Path) -> None:
    file.unlink()


def _large(file: Path) -> None:
    os.truncate(file, transfer.MOST + 1)


_NO_JSON = "is no history, or is damaged: it cannot be read as JSON"
_NO_FILE = "is no file"
FILES = {
    **dict.fromkeys((_cut, _other, _deep), _NO_JSON),
    **dict.fromkeys((_folder, _pipe), _NO_FILE),
    _gone: "cannot be read: No such file or directory",
    _large: "is larger than 32 MB: no history is",
}


@pytest.mark.parametrize(("spoil", "said"), FILES.items(), ids=[spoil.__name__[1:] for spoil in FILES])
def test_what_is_no_file_that_can_be_read_is_one_line(spoil, said, tmp_path):
    """Whatever lies there, nothing is waited for and no memory is filled."""
    file = tmp_path / "h.json"
    file.write_bytes(transfer.written(practised(tmp_path / "there").store))
    spoil(file)
    with pytest.raises(Unreadable) as refusal:
        transfer.read(str(file), NOW)
    assert str(refusal.value) == said


def test_the_commands(tmp_path):
    """Written, read, read again; refused with status 4 and one line, and then the file of the history is what it was."""
    start = (time.time() - 86400) // 60
    practised(tmp_path / "here", "here", start)
    file = tmp_path / "h.json"
    written = grade(f"--history={file}", KATA_DATA=str(tmp_path / "here")).stdout
    assert written.splitlines()[0].startswith("due today: ")
    assert written.splitlines()[-1] == f"{file}: written"
    for said in ("3 runs, 2 rounds, 3 hints, 1 clock, 1 note new here", "nothing that was not here already"):
        assert grade(f"--import={file}", KATA_DATA=str(tmp_path / "there")).stdout == f"{file}: {said}\n"
    before = (tmp_path / "there" / NAME).read_bytes()
    file.write_text(file.read_text().replace('"schema": 1', '"schema": 2'))
    refused = grade(f"--import={file}", KATA_DATA=str(tmp_path / "there"))
    assert (refused.returncode, refused.stdout) == (4, "")
    assert refused.stderr.strip().startswith(f"ERROR: --import={file}: is of a newer version of the kata")
    assert (tmp_path / "there" / NAME).read_bytes() == before


def test_where_nothing_lasts_nothing_is_imported(tmp_path):
    """A history that cannot be written refuses, and does not say that it has it."""
    (tmp_path / "h.json").write_bytes(transfer.written(practised(tmp_path / "here").store))
    (tmp_path / "file").touch()
    run = grade(f"--import={tmp_path}/h.json", KATA_DATA=str(tmp_path / "file" / "none"))
    assert (run.returncode, run.stdout) == (4, "")
    assert "nothing is recorded" in run.stderr


def test_nothing_that_is_kept_is_forgotten_here(tmp_path):
    """The comparison above is of all tables but the one that only tells which code was seen last."""
    practised(tmp_path)
    with sqlite3.connect(tmp_path / NAME) as db:
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert tables - {"hunt", "planted"} == {*HELD, "code"}  # these: see below


def hunts_of(store: Store) -> list:
    sql = "SELECT project, started, seed, levels, ended, op, before, users, found FROM hunt JOIN planted ON hunt.id = hunt"
    return store.transact(lambda db: sorted(db.execute(sql), key=str))


def test_hunts_that_are_over_come_too(tmp_path):
    """Once, with what was planted and when it was found; one that is on stays with its code; a seed that is none is refused."""
    here, there = Store(tmp_path / "here"), Store(tmp_path / "there")
    for number, ended in ((1, 100.0), (2, None)):
        row = (number, "here", 10.0 * number, 30.0, "7", '["losses"]', "[]", ended)
        here.transact(lambda db, row=row: db.execute("INSERT INTO hunt VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row))
        row = (number, 0, "f", "sign", "named", "losses", "f", "a = 1", "a = -1", 0, '["g"]', 50.0)
        here.transact(lambda db, row=row: db.execute(f"INSERT INTO planted VALUES ({'?, ' * 11}?)", row))
    assert moved(here, there, tmp_path / "h.json") == "1 hunt new here"
    assert hunts_of(there) == [("here", 10.0, "7", '["losses"]', 100.0, "f", "a = 1", '["g"]', 50.0)]
    assert moved(here, there, tmp_path / "h.json") == "nothing that was not here already"
    assert len(hunts_of(there)) == 1
    assert moved(here, Store(tmp_path / "new"), tmp_path / "h.json") == "1 hunt new here"
    told = json.loads((tmp_path / "h.json").read_text())
    told["hunts"][0]["seed"] = "seven"
    (tmp_path / "h.json").write_text(json.dumps(told))
    with pytest.raises(Unreadable, match=r"hunts\[0\]\.seed is 'seven', and should be a whole number"):
        transfer.read(str(tmp_path / "h.json"), NOW)
