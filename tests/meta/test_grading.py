"""Grading as an interviewer does it: whole pytest runs on submissions, their reports, kits, and the grader's own trouble."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from tests.harness.display.files import write_whole
from tests.harness.plugin import kit
from tests.harness.rows.names import names_by_level
from tests.meta import HANGS
from tests.meta.processes import family
from tests.meta.runs import PROJECT, grade

PUBLIC = ("forward", "gradient", "pure", "stable")
HALF = """
import numpy as np

def affine(x, w, b):
    return x @ w + b, lambda gy: (gy @ w.T, x.T @ gy, gy.mean(axis=0, keepdims=True))

def relu(x):
    return np.maximum(x, 0), lambda gy: gy * (x > 0)
"""


def without_times(file: Path) -> str:
    content = json.loads(file.read_text())
    for submission in content["submissions"]:
        del submission["seconds"]
    return json.dumps(content)


def _operations() -> int:
    return sum(map(len, names_by_level().values()))


@pytest.fixture
def half(tmp_path) -> Path:
    """A submission with one operation right and one wrong."""
    file = tmp_path / "half.py"
    file.write_text(HALF)
    return file


@pytest.mark.parametrize(
    "arguments", [["--op=affine"], ["--op=affin", "--collect-only"], ["--opp=affine"]], ids=" ".join
)
def test_a_fork_says_what_a_run_of_its_own_does(arguments):
    """Which is why these tests may take forks for runs."""
    fork, run = (grade("--impl=kata", *arguments, anew=anew) for anew in (False, True))
    assert (fork.returncode, fork.stderr) == (run.returncode, run.stderr)
    assert _TIMED.sub("", fork.stdout) == _TIMED.sub("", run.stdout)


_TIMED = re.compile(r" in [\d.]+s =+$|^=+ ", re.MULTILINE)


def test_a_hidden_run_reports_every_property(half, tmp_path):
    """The hidden run has layout, fast and compose, a score that follows from the statuses, and both reports."""
    run = grade("--hidden", f"--impl={half}", "--seed=3", f"--report={tmp_path}/r.json", f"--report={tmp_path}/r.html")
    assert run.returncode == 1, run.stdout
    content = json.loads((tmp_path / "r.json").read_text())
    assert set(content) == {"schema", "seed", "hidden", "submissions"}
    assert (content["schema"], content["seed"], content["hidden"]) == (1, 3, True)
    (submission,) = content["submissions"]
    assert set(submission) == {"submission", "score", "seconds", "ops", "failures"}
    assert submission["ops"]["relu"] == dict.fromkeys((*PUBLIC, "layout", "fast"), "pass")
    assert submission["ops"]["affine"]["gradient"] == "fail"
    assert submission["ops"]["affine"]["fast"] == "skip"
    assert submission["ops"]["sigmoid"]["forward"] == "todo"
    assert submission["ops"]["compose"] == {"gradient": "pass"}
    # relu has all its 12 points, affine its 3 for forward; of compose, which counts as one more operation, one has taken part.
    composed = 12 / _operations()
    assert submission["score"] == pytest.approx(100 * (12 + 3 + composed) / (12 * (_operations() + 1)), abs=0.01)
    (failure,) = submission["failures"]
    assert set(failure) == {"op", "property", "diagnosis", "example", "yours", "torch"}
    assert failure["diagnosis"].startswith("gb is N times too small")
    assert "gb is N times too small" in (tmp_path / "r.html").read_text()
    assert "--seed=3" in (tmp_path / "r.html").read_text()


def test_the_same_seed_gives_the_same_report(half, tmp_path):
    """The same submission and seed give the same JSON but for times; another seed gives other examples."""
    files = [tmp_path / f"{name}.json" for name in ("first", "again", "other")]
    for file, seed, ops in zip(files, (11, 11, 12), ("affine", "affine", "dropout"), strict=True):
        grade("--hidden", f"--impl={half}", f"--seed={seed}", f"--report={file}", "-k", ops)
    assert without_times(files[0]) == without_times(files[1])
    assert json.loads(files[2].read_text())["seed"] == 12


def test_another_seed_draws_other_examples():
    """Seeds decide the examples: none of ten seeds repeats another's."""
    from tests import test_ops
    from tests.harness.diagnosis.diagnose import diagnose
    from tests.harness.judgement.examiner import Examiner
    from tests.harness.rows.catalogue import operations
    from tests.harness.submissions.here import Here

    (op,) = (op for op in operations()["feedforward"] if op.name == "affine")
    drawn = set()
    for seed in range(10):
        seen = []

        def affine(x, w, b, seen=seen):
            seen.append(x.tobytes() + w.tobytes())
            return x @ w + b, lambda gy: gy

        Examiner(Here("x", lambda _, f=affine: f), seed, explain=diagnose).verdict(test_ops.test_forward.property, op)
        drawn.add(tuple(seen))
    assert len(drawn) == 10


def test_a_batch_grades_each_submission_on_its_own(half, tmp_path):
    """A glob grades several, one of which is unusable; the table lists them, and the report has one entry each."""
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    shutil.copy(half, inbox / "anna.py")
    (inbox / "ben.zip").write_bytes(b"this is no archive")
    shutil.copytree(PROJECT / "solutions", inbox / "cleo", ignore=shutil.ignore_patterns("__pycache__"))
    run = grade(f"--impl={inbox}/*", f"--report={tmp_path}/r.json", "-q", "--op=affine,relu")
    assert run.returncode == 1, run.stdout
    scores = {
        Path(s["submission"]).name: s["score"] for s in json.loads((tmp_path / "r.json").read_text())["submissions"]
    }
    assert scores == {"anna.py": 65, "ben.zip": 0, "cleo": 100}
    table = run.stdout.rpartition("submissions")[2]
    assert re.findall(r"inbox/(\S+) ", table)[:3] == ["cleo", "anna.py", "ben.zip"]
    reasons = [line for line in table.splitlines() if re.match(r"\S+: \w+ ", line)]
    assert [line.split(": ")[:2] for line in reasons] == [
        ["anna.py", "affine gradient"],
        ["ben.zip", "affine and 1 more"],
    ]
    assert reasons[0] == "anna.py: affine gradient: gb is N times too small: mean instead of sum?"
    assert all(len(line) < 80 for line in reasons)


def test_hidden_without_the_hidden_tests_says_so(tmp_path):
    """In a kit, --hidden is refused in one line with exit status 4."""
    kit.write(str(tmp_path / "kit.zip"), PROJECT, {"feedforward": ["affine"]})
    with zipfile.ZipFile(tmp_path / "kit.zip") as archive:
        archive.extractall(tmp_path)
    run = grade("--hidden", cwd=tmp_path / "kata-kit")
    assert run.returncode == 4
    assert "tests/hidden/" in run.stderr


def test_a_kit_has_no_answers_and_works(tmp_path):
    """What a candidate gets holds the chosen stubs and the public tests only; filled in, it grades to 100."""
    run = grade(f"--kit={tmp_path}/kit.zip", "--op=affine", "--op=relu")
    assert run.returncode == 0, run.stdout + run.stderr
    with zipfile.ZipFile(tmp_path / "kit.zip") as archive:
        names = archive.namelist()
        archive.extractall(tmp_path)
    folder = tmp_path / "kata-kit"
    assert not [n for n in names if any(part in n.split("/") for part in ("solutions", "hidden", "meta", "mutants"))]
    assert {path.name for path in folder.iterdir()} >= {"kata", "tests", "conftest.py", "pyproject.toml", "README.md"}
    stubs = (folder / "kata/feedforward.py").read_text()
    assert "def affine" in stubs
    assert "def sigmoid" not in stubs
    untouched = grade(cwd=folder)
    assert untouched.returncode == 1
    assert "8 todo" in untouched.stdout
    shutil.copy(PROJECT / "solutions/feedforward.py", folder / "kata/feedforward.py")
    solved = grade(f"--report={tmp_path}/r.json", cwd=folder)
    assert solved.returncode == 0, solved.stdout
    assert set(json.loads((tmp_path / "r.json").read_text())["submissions"][0]["ops"]) == {"affine", "relu"}
    assert "score 100 of 100" in solved.stdout


def test_a_kit_has_the_same_bytes_each_time(tmp_path):
    """Two kits of the same operations are equal; a kit of other operations is not."""
    for name, ops in (("a", ["affine"]), ("b", ["affine"]), ("c", ["relu"])):
        kit.write(str(tmp_path / f"{name}.zip"), PROJECT, {"feedforward": ops})
    a, b, c = ((tmp_path / f"{name}.zip").read_bytes() for name in "abc")
    assert a == b != c


def test_a_kit_does_not_give_a_written_stub_away(tmp_path):
    """A stub that somebody has filled in is refused, and no kit is written."""
    project = tmp_path / "project"
    shutil.copytree(
        PROJECT, project, ignore=shutil.ignore_patterns(".git", ".venv", "__pycache__", "meta", ".hypothesis")
    )
    shutil.copy(PROJECT / "solutions/feedforward.py", project / "kata/feedforward.py")
    run = grade(f"--kit={tmp_path}/kit.zip", cwd=project)
    assert run.returncode == 4, run.stdout + run.stderr
    assert "already written" in run.stdout + run.stderr
    assert not (tmp_path / "kit.zip").exists()


TROUBLE = """
import pytest

@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session):
    from tests.harness.submissions.remote import GraderTrouble, Worker
    real = Worker.post_content

    def post_content(self, *content, **first):
        if first.get("op") == "relu":
            raise GraderTrouble("no more processes can be had")
        return real(self, *content, **first)

    Worker.post_content = post_content
"""


def test_the_graders_own_trouble_is_told_as_that(half, tmp_path):
    """Where a worker cannot be had, the run says so, keeps what was graded, and exits with a status of its own."""
    (tmp_path / "trouble.py").write_text(TROUBLE)
    arguments = ("-p", "trouble", f"--impl={half}", f"--report={tmp_path}/r.json")
    run = grade(*arguments, PYTHONPATH=str(tmp_path))
    assert run.returncode == 3, run.stdout
    assert "no more processes can be had" in run.stdout
    (submission,) = json.loads((tmp_path / "r.json").read_text())["submissions"]
    assert submission["trouble"].startswith("no more processes can be had; no verdict on relu forward, relu gradient")
    assert submission["ops"]["affine"]["forward"] == "pass"
    assert set(submission["ops"]["relu"].values()) == {"skip"}
    assert submission["score"] < 5, "what was not judged counts as possible"
    assert "of 100, incomplete" in run.stdout


def test_an_interrupt_keeps_what_was_graded(tmp_path):
    """Ctrl-C ends the run at once, with exit status 2, and the report has what came before."""
    file = tmp_path / "slow.py"
    # Many loops, of which one is under way whenever somebody looks.
    loops = [op for level in ("activations", "losses", "normalization") for op in names_by_level()[level]]
    loop = "\n\ndef square_error_loss(*_, **__):\n    while True:\n        pass\n\n\n"
    file.write_text(HALF + loop + "\n".join(f"{op} = square_error_loss" for op in loops) + "\n")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        f"--impl={file}",
        f"--report={tmp_path}/r.json",
    ]
    run = subprocess.Popen(
        command,
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background ignores it
    )
    time.sleep(0.5)
    while not _children_are_busy(run.pid):
        assert run.poll() is None, run.stdout.read()
        time.sleep(0.1)
    os.kill(run.pid, signal.SIGINT)
    output, _ = run.communicate(timeout=HANGS)
    assert run.returncode == 2, output
    (submission,) = json.loads((tmp_path / "r.json").read_text())["submissions"]
    assert submission["trouble"].startswith("the run was interrupted; no verdict on ")
    assert submission["ops"]["dropout"]["forward"] == "skip", "the last of them was not come to"
    assert submission["ops"]["relu"]["gradient"] == "pass"


def _children_are_busy(pid: int) -> bool:
    """Whether a worker of this run has computed for a second: the endless loop, and nothing else here, does."""
    return any("worker.py" in command and used >= "00:00:01" for used, command in family(pid, "time"))


def test_a_report_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    """When the disk is full, what was there before stays, and nothing half-written is left."""
    file = tmp_path / "r.json"
    file.write_text("before")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(file, b"after")
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]


def test_what_is_too_small_for_a_multiple_fits_none():
    """Two rows are not three times any number of columns, and that is found without a division by 0."""
    from tests.harness.examples.network import _unified

    assert _unified("3H H", (2, 2)) is None
    assert _unified("3H H", (6, 2)).sizes == {"H": 2}


def test_networks_catch_a_wrong_gradient():
    """A wrong gradient in one operation fails compose, a right submission passes; both chain several operations."""
    import numpy as np

    from tests.harness.examples.network import random_network
    from tests.harness.judgement.examiner import examine_networks
    from tests.harness.rows.catalogue import operations
    from tests.harness.submissions.here import Here
    from tests.harness.submissions.submissions import resolve

    rows = operations()["feedforward"]
    solutions = resolve("solutions", PROJECT, names_by_level)
    assert examine_networks(rows, solutions, 1, 60).status == "pass"

    def lookup(op):
        right = solutions._lookup(op)
        if op != "relu":
            return right
        return lambda x: (right(x)[0], lambda gy: gy)

    assert examine_networks(rows, Here("wrong", lookup), 1, 60).status == "fail"
    assert examine_networks([], solutions, 1, 60).status == "skip"
    assert examine_networks(rows, Here("wrong", lookup), 1, 0).status == "fail", "each operation begins one of its own"
    networks = [random_network(rows, 6, np.random.default_rng(n)) for n in range(50)]
    assert {node.op for n in networks if n for node in n.nodes} == {op.name for op in rows}
    assert max(len(n.nodes) for n in networks if n) == 6
