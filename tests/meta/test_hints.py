"""`--hint`: the three hints of a solution are given one at a time, and then the place of the solution."""

import inspect
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

import pytest

from tests.harness.practice.hints import LAST, hint_lines, next_hint
from tests.harness.rows.catalogue import operations
from tests.harness.rows.names import closest, names_by_level
from tests.meta.runs import PROJECT, grade

SOLUTION = '''
def affine(x, w, b):
    """y.

    J_x = 1

    Hints:
    1. What is
       it?
    2. A nudge.
    3. gx = gy.
    """
'''


@dataclass
class Book:
    """A ledger in memory."""

    levels: dict[str, int] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    noted: dict[str, list[str]] = field(default_factory=dict)

    def notes(self, op: str) -> list[str]:
        return self.noted.get(op, [])

    def hints_taken(self, op: str) -> int:
        return self.levels.get(op, 0)

    def note_hint(self, op: str, level: int) -> None:
        self.levels[op] = level


@pytest.fixture
def project(tmp_path) -> Path:
    """A project with one solution."""
    (tmp_path / "solutions").mkdir()
    (tmp_path / "solutions/feedforward.py").write_text(SOLUTION)
    return tmp_path


def test_the_listing_is_the_catalogue():
    """The names that are read without torch are those of the rows, in their order."""
    assert names_by_level() == {level: [op.name for op in rows] for level, rows in operations().items()}


def test_hints_come_one_at_a_time():
    """Three levels, then the place of the solution, and then that again."""
    levels = [next_hint("affine", taken, PROJECT).level for taken in (0, 1, 2, 3, 4, 99)]
    assert levels == [1, 2, 3, LAST, LAST, LAST]
    said = [" ".join(next_hint("affine", taken, PROJECT).lines) for taken in range(4)]
    assert [line.partition(": ")[0] for line in said[:3]] == [f"affine, hint {n} of 3" for n in (1, 2, 3)]
    line = inspect.getsourcelines(import_module("solutions.feedforward").affine)[1]
    assert said[3] == f"affine: no hint is left. The solution is in solutions/feedforward.py, line {line}"


def test_a_hint_may_take_several_lines(project):
    """A hint that is wrapped in the docstring is one text, wrapped anew for the screen."""
    assert next_hint("affine", 0, project).lines[1:] == ("  What is it?",)
    source = SOLUTION.replace("A nudge.", "word " * 30)
    (project / "solutions/feedforward.py").write_text(source)
    lines = next_hint("affine", 1, project).lines
    assert len(lines) > 2
    assert max(map(len, lines)) <= 78


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("", "affine: solutions/feedforward.py has no hint 1 for it"),
        ("def affine(x):\n    pass\n", "affine: solutions/feedforward.py has no hint 1 for it"),
        ("def affine(x:\n", "affine: no hints, for solutions/feedforward.py cannot be read"),
        (None, "affine: no hints, for solutions/feedforward.py cannot be read"),
    ],
)
def test_a_solution_without_hints_is_said(source, said, project):
    """A solution that is missing, broken or without hints gives one line, and nothing is counted."""
    file = project / "solutions/feedforward.py"
    file.unlink() if source is None else file.write_text(source)
    hint = next_hint("affine", 0, project)
    assert hint.level == 0
    (line,) = hint.lines
    assert line.startswith(said)


def test_the_ledger_decides_what_comes_next(project):
    """Each level is noted once, by operation, and each answer says what the next one will be."""
    book = Book()
    ends = []
    for _ in range(5):
        ends.append(hint_lines("affine", project, lambda: book)[-1])
    assert book.levels == {"affine": LAST}
    assert ends[0] == "next: pytest --hint affine  (hint 2 of 3: a nudge)"
    assert ends[1] == "next: pytest --hint affine  (hint 3 of 3: the key line of the derivation)"
    assert ends[2] == "next: pytest --hint affine  (the place of the solution)"
    assert ends[3] == ends[4] == "affine: no hint is left. The solution is in solutions/feedforward.py, line 2"


def test_hints_work_without_a_history(project):
    """Where nothing is kept the first hint comes each time, and lines say so and why."""
    for _ in range(2):
        lines = hint_lines("affine", project, lambda: Book(notices=["the disk is full"]))
        assert lines[0].startswith("affine, hint 1 of 3")
        assert lines[-2:] == ["the disk is full", "Hints are not counted here: the next one will be the first again."]


def test_a_notice_of_the_history_is_shown_once(project):
    """What the history has to say comes with the hint, and takes nothing from it."""
    book = Book(notices=["a new one is begun"])
    lines = hint_lines("affine", project, lambda: book)
    assert lines[-2:] == ["a new one is begun", "next: pytest --hint affine  (hint 2 of 3: a nudge)"]


@pytest.mark.parametrize("kit", [False, True])
def test_a_hint_ends_with_what_the_user_noted(kit, project):
    """The notes of the operation, and of no other, stand below the hint; in a kit below the line that there is none."""
    if kit:
        shutil.rmtree(project / "solutions")
    lines = hint_lines("affine", project, lambda: Book(noted={"affine": ["note: one"], "relu": ["note: two"]}))
    assert lines[-1 if kit else -2] == "note: one"
    assert "note: two" not in lines


def test_a_hint_is_one_command_that_answers_at_once(tmp_path):
    """`--hint` gives a hint and grades nothing: status 0, no torch, no NumPy, and several are answered in order."""
    run = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "pytest", "--hint", "relu", "--hint", "affine"],
        cwd=PROJECT,
        env=os.environ | {"KATA_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout
    assert re.findall(r"^(\w+), hint 1 of 3: a question$", run.stdout, re.MULTILINE) == ["relu", "affine"]
    assert "test session starts" not in run.stdout
    assert not re.search(r"\| +(torch|numpy|hypothesis)$", run.stderr, re.MULTILINE)


def test_hints_are_counted_from_one_command_to_the_next(tmp_path):
    """Each command gives the next hint, also in an order of two; where nothing can be kept, the first and a line."""
    runs = [
        grade("--hint=relu", KATA_DATA=tmp_path / "data"),
        grade("--hint=relu", "--hint=relu", KATA_DATA=tmp_path / "data"),
    ]
    found = [line for run in runs for line in run.stdout.splitlines() if line.startswith("relu, hint")]
    assert [line[: len("relu, hint 1")] for line in found] == ["relu, hint 1", "relu, hint 2", "relu, hint 3"]
    (tmp_path / "file").touch()
    for _ in range(2):
        run = grade("--hint=relu", KATA_DATA=tmp_path / "file" / "none")
        assert run.returncode == 0
        assert run.stdout.startswith("relu, hint 1 of 3")
        assert run.stdout.endswith("Hints are not counted here: the next one will be the first again.\n")


def test_a_reset_begins_the_hints_anew(tmp_path):
    """An operation that was written and is a stub again has its hints before it; what was a stub already keeps its count."""
    ignored = shutil.ignore_patterns(".git", ".venv", "__pycache__", "meta", "mutants")
    project = shutil.copytree(PROJECT, tmp_path / "project", ignore=ignored)

    def first_line(*arguments):
        return grade(*arguments, cwd=project, KATA_DATA=tmp_path / "data").stdout.partition("\n")[0]

    assert first_line("--hint=relu").startswith("relu, hint 1")
    assert first_line("--reset=relu") == "relu: is a stub already in kata/feedforward.py"
    assert first_line("--hint=relu").startswith("relu, hint 2")
    (project / "kata/feedforward.py").write_text("def relu(x):\n    return x\n")
    assert first_line("--reset=relu", "--hint=relu").startswith("relu: back to the stub")
    assert first_line("--hint=relu").startswith("relu, hint 2")


def test_formulas_have_lines_of_their_own():
    """The key line of several gradients is not broken in the middle of one."""
    assert [line.strip()[:2] for line in next_hint("affine", 2, PROJECT).lines[1:]] == ["gx", "gw", "gb"]


def test_an_unknown_operation_gets_the_closest_names():
    """A name that is mistyped: status 4, and one line with the names that are most like it."""
    run = grade("--hint=afine")
    (line,) = (run.stdout + run.stderr).splitlines()[:1]
    assert run.returncode == 4
    assert line.startswith("ERROR: --hint=afine: there is no operation of that name; do you mean affine")
    assert closest("FEED_FORWAR", names_by_level()["feedforward"]) == "feed_forward"
    assert closest("#", ["a", "b", "c", "d"]) == "a, b or c"


def test_a_kit_has_no_hints_and_says_so(project):
    """Without solutions/ the answer is one line, which is no error and no hint."""
    (project / "solutions/feedforward.py").unlink()
    (project / "solutions").rmdir()
    hint = next_hint("affine", 0, project)
    assert hint.level == 0
    assert hint.lines == ("affine: hints are in solutions/, and there is none here, as in a candidate's kit",)
    assert hint_lines("affine", project, Book) == list(hint.lines)
