"""`pytest --history`: the table, the sparklines and the page."""

import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree

import pytest

from tests.harness.practice import notes
from tests.harness.practice.history import History, Timer
from tests.harness.practice.notes import Note
from tests.harness.practice.practice import minutes
from tests.harness.practice.progress import rows, sparkline, told
from tests.harness.practice.store import NAME, Store, data_folder
from tests.harness.rows.names import pars
from tests.meta.runs import PROJECT, grade

HOSTILE = "keep <b>gb</b>\u202e \x1b[2J {{ 7 * 7 }}"
NOON = time.mktime((2026, 5, 12, 12, 0, 0, 0, 0, -1))


def test_lengths_of_time_read_as_people_say_them():
    """Minutes and seconds, and hours where there are any."""
    assert [minutes(s) for s in (0.4, 61, 252, 3599, 3852)] == ["0:00", "1:01", "4:12", "59:59", "1:04:12"]


def test_a_sparkline_is_blocks_or_ascii():
    """The last ten values, in blocks, or in ASCII where the terminal's encoding has none."""
    assert sparkline([0, 1, 4, 8], "utf-8") == "▁▂▅█"
    assert sparkline(range(20), "ascii", 19).isascii()
    assert len(sparkline(range(20), "ascii")) == 10
    assert sparkline([], "utf-8") == ""


@pytest.fixture
def practised(tmp_path, monkeypatch) -> Store:
    """A history with a hostile folder's name, an operation that this kata does not have, rounds and a clock."""
    monkeypatch.setenv("KATA_DATA", str(tmp_path / "data"))
    op, other, *_ = pars()
    history = History(Store(data_folder()), "/tmp/<script>alert(1)</script>&\"'")
    history.start(Timer(NOON, 20.0, (op, other)))
    every = dict.fromkeys(("forward", "gradient", "pure", "stable"), "pass")
    for start, length in ((0, 400), (600, 252)):
        stub = dict.fromkeys(every, "todo")
        history.note(
            {op: stub, other: stub, "<b>gone</b>": stub}, {op: "s", other: "s", "<b>gone</b>": "s"}, NOON + start
        )
        history.note({op: every, "<b>gone</b>": every}, {op: "a", "<b>gone</b>": "a"}, NOON + start + length)
    history.note_hint(op, 1, NOON)
    history.note_hint(op, 3, NOON)
    notes.add(history.store, Note(op, HOSTILE, NOON))
    return Store(data_folder())


def test_the_history_is_a_table(practised):
    """Operations in order of study with best, par and hints, then the sessions, in 80 columns, also in ASCII."""
    op, other, *_ = pars()
    text = told(practised, "", "utf-8", NOON + 3600)
    lines = text.splitlines()
    (row,) = (line for line in lines if line.startswith(f"  {op} "))
    assert row.split() == [op, "2", "2", "2:06", "2:06", f"{pars()[op]}:00", "1/0/1", "█▆"]
    assert not any(line.startswith(f"  {other} ") for line in lines)
    assert lines[next(n for n, line in enumerate(lines) if "<b>gone</b>" in line) - 1] == "not in this kata"
    assert "50.00 at the bell" in text
    assert max(len(line) for line in lines if "kept in" not in line) <= 80
    assert told(practised, "", "ascii", NOON + 3600).isascii()
    assert [r.op for r in rows(History(practised, ""))] == [op, "<b>gone</b>"]


def test_what_is_due_and_noted_is_in_the_table_and_on_the_page(practised, tmp_path):
    """The first line says what is due; a note stands below its operation; whatever it holds is text in both."""
    op = next(iter(pars()))
    text = told(practised, str(tmp_path / "h.html"), "utf-8", NOON + 4 * 86400)
    lines = text.splitlines()
    assert lines[0].startswith(f"due today: {op}, ")
    assert lines[0].endswith("(pytest --due says why)")
    (place,) = (n for n, line in enumerate(lines) if line.startswith(f"  {op} "))
    assert lines[place + 1] == r"      note of 2026-05-12: keep <b>gb</b>\u202e \x1b[2J {{ 7 * 7 }}"
    page = (tmp_path / "h.html").read_text()
    assert page.count(r"keep &lt;b&gt;gb&lt;/b&gt;\u202e \x1b[2J {{ 7 * 7 }}") == 2  # where it is due, and in the table
    assert "green 4 days ago, on 2026-05-12" in page


def test_the_name_of_an_operation_from_elsewhere_is_text(tmp_path):
    """A name that would clear the screen is spelled out."""
    notes.add(Store(tmp_path), Note("\x1b[2J", "a note", NOON))
    assert r"  \x1b[2J " in told(Store(tmp_path), "", "utf-8", NOON)


def test_the_page_is_whole_safe_and_of_one_piece(practised, tmp_path):
    """The page is well-formed, has a curve for each operation, escapes all names, and fetches nothing."""
    told(practised, str(tmp_path / "h.html"), "utf-8", NOON + 3600)
    page = (tmp_path / "h.html").read_text()
    assert "<script" not in page
    assert "<b>gone" not in page
    assert "&lt;b&gt;gone" in page
    for outside in ("http://", "https://", "src=", "url(", "@import", "href="):
        assert outside not in page
    closed = re.sub(r"(<meta[^>]*|<wbr)>", r"\1/>", page.replace("<!doctype html>", ""))
    tree = ElementTree.fromstring(closed)
    assert len(tree.findall(".//polyline")) == 2 + 1 + 1  # two operations, a session, and all sessions
    assert len(tree.findall(".//circle")) == 2 + 2 + 4 + 1


def test_an_empty_history_says_how_it_begins(tmp_path):
    """Nothing practised: what to begin with, one line more, and a page that says so as well."""
    first, second, *_ = told(Store(tmp_path), str(tmp_path / "h.html"), "utf-8", NOON).splitlines()
    assert first.startswith(f"due today: {next(iter(pars()))}, ")
    assert second.startswith("no history yet: it begins with pytest --impl=kata")
    assert "No history yet" in (tmp_path / "h.html").read_text()


def test_the_history_is_shown_and_forgotten_without_torch(tmp_path):
    """`pytest --history` and `pytest --forget` say what they did, and import neither torch nor the tests."""
    folder = tmp_path / "Zoë"  # which the terminal cannot spell
    practice = History(Store(folder), "here")
    practice.note({next(iter(pars())): dict.fromkeys(("forward", "gradient"), "pass")}, {}, NOON)
    command = [sys.executable, "-X", "importtime", "-m", "pytest"]
    settings = os.environ | {"KATA_DATA": str(folder), "PYTHONIOENCODING": "ascii"}
    for arguments, said in ((["--history"], "sessions"), (["--forget"], "deleted from")):
        run = subprocess.run(
            [*command, *arguments], cwd=PROJECT, env=settings, capture_output=True, text=True, check=True
        )
        assert said in run.stdout
        assert not re.search(r"\| +(torch|numpy)$", run.stderr, re.MULTILINE)
    assert not (folder / NAME).exists()
    wrong = grade("--history=h.txt", KATA_DATA=str(tmp_path))
    assert wrong.returncode == 4
    assert "--history=h.txt: the name should end in .html" in wrong.stderr
