"""`--watch` in a real terminal: every way to save, every way to end, and nothing left behind."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.practice import notes
from tests.harness.practice.history import History
from tests.harness.practice.notes import Note
from tests.harness.practice.store import Store
from tests.harness.watch.saves import installed
from tests.meta.terminals import PROJECT, Terminal
from tests.meta.test_history import GREEN, HALF, STUB

SOLVED = (PROJECT / "solutions" / "feedforward.py").read_text()
STUBS = (PROJECT / "kata" / "feedforward.py").read_text()
MEAN = SOLVED.replace("gw = x.T @ gy", "gw = x.T @ gy / len(x)")


def with_affine(body: str) -> str:
    """The stubs, with this body of affine."""
    todo = '    # TODO\n    raise NotImplementedError("affine")\n'
    assert todo in STUBS
    return STUBS.replace(todo, "".join(f"    {line}\n" for line in body.splitlines()))


LOOP = with_affine("while True:\n    pass")
RIGHT = with_affine("return x @ w + b, lambda gy: (gy @ w.T, x.T @ gy, gy.sum(0, keepdims=True))")


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    found = Terminal(tmp_path)
    yield found
    found.close()


def module(terminal: Terminal) -> Path:
    return terminal.folder / "kata" / "feedforward.py"


def by_writing(path: Path, text: str) -> None:
    path.write_text(text)


def by_renaming(path: Path, text: str) -> None:
    """As vim and JetBrains do: a new file takes the name."""
    new = path.with_name(".feedforward.py.swp~")
    new.write_text(text)
    os.replace(new, path)


def by_truncating(path: Path, text: str) -> None:
    """The file is empty for a moment."""
    with path.open("w") as stream:
        stream.flush()
        time.sleep(0.08)
        stream.write(text)


@pytest.mark.parametrize("polling", [False, True], ids=["watchfiles", "polling"])
def test_every_way_to_save_brings_a_verdict(terminal, polling, tmp_path):
    """A file that is written, replaced by renaming, or emptied first, is graded a moment later; only what changed is."""
    if polling:
        hide_watchfiles(terminal)
    else:
        assert installed(), "pip install '.[dev]'"
    terminal.watch()
    assert polling == (not any("notifier.py" in " ".join(words) for words in terminal.processes().values()))
    path = module(terminal)
    for save in (by_writing, by_renaming, by_truncating):
        save(path, SOLVED)
        terminal.until("score 100 of 100", "nothing is left")
        save(path, MEAN)
        seen = terminal.until("affine, feed_forward graded in", "gw is N times too small", "The smallest example")
        assert "Traceback" not in seen
        save(path, STUBS)
        terminal.until("score 0 of 100", "next: write affine")
    assert "6 operations graded in" in terminal.screen()
    path.write_text(STUBS + "\n# a comment\n")
    terminal.until("no operation changed")
    terminal.type("q")
    seen = terminal.until("status 1")
    assert "next: pytest --impl=kata --op=affine" in seen  # the scoreboard of every run
    assert "24 todo" in seen
    terminal.left_in_order()


def hide_watchfiles(terminal: Terminal) -> None:
    edit(terminal.folder / "tests" / "harness" / "watch" / "saves.py", '"watchfiles")', '"watchfiles_is_not_here")')


def edit(file: Path, before: str, after: str) -> None:
    source = file.read_text()
    assert before in source
    file.write_text(source.replace(before, after))


def test_the_last_of_two_saves_counts(terminal):
    """Of two saves within 50 ms the second is what the verdict is about, and nothing of the first stays."""
    terminal.watch()
    for first, last, says in ((MEAN, SOLVED, "score 100 of 100"), (SOLVED, MEAN, "score 76.67 of 100")):
        module(terminal).write_text(STUBS)
        terminal.until("score 0 of 100")
        module(terminal).write_text(first)
        time.sleep(0.02)
        module(terminal).write_text(last)
        terminal.until(says, "graded in")
        terminal.until_true(lambda: not terminal.graders())  # nobody is left who could tell something else
        for shown in ("d back", "d the whole failure"):
            terminal.type("d")
            terminal.until(shown)
        assert says in terminal.screen()
    terminal.type("q")
    terminal.until("status 1")
    terminal.left_in_order()


def test_a_module_that_cannot_be_read_is_a_line(terminal):
    """While somebody types, a syntax error is one line, what was known stays, and the file may go and come back."""
    terminal.watch()
    module(terminal).write_text(SOLVED)
    terminal.until("score 100 of 100", "graded in")
    module(terminal).write_text(SOLVED.replace("return x @ w + b, grad", "return (x @ w + b, grad"))
    seen = terminal.until("kata/feedforward.py, line", "SyntaxError")
    assert "score 100 of 100" in seen
    assert "Traceback" not in seen
    module(terminal).write_text(SOLVED)
    terminal.until("nothing is left", gone="SyntaxError")
    module(terminal).unlink()
    terminal.until("kata/feedforward.py: is not there")
    by_renaming(module(terminal), MEAN)
    terminal.until("gw is N times too small", gone="is not there")
    terminal.type("q")
    terminal.until("status 1")
    terminal.left_in_order()


def test_an_endless_loop_ends(terminal):
    """A loop ends with the next save, at the limit, and also where no exception reaches it; the process may be killed."""
    edit(
        terminal.folder / "tests" / "harness" / "submissions" / "limits.py",
        "CALL_SECONDS = 5.0",
        "CALL_SECONDS = 2.5",
    )
    edit(terminal.folder / "tests" / "harness" / "watch" / "warm.py", "SLACK = 3.0", "SLACK = 1.0")
    terminal.watch()
    module(terminal).write_text(LOOP)
    terminal.until("grading affine")
    module(terminal).write_text(RIGHT)
    terminal.until("affine graded in", "10/10")
    terminal.until_true(lambda: set(terminal.children().values()) <= {"S", "R"}, "no zombie")
    module(terminal).write_text(with_affine("return sum(iter(int, 1)), None"))  # in C
    module(terminal).with_name("own.py").write_text("X = 1\n")  # another save does not disturb it
    terminal.until("TIMEOUT", "stopped: no answer", "feedforward.py, line 14")
    module(terminal).write_text(LOOP)
    terminal.until("grading affine")
    terminal.until("affine graded in", "stopped: no answer after 2.5 s")
    module(terminal).write_text(LOOP.replace("pass", "a = 1"))
    terminal.until("grading affine")
    for pid in terminal.graders():
        os.kill(pid, signal.SIGKILL)
    terminal.until("ERROR", "ends the process")
    module(terminal).write_text(RIGHT)
    terminal.until("affine graded in", "10/10")
    terminal.until_true(lambda: "Z" not in terminal.children().values(), "no zombie")
    terminal.type("q")
    terminal.until("status 1")
    terminal.left_in_order()


def test_the_keys(terminal):
    """Enter grades everything, d shows the whole failure, h a hint; the screen follows the terminal's size."""
    terminal.watch("--minutes=45")
    assert re.fullmatch(r"kata/ +score 0 of 100 +4[45]:\d\d left", terminal.screen().splitlines()[0])
    module(terminal).write_text(MEAN.replace("gw = x.T", "print('seen by', 'me'); gw = x.T"))
    terminal.until("gw is N times too small")
    terminal.resize(80, 18)
    seen = terminal.until("d shows the rest")
    assert seen.splitlines()[17].startswith("Enter all")
    assert "on a larger example" not in seen
    terminal.type("d")
    terminal.until("The smallest example", gone="scoreboard")
    terminal.type(" ")
    terminal.type(" ")
    terminal.until("Your code printed, for this example:", "seen by me")
    terminal.type("d")
    terminal.until("d shows the rest")
    terminal.resize(40, 8)
    terminal.until("affine", "Enter all", "score 76.67")
    terminal.resize(100, 40)
    terminal.until("on a larger example", "relu")
    terminal.type("h")
    terminal.until("hint 1 of 3", "hint 2 of 3: a nudge")
    terminal.type("h")
    terminal.until("hint 2 of 3: a nudge", "hint 3 of 3", gone="hint 1 of 3")
    terminal.type("Enter")
    terminal.until("6 operations graded in")
    terminal.type("C-z")
    terminal.until("Stopped")
    assert terminal.asked("alternate_on") == "0"
    terminal.type("fg", "Enter")
    terminal.until("gw is N times too small", "Enter all")
    assert terminal.asked("alternate_on") == "1"
    terminal.type("q")
    terminal.until("status 1")
    terminal.left_in_order()


def test_what_is_due_is_done_one_after_the_other_from_stubs(terminal):
    """What was green is a stub, and kept; what was begun stays; each is shown with its reason when it is its turn."""
    history, day = History(Store(terminal.folder.parent / "data"), str(terminal.folder)), time.time() - 20 * 86400
    for op, after in (("sigmoid", HALF), ("affine", GREEN)):
        history.note({op: STUB}, {op: "s"}, day)
        history.note_hint(op, 2, day + 1)
        history.note({op: after}, {op: "a"}, day + 2)
    notes.add(history.store, Note("affine", "keep the axis", day))
    module(terminal).write_text(SOLVED)
    terminal.watch("--due")
    seen = terminal.until(
        "next: write affine", "a hint was needed on", "note of", "keep the axis", "stubs again: affine;"
    )
    assert re.findall(r"^  (\w+) +(\w+)", seen, re.MULTILINE)[:2] == [("affine", "TODO"), ("sigmoid", "pass")]
    assert "tensor_sum" not in seen
    (kept,) = (terminal.folder / "kata" / ".backup").glob("*/feedforward.py")
    assert kept.read_text() == SOLVED
    module(terminal).write_text(STUBS)
    terminal.until("next: write sigmoid", "and not green after 1 try", gone="keep the axis")
    module(terminal).write_text(MEAN)
    terminal.until("gw is N times too small")
    said = history.store.transact(lambda db: db.execute("SELECT op, said FROM mistake").fetchall())
    assert ("affine", "gw is N times too small: mean instead of sum?") in said
    module(terminal).write_text(SOLVED)
    terminal.until("nothing is left")
    terminal.type("q")
    terminal.until("status 0", "kata/.backup/")
    terminal.left_in_order()


@pytest.mark.parametrize("how", ["C-c", signal.SIGTERM, signal.SIGKILL])
def test_the_terminal_is_left_as_it_was(terminal, how):
    """After Ctrl-C, SIGTERM and SIGKILL the modes, the screen and the cursor are back, and nothing runs on."""
    terminal.watch()
    module(terminal).write_text(LOOP)
    terminal.until("grading affine")
    if how == "C-c":
        terminal.type(how)
        terminal.until("status 2")
    else:
        os.kill(terminal.pytest(), how)
        if how == signal.SIGTERM:  # the shell tells of the other on whichever screen is shown
            terminal.until("status 143")
    terminal.left_in_order()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--impl=kata", "--hidden"], "--watch: does not go with --hidden"),
        (["--impl=kata", "--pdb"], "--watch: does not go with --pdb"),
        (["--impl=kata", "-n2"], "--watch: does not go with -n"),
        (["--impl=kata", "--impl=solutions"], "--watch: is for your own answers, --impl=kata; not for kata, solutions"),
        (["--impl=kata"], "--watch: needs a terminal"),
    ],
)
def test_what_cannot_be_watched_is_refused(options, says):
    """What does not go with --watch gets one line and exit status 4, also where there is no terminal."""
    command = [sys.executable, "-m", "pytest", "--watch", *options]
    run = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr.count("\n")) == (4, 2), run.stderr
    assert says in run.stderr


FEW = 8  # of what some twenty of the saves below would leave behind, graded as they are


def test_many_saves_leave_nothing_behind(terminal):
    """After some hundred saves there are hardly more descriptors, processes and memory than before: what leaks does so each time.

    Not as many: a grader may just be made, or not be gone yet, and which it is hangs on the moment. `soak --saves` counts them.
    """
    terminal.watch()
    pid = terminal.pytest()

    def saved(times: int) -> tuple[int, int, int]:
        for n in range(times):
            module(terminal).write_text(with_affine(f"x = {n}\nraise NotImplementedError('affine')"))
            time.sleep(0.05)  # some are graded, some cancelled, some not seen at all
        module(terminal).write_text(with_affine(f"last_of_{times}"))
        terminal.until(f"'last_of_{times}'")
        module(terminal).write_text(STUBS)
        terminal.until("next: write affine", "graded in")
        terminal.until_true(lambda: not terminal.graders())
        return terminal.memory(pid), terminal.descriptors(pid), len(terminal.children())

    before = saved(30)
    after = saved(80)
    terminal.until_true(lambda: terminal.descriptors(pid) < before[1] + FEW, before)
    terminal.until_true(lambda: len(terminal.children()) < before[2] + FEW, before)
    assert after[0] - before[0] < 1500, f"{before[0]} kB, then {after[0]} kB"
