"""What is shown while a run grades: a bar for each submission, or lines that can be read without a terminal."""

import io
import re
import shutil
from dataclasses import replace

import pytest

from tests.harness.display.result import Result
from tests.harness.plugin.internals import writer
from tests.harness.plugin.run import Run
from tests.harness.plugin.underway import Underway
from tests.harness.rows.names import names_by_level
from tests.harness.season.subject import Subject
from tests.meta.runs import grade
from tests.meta.share import share
from tests.meta.terminals import PROJECT, Terminal
from tests.meta.test_grading import half  # noqa: F401 (a fixture)

OPS = [(level, op) for level, ops in names_by_level().items() for op in ops]
PROPERTIES = ("forward", "gradient")


class Screen:
    """As much of pytest's terminal as is used here; `lines` is what can be read on it."""

    def __init__(self, columns: int):
        self._stream = io.StringIO()
        self._writer = writer(self._stream, colour=False)
        self._writer.fullwidth = columns
        self.config = self
        self.write = self._writer.write
        self.flush = self._writer.flush

    def get_terminal_writer(self):
        return self._writer

    def rewrite(self, line: str) -> None:
        self._writer.write(f"\r{line}")

    @property
    def lines(self) -> list[str]:
        return [line.rpartition("\r")[2].rstrip() for line in self._stream.getvalue().removesuffix("\n").split("\n")]


def _shown(names: list[str], ops: list[tuple[str, str]], columns: int, *, live: bool, quiet: bool = False) -> list[str]:
    """The lines of a run of so many submissions, in which every third operation fails and the last one has no verdict."""
    run = Run(PROJECT, [Subject(name, None) for name in names], 0, False, "none", True, "")
    run.selected = {f"{s}{op}{p}": (s, op, p) for s in names for _, op in ops for p in PROPERTIES}
    screen = Screen(columns)
    underway = Underway(run, screen, live=live, quiet=quiet)
    for test, (submission, op, prop) in run.selected.items():
        underway.pytest_runtest_logstart(test)
        place = [name for _, name in ops].index(op)
        result = Result(submission, place, ops[place][0], op, prop, "pass", "", [], [], 0.0, {}, None, None, None)
        if place % 3 == 1:
            result = replace(result, status="fail")
        if place < len(ops) - 1:
            run.results.append(result)
        underway.pytest_runtest_logfinish(test)
    return screen.lines


@pytest.mark.parametrize("columns", [50, 80, 200])
def test_without_a_terminal_each_operation_is_told_once(columns):
    """Level by level, with one word for each, in lines that fit; there are far fewer lines than operations."""
    first, *lines = _shown(["kata"], OPS, columns, live=False)
    assert first == ""
    assert max(map(len, lines)) <= columns
    assert len(lines) < len(OPS)
    words = re.findall(r"(\w+) (pass|FAIL|none)\b", "\n".join(lines))
    assert [op for op, _ in words] == [op for _, op in OPS]
    assert [said for _, said in words] == ["FAIL" if n % 3 == 1 else "pass" for n in range(len(OPS) - 1)] + ["none"]
    assert [line.partition(":")[0] for line in lines if line[:1] not in (" ", "")] == list(names_by_level())


@pytest.mark.parametrize("columns", [60, 80, 200])
@pytest.mark.parametrize("live", [True, False])
def test_each_of_several_submissions_is_a_line_with_its_score(columns, live):
    """For three hundred of them, in the width that there is, whatever a submission is called."""
    names = [f"inbox/{n}.py" for n in range(297)] + ["日本語" * 30, "long" * 40, "a\x1b[2Jb"]
    few = OPS[:8]
    first, *lines = _shown(names, few, columns, live=live)
    assert first == ""
    assert len(lines) == 300
    score = round(100 * sum(n % 3 != 1 for n in range(len(few) - 1)) / len(few), 2)
    assert all(re.fullmatch(rf" *{n} of 300  .* {score:g}  incomplete", line) for n, line in enumerate(lines, 1))
    wide = [len(line) + len(re.findall(r"[\u3000-\u9fff]", line)) for line in lines]
    assert max(wide) < columns
    assert len(set(wide)) == 1, "in columns"
    assert not re.search(r"[\x00-\x1f]", "".join(lines))


def test_a_bar_says_how_far_it_is():
    """It grows with the operations that are judged, and stays whole at the end."""
    screen_lines = _shown(["kata"], OPS[:8], 80, live=True)
    assert screen_lines == ["", "[################] 8 of 8"]


def test_quiet_says_nothing_without_a_terminal():
    """With -q there are no lines, for one submission or for several; a bar is."""
    assert _shown(["kata"], OPS, 80, live=False, quiet=True) == [""]
    assert _shown(["a", "b"], OPS, 80, live=False, quiet=True) == [""]
    assert len(_shown(["a", "b"], OPS, 80, live=True, quiet=True)) == 3


def _lines(*arguments: str) -> list[str]:
    """What a run prints between what was collected and what came of it."""
    run = grade(*arguments)
    assert run.returncode == 1, run.stdout + run.stderr
    between = re.split(
        r"^(?:.*collected .*|=+ (?:FAILURES|scoreboard|submissions) =+)$", run.stdout, flags=re.MULTILINE
    )
    return [line for line in between[1 if "collected" in run.stdout else 0].splitlines() if line]


def test_a_hidden_run_in_a_pipe_can_be_read(half):  # noqa: F811
    """One line for these operations and one for compose; a line a test with -v, none with -q."""
    options = ("--hidden", f"--impl={half}", "--op=affine,relu,compose")
    assert _lines(*options) == ["feedforward: affine FAIL, relu pass", "compose: pass"]
    options = (*options[:2], "--op=affine")
    verbose = _lines(*options, "-v")
    assert len(verbose) == 6
    assert re.fullmatch(r"tests/test_ops.py::test_forward\[affine\] PASSED +\[ *\d+%\]", verbose[2])
    assert _lines(*options, "-q") == []


def test_several_submissions_in_a_pipe_are_a_line_each(half, tmp_path):  # noqa: F811
    """With pytest-xdist's workers: each when it is graded, with its score, in whatever order they come."""
    shutil.copy(half, tmp_path / "other.py")
    options = (f"--impl={half}", f"--impl={tmp_path}/other.py", f"--impl={tmp_path}/none.py", "--op=affine,relu")
    told = [line for line in grade(*options, "-n2").stdout.splitlines() if re.match(r"\d of 3  ", line)]
    assert [line.split()[0] for line in told] == ["1", "2", "3"]
    scores = {line.split()[3].rpartition("/")[2]: line.split()[4] for line in told}
    assert scores == {"half.py": "65", "other.py": "65", "none.py": "0"}


@pytest.mark.parametrize("columns", share([80, 200], 2))
def test_on_a_terminal_there_is_a_bar(columns, tmp_path):
    """A real terminal: the bar shows the operation at work, and ends as one line; what is printed with -s breaks nothing."""
    terminal = Terminal(tmp_path, columns, 24)
    try:
        loop = "def sigmoid(x):\n    while True:\n        pass\n"
        (terminal.folder / "mine.py").write_text(loop)
        terminal.type(
            "clear; pytest --impl=mine.py --op=affine,sigmoid,relu --sandbox=process; echo status $?", "Enter"
        )
        terminal.until("[#####-----------] 1 of 3  sigmoid")
        seen = terminal.until("status 1")
        assert [line for line in seen.splitlines() if "[##" in line] in ([], ["[################] 3 of 3"])
        terminal.type("clear; pytest --impl=mine.py --op=affine,relu --sandbox=process -s; echo status $?", "Enter")
        seen = terminal.until("status 1", "feedforward: affine TODO, relu TODO")
        assert "[#" not in seen
    finally:
        terminal.close()
