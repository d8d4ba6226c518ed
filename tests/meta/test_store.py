"""The file that the history is kept in survives two writers, kills, and what people do to files."""

import gc
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.practice import notes, store
from tests.harness.practice.notes import Note
from tests.harness.practice.store import SCHEMA
from tests.meta import HANGS
from tests.meta.test_history import GREEN, HALF, STUB, noted, opened

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A data folder that is not there yet."""
    monkeypatch.setenv("KATA_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def writer(folder: Path, project: str, count: int) -> subprocess.Popen:
    command = [sys.executable, "-m", "tests.meta.history_writer", str(folder), project, str(count)]
    return subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("projects", [("here", "here"), ("here", "there")])
def test_two_processes_write_at_once_and_lose_nothing(projects, folder):
    """Of two processes with 200 records each, in one project or two, every record is there."""
    writers = [writer(folder, project, 200) for project in projects]
    assert [w.wait(timeout=HANGS) for w in writers] == [0, 0]
    with sqlite3.connect(folder / store.NAME) as db:
        assert db.execute("SELECT count(*) FROM run").fetchone() == (400,)
        assert db.execute("SELECT count(*) FROM verdict").fetchone() == (400,)
        assert db.execute("SELECT count(*) FROM round").fetchone() == (len(set(projects)),)


def test_a_kill_in_the_middle_of_writing_loses_nothing_that_was_written(folder):
    """After kill -9 in a loop of writes, what was told to be written is there, whole, and writing goes on."""
    for _ in range(3):
        process = writer(folder, "here", 10_000)
        written = 0
        for line in process.stdout:
            written = int(line)
            if written == 25:
                process.send_signal(signal.SIGKILL)
        process.wait()
        history = opened(folder)
        history.note({"f": {"forward": "pass"}}, {"f": "x"}, 5000.0)
        assert not history.notices
        with sqlite3.connect(folder / store.NAME) as db:
            runs, verdicts = (db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("run", "verdict"))
        assert runs == verdicts > written
        store.forget()


def _nonsense(file: Path) -> None:
    file.write_bytes(os.urandom(5000))


def _text(file: Path) -> None:
    file.write_text("dear diary\n" * 1000)


def _torn(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 3])


def _hole(file: Path) -> None:
    """Bytes overwritten in the middle of the pages of the tables."""
    content = bytearray(file.read_bytes())
    for start in range(4096, len(content), 4096):
        content[start : start + 64] = b"\xff" * 64
    file.write_bytes(content)


def _misspelt(file: Path) -> None:
    """What is stored is changed, and the pages are whole."""
    content = file.read_bytes()
    assert b'"forward": "pass"' in content
    file.write_bytes(content.replace(b'"forward": "pass"', b'"forward":  pass"'))


def _no_table(file: Path) -> None:
    with sqlite3.connect(file) as db:
        db.execute("DROP TABLE round")


def _something_else(file: Path) -> None:
    file.unlink()
    with sqlite3.connect(file) as db:
        db.execute("CREATE TABLE recipe (name TEXT)")


def _folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


DAMAGE = (_nonsense, _text, _torn, _hole, _misspelt, _no_table, _something_else, _folder)


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__.strip("_"))
@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_a_damaged_file_is_kept_aside_and_a_new_one_begun(damage, when, folder):
    """Whatever was done to the file, before or while it is used: one line, the old file kept, and the next record is there."""
    history = opened(folder)
    for minute in range(20):
        history.note({f"op{n}": HALF for n in range(40)}, {f"op{n}": str(minute) for n in range(40)}, minute)
    damage(folder / store.NAME)
    damaged = _content(folder / store.NAME)
    if when == "before":
        history = opened(folder)
    noted(history, (1, "a", STUB), (2, "b", GREEN))
    (line,) = history.notices
    (aside,) = folder.glob("history.damaged-*.db")
    assert str(aside) in line
    assert "a new one is begun" in line
    assert "\n" not in line
    assert _content(aside) == damaged
    again = opened(folder)
    assert [r.time for r in again.rounds()] == [60.0]
    assert not again.notices


def test_damage_where_nobody_reads_is_noticed_too(folder):
    """A page of old verdicts that is overwritten is noticed when the file is opened, not when it is too late."""
    history = opened(folder)
    for minute in range(20):
        history.note({f"op{n}": HALF for n in range(40)}, {f"op{n}": str(minute) for n in range(40)}, minute)
    content = bytearray((folder / store.NAME).read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = b"\xff" * 4096
    (folder / store.NAME).write_bytes(content)
    (line,) = opened(folder).notices
    assert "a new one is begun" in line


def test_an_empty_file_is_a_history_that_is_empty(folder):
    """A file of no bytes is begun without a word."""
    folder.mkdir()
    (folder / store.NAME).touch()
    history = noted(opened(folder), (1, "a", STUB))
    assert len(history.rounds()) == 1
    assert not history.notices


def test_a_file_of_the_first_version_goes_on(folder):
    """What came since is added to it, and what it holds stays."""
    noted(opened(folder), (1, "a", STUB), (2, "b", GREEN))
    with sqlite3.connect(folder / store.NAME) as db:
        db.executescript(
            "".join(f"DROP TABLE {t};" for t in ("note", "mistake", "planted", "hunt")) + "PRAGMA user_version = 1"
        )
    history = opened(folder)
    assert notes.add(history.store, Note("f", "a note", 1.0))
    history.note_mistakes({"f": ["gw is negated"]}, 130.0)
    assert [r.time for r in opened(folder).rounds()] == [60.0]
    assert not history.notices


def test_a_newer_file_is_left_alone(folder):
    """A file of a later version is not touched; practice goes on without it, with one line."""
    opened(folder)
    with sqlite3.connect(folder / store.NAME) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    before = (folder / store.NAME).read_bytes()
    history = noted(opened(folder), (1, "a", STUB), (2, "b", GREEN))
    assert (folder / store.NAME).read_bytes() == before
    assert [r.time for r in history.rounds()] == [60.0]
    (line,) = history.notices
    assert "newer version of the kata" in line


def test_a_folder_that_cannot_be_made_is_done_without(folder):
    """Where a file is in the way of the folder, practice goes on without a history, with one line."""
    folder.write_text("in the way")
    history = noted(opened(folder), (1, "a", STUB), (2, "b", GREEN))
    assert [r.time for r in history.rounds()] == [60.0]
    (line,) = history.notices
    assert line.startswith("nothing is recorded")
    assert folder.read_text() == "in the way"


def test_forgetting_deletes_everything_and_says_so(folder):
    """The history and what was kept aside are gone; a second time there is nothing to delete."""
    opened(folder)
    (folder / store.NAME).write_text("damaged" * 200)
    opened(folder)
    said = store.forget()
    assert store.NAME in said
    assert "history.damaged-" in said
    assert not folder.exists()
    assert store.forget() == f"there is no history in {folder}"


def test_no_descriptor_is_left(folder):
    """Fifty records leave no descriptor behind."""
    history = opened(folder)
    gc.collect()  # what other tests left open goes now, and not in between
    before = len(os.listdir("/dev/fd"))
    noted(history, *((minute, str(minute), HALF) for minute in range(50)))
    assert len(os.listdir("/dev/fd")) == before


def _content(path: Path) -> bytes:
    return b"" if path.is_dir() else path.read_bytes()
