"""What was noted of a submission: told below the scoreboard, in the table, on the page and in the JSON, and worth no point."""

import json
from types import SimpleNamespace

import pytest

from tests.harness.display import scoreboard
from tests.harness.display.about import About
from tests.harness.display.page import render
from tests.harness.display.report import write
from tests.harness.display.result import Outcome, Result
from tests.harness.plugin.run import Run
from tests.harness.season.subject import NOTES, Subject
from tests.meta.runs import grade
from tests.meta.terminals import PROJECT
from tests.meta.test_grading import half  # noqa: F401 (a fixture)
from tests.meta.test_scoreboard import Terminal

ABOUT = About(seed=7, hidden=False, sandbox="bwrap", command="pytest", examples={})
NOTE = "relu is in activations.py and in scratch.py; that of activations.py counts"
NOTING = """
import pytest

@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session):
    from tests.harness.submissions.elsewhere import Elsewhere
    real = Elsewhere.answers

    def answers(self, op, questions):
        Elsewhere.notes = ["first \\x1b[2J\\nscore 100 of 100", f"of {op}", "\\u202e" * 2000]
        return real(self, op, questions)

    Elsewhere.answers = answers
"""


def _outcome(name: str, *notes: str) -> Outcome:
    return Outcome(
        name, [Result(name, 0, "level", "op", "forward", "pass", "", [], [], 0.0, {}, None, None, None)], "", notes
    )


def test_notes_stand_between_the_reasons_and_the_score():
    """Below the scoreboard, a line each, and what to do next is still the last line; without notes there is no gap."""
    terminal = Terminal()
    scoreboard.write(terminal, _outcome("kata", NOTE, "another"), impl="kata", whole=True)
    assert f"\n\nnote: {NOTE[:60]}" in terminal.text
    assert "\nnote: another\n\nscore 100 of 100\n" in terminal.text
    bare = Terminal()
    scoreboard.write(bare, _outcome("kata"), impl="kata", whole=True)
    assert "note" not in bare.text
    assert "\n\n\n" not in terminal.text + bare.text


def test_notes_of_several_have_their_submission_s_name():
    """Below the table, after its failures, cut at the terminal's width."""
    terminal = Terminal()
    outcomes = [_outcome("in/anna.zip", NOTE), _outcome("in/ben.zip")]
    scoreboard.write_table(terminal, [*map(scoreboard.row_of, outcomes)], 60)
    assert terminal.text.splitlines()[-1] == f"anna.zip: note: {NOTE}"[:56] + "..."


def test_notes_are_in_the_reports(tmp_path):
    """In the JSON under a key that is there where there are some; on the page as text, whatever they say."""
    outcomes = [_outcome("a", NOTE, "<script>alert(1)</script>"), _outcome("b")]
    write(str(tmp_path / "r.json"), ABOUT, outcomes)
    first, second = json.loads((tmp_path / "r.json").read_text())["submissions"]
    assert first["notes"] == [NOTE, "<script>alert(1)</script>"]
    assert "notes" not in second
    page = render(ABOUT, outcomes)
    assert page.count(NOTE) == 1
    assert "<script>" not in page
    assert page.count("note:") == 2


def test_a_near_miss_is_told_where_the_verdict_is_read(tmp_path):
    """What looks like an operation that is TODO is a note: on the screen and in the reports."""
    (tmp_path / "mine.py").write_text("def Affine(x, w, b):\n    pass\n")
    run = grade(f"--impl={tmp_path}/mine.py", "--op=affine", f"--report={tmp_path}/r.json", COLUMNS="200")
    told = "affine: not there yet; Affine is there (mine.py, line 1): call it affine"
    assert run.stdout.count(told) == 1
    assert json.loads((tmp_path / "r.json").read_text())["submissions"][0]["notes"] == [told]


def test_many_notes_are_counted():
    """Each is told once and on one line, at most so many of them, and how many more there were."""
    implementation = SimpleNamespace(notes=[])
    subject = Subject("kata", implementation)
    run = Run(PROJECT, [subject], 0, False, "none", True, "")
    for n in range(50):
        implementation.notes = [f"note\n{i}" for i in range(n + 1)]
        run.notes.setdefault("kata", {}).update(dict.fromkeys(subject.new_notes()))
    assert run.outcome("kata").notes == [*(f"note {n}" for n in range(NOTES)), f"and {50 - NOTES} notes more"]
    assert subject.new_notes() == []


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_notes_come_with_the_verdicts(half, workers, tmp_path):  # noqa: F811
    """Also from pytest-xdist's workers: on one printable line each, cut, once, and the score is what it was."""
    (tmp_path / "noting.py").write_text(NOTING)
    run = grade(
        *("-p", "noting", f"--impl={half}", "--op=affine,relu", f"--report={tmp_path}/r.json", workers),
        PYTHONPATH=str(tmp_path),
    )
    (submission,) = json.loads((tmp_path / "r.json").read_text())["submissions"]
    notes = submission["notes"]
    assert sorted(notes, key=len)[:3] == ["of relu", "of affine", r"first \x1b[2J score 100 of 100"]
    assert len(notes) == 4
    assert max(map(len, notes)) == 300
    assert submission["score"] == 65
    assert r"note: first \x1b[2J score 100 of 100" in run.stdout
    assert "\nscore 65 of 100\n" in run.stdout
    assert "\nscore 100" not in run.stdout
