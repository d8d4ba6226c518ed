"""`--train`: a network learns with somebody's operations or says why not, is drawn, and ends in order. Runs are cut short here."""

import io
import math
import os
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from functools import cache
from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest

from tests import test_ops
from tests.harness import train
from tests.harness.judgement.properties import written_in
from tests.harness.judgement.verdict import Verdict
from tests.harness.plugin import kit
from tests.harness.plugin import training as plugin
from tests.harness.plugin.internals import writer
from tests.harness.rows.names import names_by_level
from tests.harness.submissions.here import Here
from tests.harness.training import lesson
from tests.harness.training.charts import ROWS, Chart, blocks_of
from tests.harness.training.drawing import COLUMNS, HEIGHT, picture
from tests.harness.training.loop import Course, Mark
from tests.harness.training.operations import Broken, Operations
from tests.harness.training.parameters import Parameters
from tests.harness.training.training import Measure, Unavailable, training
from tests.meta import HANGS
from tests.meta.runs import PROJECT, grade
from tests.meta.terminals import Terminal
from tests.meta.test_pages import options
from tests.trainings import TRAININGS

PROPERTIES = written_in(test_ops)
SHORT = {"digits": {"steps": 40, "every": 20}, "zen": {"steps": 24, "every": 12}}


@cache
def solution(name: str):
    level = next(level for level, ops in names_by_level().items() if name in ops)
    return getattr(import_module(f"solutions.{level}"), name)


@cache
def data(name: str):
    return training(name).load()


def course(name: str, seed: int = 0, without=(), **instead) -> Course:
    """A short course with the solutions, some of them replaced or left out."""
    row = replace(training(name), **SHORT[name])
    ops = [op for op in (*row.needs, *row.better) if op not in without]
    return Course(row, row.begin(Operations({op: instead.get(op) or solution(op) for op in ops}), data(name), seed))


def run(name: str, *given, **instead) -> Course:
    ran = course(name, *given, **instead)
    ran.run(lambda _: None)
    return ran


def without_gradients(x, labels, params):
    loss, _ = solution("mlp")(x, labels, params)
    return loss, lambda gloss: [np.zeros_like(w) for w in params]


def test_digits_are_learned_in_a_few_steps():
    """Forty steps read most digits; the same seed gives the same numbers, and another seed others."""
    first, again, other = run("digits"), run("digits"), run("digits", 1)
    assert not first.ended
    assert [mark.step for mark in first.marks] == [0, 20, 40]
    assert first.marks[-1].measure.right > 0.6
    assert first.marks == again.marks != other.marks


def test_digits_are_learned_without_what_can_be_missing():
    """Without the operations that only make it better, the network is smaller, and learns as well."""
    ran = run("digits", without=training("digits").better)
    assert ran.learner.about.startswith("mlp of 64-")
    assert ran.marks[-1].measure.right > 0.6


def test_zen_is_learned_and_speaks():
    """The loss of the language model falls from that of a guess, and what it says begins as the text does."""
    ran = run("zen")
    assert ran.marks[0].loss > ran.marks[1].loss > ran.marks[2].loss
    head, _, *lines = ran.ending()
    assert head == "it says:"
    firsts = tuple(line.split()[0] for line in data("zen").splitlines() if line)
    assert len(lines) == 5
    assert all(line.strip().startswith(firsts) for line in lines)


def test_the_text_is_not_printed(capsys):
    """The module that prints it is imported without a word."""
    sys.modules.pop("this", None)
    assert training("zen").load().startswith("The Zen of Python, by Tim Peters\n")
    assert capsys.readouterr().out == ""


def test_it_is_the_candidate_s_gradient_that_teaches():
    """With a gradient of zeros nothing is learned."""
    ran = run("digits", mlp=without_gradients)
    assert ran.marks[-1].measure.right < 0.3


def test_every_part_is_an_operation_of_the_kata():
    """What a training needs, or does better with, is in the catalogue; the option's help names each training."""
    known = {op for ops in names_by_level().values() for op in ops}
    for name in TRAININGS:
        assert {*training(name).needs, *training(name).better} <= known
    assert f'metavar="{"|".join(TRAININGS)}"' in (PROJECT / "conftest.py").read_text()


def test_ctrl_c_keeps_what_was_learned():
    """An interruption in the midst of a step ends the course after the step before, which is measured; the end can be told."""
    calls = []

    def interrupted(*arguments):
        calls.append(1)
        if len(calls) == 30 * 8 + 3:  # in the 31st step, at the third of eight arrays
            raise KeyboardInterrupt
        return solution("adam")(*arguments)

    ran = run("digits", adam=interrupted)
    assert (ran.step, ran.interrupted, ran.ended) == (30, True, "ended by Ctrl-C after step 30")
    assert [mark.step for mark in ran.marks] == [0, 20, 30]
    assert ran.ending()[0].startswith("held out: ")


def test_a_second_ctrl_c_goes_through():
    """Whoever interrupts again, while what was learned is measured, gets out."""

    def interrupted(*_):
        raise KeyboardInterrupt

    ran = course("digits")
    ran.learner = SimpleNamespace(step=lambda: 1.0, measure=lambda: Measure(1.0, 1.0))

    def show(shown: Course) -> None:
        if shown.step == 3:
            shown.learner.measure = interrupted
            interrupted()

    with pytest.raises(KeyboardInterrupt):
        ran.run(show)
    assert ran.step == 3


def crashing(x, labels, params):
    raise ValueError("no")


def crashing_later(x, labels, params):
    return solution("mlp")(x, labels, params)[0], lambda gloss: params[9]


def endless(x, labels, params):
    return math.nan, lambda gloss: params


@pytest.mark.parametrize(
    ("instead", "said"),
    [
        ({"mlp": crashing}, "broke off after step 0: mlp raised ValueError: no (tests/meta/test_train.py, line "),
        ({"mlp": crashing_later}, "broke off after step 0: grad of mlp raised IndexError: list index out of range ("),
        ({"mlp": endless}, "broke off at step 1: the loss is nan"),
        ({"mlp": lambda x, labels, params: 1.0}, "broke off after step 0: TypeError: 'float' object is not"),
        ({"mlp": lambda x, labels, params: (1.0, lambda gl: params[:1])}, "there are 5 gradients for 8 arrays"),
        ({"adam": lambda w, *_: w}, "the step of the optimiser should return three arrays: the new w, m and v"),
        (
            {"adam": lambda w, g, m, *_: (w, m, m[:1, :1])},
            "v have the shapes [(16, 1, 3, 3), (16, 1, 3, 3), (1, 1, 3, 3)]",
        ),
    ],
)
def test_what_breaks_is_one_line(instead, said):
    """An exception, a loss that is no number, and what does not fit end a course with a line that names it."""
    ran = run("digits", **instead)
    assert said in ran.ended
    assert "\n" not in ran.ended


def test_a_step_leaves_what_was_there():
    """Parameters are replaced, never changed: so an interruption costs the step, and no more."""
    before = Parameters.new([np.ones(2)])
    after = before.stepped(lambda w, gw, m, v, t: (w - gw, m + t, v + 2), [np.ones(2)])
    assert (before.values[0] == 1).all()
    assert [a.tolist() for a in (*after.values, *after.means, *after.squares)] == [[0, 0], [1, 1], [2, 2]]


def test_a_gradient_may_come_alone():
    """What grad returns is a list for the network, whatever it was; a shape or an optimiser's answer is left as it is."""
    ops = Operations({"one": lambda x: (x, lambda gy: gy), "two": lambda x: (x, x)})
    assert ops.one(1)[1](3) == [3]
    assert ops.two(1) == (1, 1)
    assert "one" in ops
    assert "three" not in ops


def given(monkeypatch, statuses: dict[str, Verdict], *, anyway: bool = False) -> tuple[int, str]:
    """How a short lesson on digits ends, where some operations have such a verdict; and all that it says."""
    monkeypatch.setattr(lesson, "training", lambda name: replace(training(name), **SHORT[name]))
    stream = io.StringIO()
    judge = lambda prop, op: statuses.get(op.name) or Verdict(op.name, prop.name, "pass")  # noqa: E731
    there = Here("kata", solution)
    taught = lesson.Lesson("digits", there, judge, PROPERTIES, 0, anyway, stream, writer(stream, colour=False))
    return taught.give(), stream.getvalue()


WRONG = Verdict("cross_entropy", "gradient", "fail", "glogits is N times too large")
TODO = Verdict("mlp", "gradient", "todo", "grad is not written yet")


def test_a_lesson_tells_what_it_uses_and_what_came_of_it(monkeypatch):
    """From the operations to the goal: which are used, a line for each measure, the curves, and whether the goal was reached."""
    status, said = given(monkeypatch, {})
    assert status == lesson.NOT_REACHED
    assert "uses mlp, cross_entropy, adam, conv2d, max_pool2d\n" in said
    assert len(re.findall(r"^step +\d+ of 40   loss \S+ +held out \S+ %$", said, re.MULTILINE)) == 4
    assert re.search(r"^the confusion that matters most: \d is read as \d, \d+ of \d+ times$", said, re.MULTILINE)
    assert "goal not reached: 97 % of the digits held out; it is loss " in said
    assert max(map(len, said.splitlines())) <= 80
    assert given(monkeypatch, {}) == (status, said)


def test_what_is_missing_comes_first(monkeypatch):
    """Without an operation that it needs nothing is trained, and the first to write is named; what is wrong can wait."""
    status, said = given(monkeypatch, {"mlp": TODO, "cross_entropy": WRONG}, anyway=True)
    assert status == lesson.NOT_REACHED
    assert said.endswith(
        "digits cannot be trained yet:\n  mlp: grad is not written yet\n"
        "next: write mlp in kata/training.py:\n    pytest --impl=kata --op=mlp\n"
    )


def test_it_goes_on_without_what_it_can_do_without(monkeypatch):
    """Where one of two is not written that only make it better, neither is used, and that is said."""
    _, said = given(monkeypatch, {"max_pool2d": replace(TODO, op="max_pool2d", why="not there yet")})
    assert "without conv2d, max_pool2d, for max_pool2d: not there yet\nuses mlp, cross_entropy, adam\n" in said


def test_a_wrong_operation_is_told_before_it_starts(monkeypatch):
    """A verdict that does not hold ends it, with what to type; with --anyway it is trained, and said again at the end."""
    status, said = given(monkeypatch, {"cross_entropy": WRONG})
    assert status == lesson.NOT_REACHED
    assert "cross_entropy is wrong, gradient: glogits is N times too large\nnext: pytest --impl=kata" in said
    assert "\n    pytest --impl=kata --train=digits --anyway\n" in said
    assert "step" not in said
    _, said = given(monkeypatch, {"cross_entropy": WRONG}, anyway=True)
    assert "trained all the same, with --anyway" in said
    assert said.endswith(" %, with a wrong cross_entropy\n")


def test_a_curve_is_drawn_to_scale():
    """The most fills all rows, half of it half, a little is still seen, and what is no number is not; in ASCII too."""
    chart = Chart("loss", [2.0, 1.0, 1e-9, math.nan, math.inf], 6, 2.0, ("2", "0"), "cyan")
    drawn = ["".join(text for text, _ in line)[7:] for line in chart.lines(blocks_of("utf-8"))]
    assert drawn[0].rstrip() == "loss"
    assert [row[:5] for row in drawn[1:]] == ["█   █"] * (ROWS // 2) + ["██  █"] * (ROWS // 2 - 1) + ["██▁ █"]
    drawn = ["".join(text for text, _ in line)[7:] for line in chart.lines(blocks_of("ascii"))]
    assert [row[:5] for row in drawn[1:]] == ["#   #"] * (ROWS // 2) + ["##  #"] * (ROWS // 2 - 1) + ["##. #"]


@pytest.mark.parametrize("name", TRAININGS)
def test_a_picture_fits(name):
    """A picture of a whole training is no wider and no higher than is_live asks for."""
    row = training(name)
    marks = [Mark(n, 123456.0, Measure(1.0, 1.0)) for n in range(0, row.steps + 1, row.every)]
    lines = picture(Course(row, None, marks, row.steps), "utf-8", 1000.0)
    assert len(lines) <= HEIGHT
    assert max(sum(len(text) for text, _ in line) for line in lines) <= COLUMNS


SEVERAL = """
import sys, pytest
sys.modules["sklearn"] = None
for words in {!r}:
    print("==", words, int(pytest.main(["-p", "no:cacheprovider", *words.split()])), flush=True)
"""
REFUSED = {
    "--train=digit": "--train=digit: there is no training of that name; do you mean digits?",
    "--train=zen --hidden": "--train: does not go with --hidden; leave one of them out",
    "--train=zen --watch": "--train: does not go with --watch; leave one of them out",
    "--train=zen --history": "--train: does not go with --history; leave one of them out",
    "--train=zen -k relu": "--train: does not go with -k; leave one of them out",
    "--train=zen tests/test_ops.py": "--train: does not go with tests/test_ops.py; leave one of them out",
    "--train=zen --impl=kata --impl=solutions": "it is for your own answers, --impl=kata; not for kata, solutions",
    "--train=zen --impl=somebody.zip": "it is for your own answers, --impl=kata; not for somebody.zip",
    "--anyway": "--anyway: goes with --train; add that, or leave it out",
    "--train=digits": "pip install '.[train]'",
}


def test_what_cannot_be_trained_is_refused():
    """A mistyped name, what it does not go with, somebody else's code and a missing scikit-learn are one line each."""
    source = SEVERAL.format(list(REFUSED))
    ran = subprocess.run(
        [sys.executable, "-c", source], cwd=PROJECT, capture_output=True, text=True, timeout=HANGS, check=False
    )
    assert ran.stdout.splitlines() == [f"== {words} 4" for words in REFUSED]
    errors = [line for line in ran.stderr.splitlines() if line]
    assert len(errors) == len(REFUSED)
    for line, said in zip(errors, REFUSED.values(), strict=True):
        assert line.startswith("ERROR: --")
        assert said in line


def test_every_option_of_the_kata_is_thought_of():
    """An option either goes with --train or is refused beside it."""
    assert options() <= {*plugin.WITH, *plugin.NOT_WITH}
    assert not {*plugin.WITH} & {*plugin.NOT_WITH}


def test_stubs_are_told_at_once_and_numpy_has_one_thread():
    """Without operations no torch is imported; whatever the environment says, sums do not depend on the number of threads."""
    source = (
        "import sys, pytest; print(int(pytest.main(sys.argv[1:]))); import threadpoolctl as t; "
        "print([(p['internal_api'], p['num_threads']) for p in t.threadpool_info()], {'torch'} & sys.modules.keys())"
    )
    ran = subprocess.run(
        [sys.executable, "-c", source, "--impl=kata", "--train=digits"],
        cwd=PROJECT,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        timeout=HANGS,
        check=True,
    )
    *said, status, threads = ran.stdout.splitlines()
    assert said[2] == "digits cannot be trained yet:"
    assert said[-2:] == ["next: write cross_entropy in kata/losses.py:", "    pytest --impl=kata --op=cross_entropy"]
    assert status == "1"
    assert {int(n) for n in re.findall(r", (\d+)\)", threads)} == {1}
    assert threads.endswith(" set()")


def test_nothing_is_imported_where_nothing_is_trained():
    """A hint imports neither the room, nor a training, nor scikit-learn; nor does a run that is collected."""
    source = (
        "import sys, pytest; pytest.main(sys.argv[1:]); "
        "print('found', [m for m in sys.modules if m.startswith(('sklearn', 'tests.harness.training', 'tests.trainings.'))])"
    )
    for words in (["--hint", "relu"], ["--impl=kata", "--collect-only", "-q", "--op=relu"]):
        ran = subprocess.run(
            [sys.executable, "-c", source, *words],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=HANGS,
            check=True,
        )
        assert ran.stdout.splitlines()[-1] == "found []"


def test_a_kit_says_what_it_lacks(tmp_path):
    """A kit has what --train needs, and says which operations were not chosen for it."""
    kit.write(str(tmp_path / "kit.zip"), PROJECT, {"losses": ["cross_entropy"]})
    with zipfile.ZipFile(tmp_path / "kit.zip") as archive:
        archive.extractall(tmp_path)
    said = grade("--train=zen", cwd=tmp_path / "kata-kit")
    assert said.returncode == 1
    assert (
        "  cross_entropy: the operation is not written yet\n  adamw: is not among the operations of this kit\n"
        in said.stdout
    )
    assert "next:" not in said.stdout


WITHOUT_DECAY = """

def adamw(w, gw, m, v, t, lr, beta1, beta2, eps, weight_decay):
    return adam(w, gw, m, v, t, lr, beta1, beta2, eps)
"""


def test_it_is_drawn_on_a_terminal_and_ends_with_ctrl_c(tmp_path):
    """In a real terminal: what is wrong, one picture that is drawn anew, and after Ctrl-C what was learned; nothing else."""
    terminal = Terminal(tmp_path, 90, 45)
    try:
        for file in (PROJECT / "solutions").glob("*.py"):
            (terminal.folder / "kata" / file.name).write_text(file.read_text().replace("solutions", "kata"))
        with open(terminal.folder / "kata/training.py", "a") as module:
            module.write(WITHOUT_DECAY)
        terminal.type("clear; pytest --impl=kata --train=zen --anyway; echo status $?", "Enter")
        terminal.until_true(lambda: re.search(r"^step +[2-9]\d ", terminal.screen(), re.MULTILINE), "twenty steps")
        terminal.type("C-c")
        screen = terminal.until("ended by Ctrl-C after step", "it says:", "goal not reached", "status 2")
        assert screen.startswith("zen, with the operations of kata/, --seed=0\nchecking ")
        assert re.search(r"\nadamw is wrong, forward: .*\n(    .*\n)*trained all the same, with --anyway\n", screen)
        assert len(re.findall(r"^step ", screen, re.MULTILINE)) == 1
        assert screen.count("guessed\n") == 1
        assert "Traceback" not in screen
        terminal.left_in_order()
    finally:
        terminal.close()


FAKE = """
import signal, sys, time
def end(*_):
    print("ended", *sys.argv[1:], flush=True)
    sys.exit(2)
signal.signal(signal.SIGINT, end)
print("step 1", flush=True)
{}
"""


@pytest.fixture
def a_command(tmp_path, monkeypatch):
    """In the place of pytest, a module that prints, and does something more."""

    def made(body: str) -> None:
        (tmp_path / "pytest.py").write_text(FAKE.format(body))
        monkeypatch.setattr(plugin, "PROJECT", tmp_path)

    return made


def test_a_notebook_shows_what_the_command_prints(a_command, capsys):
    """`train` runs the command in a process of its own, with what it was given, and prints its lines."""
    a_command("end()")
    train("zen", seed=7, anyway=True)
    assert capsys.readouterr().out == "step 1\nended --impl=kata --train=zen --seed=7 --anyway\n"


def test_a_notebook_s_stop_button_is_ctrl_c(a_command, capsys, monkeypatch):
    """An interruption is passed on to the command, and what comes after it is shown."""
    a_command("time.sleep(600)")

    def interrupted(line: str, **how) -> None:
        print(line, **how)
        if line == "step 1\n":
            raise KeyboardInterrupt

    monkeypatch.setattr(plugin, "print", interrupted, raising=False)
    train("zen", impl="solutions")
    assert capsys.readouterr().out == "step 1\nended --impl=solutions --train=zen --seed=0\n"


def test_an_unknown_training_is_one_error():
    """A mistyped name is refused in a line, in a notebook without the inside of the kata."""
    with pytest.raises(ValueError, match="do you mean digits") as refused:
        train("digit")
    assert refused.value._render_traceback_() == [f"ValueError: {refused.value}"]


def test_digits_that_are_not_there_are_asked_for(monkeypatch):
    """Without scikit-learn the line says what to install."""
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(Unavailable, match=re.escape("pip install '.[train]'")):
        training("digits").load()


def test_an_operation_that_is_not_used_is_not_there():
    """A network cannot call what it did not ask for."""
    with pytest.raises(AttributeError):
        Operations({}).mlp()
    assert issubclass(Broken, Exception)
