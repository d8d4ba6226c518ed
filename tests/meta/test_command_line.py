"""What a user meets at the command line: bad input, stubs, crashes, loops, and what a run prints."""

import json
import re
import signal
import subprocess
import sys
import zipfile

import pytest

from tests.harness.rows.names import names_by_level
from tests.meta import HANGS
from tests.meta.runs import PROJECT, grade
from tests.meta.share import share
from tests.specs import LEVELS

RIGHT = """
import numpy as np

def relu(x):
    return np.maximum(x, 0), lambda gy: gy * (x > 0)
"""


def _empty(folder):
    (folder / "empty").mkdir()
    return folder / "empty"


def _without_operations(folder):
    file = folder / "nothing.py"
    file.write_text("x = 1\n")
    return file


def _no_zip(folder):
    file = folder / "broken.zip"
    file.write_bytes(b"PK but not really")
    return file


def _empty_zip(folder):
    with zipfile.ZipFile(folder / "empty.zip", "w") as archive:
        archive.writestr("notes.txt", "hello")
    return folder / "empty.zip"


def _other_file(folder):
    file = folder / "answers.txt"
    file.write_text("affine")
    return file


BAD = {
    "an unknown name": (lambda folder: "solution", "no such file"),
    "a missing path": (lambda folder: folder / "missing.py", "no such file"),
    "an empty folder": (_empty, "none of the kata's operations"),
    "a module without operations": (_without_operations, "none of the kata's operations"),
    "a zip that is none": (_no_zip, "not a zip archive"),
    "a zip without modules": (_empty_zip, "none of the kata's operations"),
    "another kind of file": (_other_file, ".py"),
}


@pytest.mark.parametrize(("make", "said"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_one_clear_line(make, said, tmp_path):
    """What cannot be graded ends with exit status 4 and one line that names what was given and what was expected."""
    given = make(tmp_path)
    run = grade(f"--impl={given}")
    lines = [line for line in (run.stdout + run.stderr).splitlines() if line.strip()]
    assert run.returncode == 4, run.stdout + run.stderr
    assert len(lines) == 1, lines
    assert str(given) in lines[0]
    assert said in lines[0]


@pytest.mark.parametrize("report", ["verdict.txt", "missing/verdict.json", "."])
def test_a_report_that_cannot_be_written_is_refused_at_once(report, tmp_path):
    """A --report that would fail at the end fails at the start, with exit status 4."""
    run = grade("--impl=solutions", f"--report={tmp_path / report}")
    assert run.returncode == 4
    assert "--report=" in run.stderr


def test_the_stubs_are_six_lines_of_todo():
    """A clean checkout: exit status 1, a TODO line for each of the first level and for a level's only one, a line a level, 24 lines of 80."""
    run = grade("--impl=kata")
    lines = run.stdout.rstrip().splitlines()
    alone = sum(len(ops) == 1 for ops in names_by_level().values())
    assert run.returncode == 1
    assert sum(bool(re.match(r"  \w+ +TODO$", line)) for line in lines) == 6 + alone
    assert "Traceback" not in run.stdout
    assert sum(line.endswith("operations, none begun") for line in lines) == len(LEVELS) - 1 - alone
    assert len(lines) - next(n for n, line in enumerate(lines) if " scoreboard " in line) <= 24
    assert max(map(len, lines)) <= 80
    assert "next: pytest --impl=kata --op=affine" in run.stdout


def test_a_run_that_ends_early_says_what_has_no_verdict():
    """With -x, what was not graded counts as possible and is named; that is no trouble of the grader's."""
    stopped = grade("--impl=kata", "-x", "-k", "affine")
    assert stopped.returncode == 1
    assert "score 0 of 100, incomplete" in stopped.stdout
    assert "no verdict on affine gradient, affine pure, affine stable" in stopped.stdout
    assert "trouble" not in stopped.stdout


def test_what_is_only_collected_has_no_score():
    """--collect-only lists the tests, and says nothing of a verdict."""
    listed = grade("--impl=kata", "--collect-only", "-k", "affine", "-q")
    assert listed.returncode == 0
    assert "score" not in listed.stdout


@pytest.mark.parametrize("hidden", [False, True])
def test_the_header_says_hidden_of_a_hidden_run_only(hidden, tmp_path):
    """A public run in the sandbox says what confines it; that anything is hidden is said with --hidden alone."""
    (tmp_path / "mine.py").write_text(RIGHT)
    run = grade(f"--impl={tmp_path}/mine.py", "--op=relu", "--seed=7", *["--hidden"] * hidden)
    (header,) = re.findall(r"^backprop kata: .*", run.stdout, re.MULTILINE)
    assert header == f"backprop kata: --impl={tmp_path}/mine.py, --seed=7{', hidden' * hidden}, sandbox bwrap"
    assert ("hidden" in run.stdout.replace(str(tmp_path), "")) == hidden


def test_options_have_a_group_of_their_own():
    """`pytest --help` describes the kata's options together, without importing torch."""
    run = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "pytest", "--help"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    group = run.stdout.partition("backprop kata:")[2].partition("\n\n")[0]
    for option in ("--impl", "--op", "--hidden", "--seed", "--report", "--sandbox", "--kit", "--hint", "--reset"):
        assert option in group
    assert not re.search(r"\| +torch$", run.stderr, re.MULTILINE)


CRASHES = {
    "a syntax error": ("def affine(x, w, b):\n    return (x @ w\n", "line 2: SyntaxError"),
    "sys.exit at import": (
        "import sys\n\ndef affine(x, w, b):\n    pass\n\nsys.exit(0)\n",
        "line 6: stops the interpreter",
    ),
    "an error at import": ("def affine(x, w, b):\n    pass\n\n1 / 0\n", "line 4: ZeroDivisionError"),
    "a foreign import that decides": (
        "import torch\nif torch.cuda.is_available():\n    pass\ndef affine(x, w, b):\n    pass\n",
        "line 2: ImportError: uses torch; only NumPy",
    ),
}


@pytest.mark.parametrize(
    ("source", "said"), share([pytest.param(*crash, id=name) for name, crash in CRASHES.items()], 4)
)
def test_a_module_that_does_not_import_takes_down_its_own_operations_only(source, said, tmp_path):
    """The line says file, line and error; the operations of another module are graded as ever."""
    (tmp_path / "kata").mkdir()
    (tmp_path / "kata/feedforward.py").write_text(source)
    (tmp_path / "kata/mine.py").write_text(RIGHT)
    run = grade(f"--impl={tmp_path}", f"--report={tmp_path}/r.json", "-k", "affine or relu")
    (verdict,) = json.loads((tmp_path / "r.json").read_text())["submissions"]
    assert run.returncode == 1
    assert set(verdict["ops"]["affine"].values()) <= {"error", "skip"}
    assert set(verdict["ops"]["relu"].values()) == {"pass"}
    assert all("feedforward.py, " + said in failure["diagnosis"] for failure in verdict["failures"])
    assert "Traceback" not in run.stdout


NONSENSE = {
    "None": ("None", "returns None, but should return (y, grad)"),
    "one array": ("x @ w + b", "returns one array, but should return (y, grad)"),
    "a string for y": ("('y', lambda gy: gy)", "y is a str"),
    "nested lists": ("([[1.0]], lambda gy: gy)", "y is a list of 1"),
    "an object array": ("(np.full(3, None), lambda gy: gy)", "y is an array of dtype object"),
    "complex": ("(x @ w + b + 0j, lambda gy: gy)", "y is an array of dtype complex128"),
    "no closure": ("(x @ w + b, 1)", "grad is an int"),
    "no gradient": ("(x @ w + b, lambda gy: None)", "grad(gy) returns None, but should return 3 gradients"),
    "two gradients": ("(x @ w + b, lambda gy: (gy, gy))", "but should return 3 gradients: gx, gw, gb"),
    "a gradient of text": ("(x @ w + b, lambda gy: (gy @ w.T, x.T @ gy, 'gb'))", "gb is a str"),
}


@pytest.mark.parametrize(("returned", "said"), NONSENSE.values(), ids=NONSENSE.keys())
def test_nonsense_gets_a_sentence(returned, said):
    """Whatever an operation returns, a sentence says what was seen and what was expected; the harness does not break."""
    from tests import test_ops
    from tests.harness.diagnosis.diagnose import diagnose
    from tests.harness.judgement.examiner import Examiner
    from tests.harness.rows.catalogue import operations
    from tests.harness.submissions.here import Here

    space: dict = {}
    exec(f"import numpy as np\ndef affine(x, w, b):\n    return {returned}", space)
    examiner = Examiner(Here("nonsense", space.get), 0, explain=diagnose)
    (op,) = (op for op in operations()["feedforward"] if op.name == "affine")
    verdicts = [examiner.verdict(t.property, op) for t in (test_ops.test_forward, test_ops.test_gradient)]
    failed = [v for v in verdicts if v.status == "fail"]
    assert failed
    assert said in failed[0].why


LOOP = (
    "def relu(x):\n    while True:\n        try:\n            pass\n        except BaseException:\n            pass\n"
)


@pytest.mark.parametrize("mode", ["here", "elsewhere"])
def test_an_endless_loop_is_stopped(mode, tmp_path, monkeypatch):
    """An operation that never returns, and catches everything, gets the status timeout, in this process and in another."""
    from tests import test_ops
    from tests.harness.diagnosis.diagnose import diagnose
    from tests.harness.judgement.examiner import Examiner
    from tests.harness.rows.catalogue import operations
    from tests.harness.rows.names import names_by_level
    from tests.harness.submissions import here, limits, submissions

    monkeypatch.setattr(limits, "CALL_SECONDS", 0.3)
    (tmp_path / "loop.py").write_text(LOOP)
    if mode == "here":
        space: dict = {}
        exec(LOOP, space)
        implementation = here.Here("loop", space.get)
    else:
        implementation = submissions.resolve(str(tmp_path / "loop.py"), PROJECT, names_by_level)
    (op,) = (op for op in operations()["feedforward"] if op.name == "relu")
    verdict = Examiner(implementation, 0, explain=diagnose).verdict(test_ops.test_forward.property, op)
    implementation.close()
    assert verdict.status == "timeout"
    assert "endless loop" in verdict.why


def test_an_endless_loop_in_c_ends_the_process(tmp_path):
    """What no exception reaches ends the run, with the line where it was, and not what is slow beside it."""
    code = (
        "from tests.harness.submissions import deadline, here, limits\nfrom tests.harness.worker.observation import Call\n"
        "deadline.LAST_RESORT, limits.CALL_SECONDS = 0.5, 0.2\n"
        "def slow():\n    sum(range(3 * 10**7)), sum(range(3 * 10**7))\n"
        "def relu(x):\n    sum(iter(int, 1))\n"
        "deadline.last_resort()\nslow()\nprint('slow is done', flush=True)\n"
        "here.Here('loop', {'relu': relu}.get).observe('relu', [(1.0,)], [], (Call(),))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, timeout=HANGS, check=False
    )
    assert done.stdout == "slow is done\n"
    assert done.returncode == -signal.SIGVTALRM
    assert re.search(r'File "<string>", line \d+ in relu', done.stderr)


def test_colour_only_where_it_is_wanted():
    """No escape sequence without a terminal, or with NO_COLOR; some where colour is asked for."""
    assert "\x1b[" not in grade("--impl=kata", "-k", "affine").stdout
    assert "\x1b[" not in grade("--impl=kata", "-k", "affine", NO_COLOR="1").stdout
    assert "\x1b[" in grade("--impl=kata", "-k", "affine", "--color=yes").stdout


def test_what_is_not_written_is_set_up_once(tmp_path):
    """What has nothing to run is reported without a test's setup, but for the first and last test, and is like any other test otherwise."""
    ops = names_by_level()["feedforward"][:3]
    written, report = tmp_path / "junit.xml", tmp_path / "verdict.json"
    run = grade("--impl=kata", f"--op={','.join(ops)}", "--setup-show", f"--junitxml={written}", f"--report={report}")
    assert run.stdout.count("SETUP    F examine") == 2, run.stdout
    (verdict,) = json.loads(report.read_text())["submissions"]
    assert {op: set(row.values()) for op, row in verdict["ops"].items()} == {op: {"todo"} for op in ops}
    assert written.read_text().count("<testcase ") == 4 * len(ops)
    assert "1 todo" in grade("--impl=kata", f"--op={','.join(ops)}", "-x").stdout
