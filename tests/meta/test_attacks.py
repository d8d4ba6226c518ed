"""No submission scores above what its honest part earns, stops the run, outlives it, or uses more than it may."""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from tests import test_ops
from tests.harness.display.result import result_of
from tests.harness.display.screen import screen
from tests.harness.judgement.examiner import Examiner
from tests.harness.judgement.verdict import Verdict
from tests.harness.rows import catalogue
from tests.harness.rows.late import torch
from tests.harness.rows.names import names_by_level
from tests.harness.submissions import confinement, limits, submissions
from tests.harness.submissions.elsewhere import Elsewhere
from tests.harness.submissions.leftovers import remove
from tests.harness.submissions.parcel import UnusableSubmission
from tests.harness.submissions.patience import Spent
from tests.harness.submissions.remote import GraderTrouble
from tests.harness.submissions.runtime import copies
from tests.harness.submissions.submissions import reference
from tests.harness.submissions.usage import family as family_of
from tests.harness.worker.observation import Call
from tests.harness.worker.refusal import RefusedOperation
from tests.hidden import test_hidden
from tests.meta import HANGS
from tests.meta.attacks import HONEST as RIGHT
from tests.meta.attacks import (
    MARK,
    PROJECT,
    Attack,
    flooding,
    headers,
    hurrying,
    leaning,
    leaving,
    lying,
    misshaping,
    parcels,
    prying,
)
from tests.meta.attacks.parcels import Parcel
from tests.meta.late import diagnose
from tests.meta.share import share

SHORT = {"call_seconds": 0.5, "operation": Spent(1.5, 1.5), "submission": Spent(5.0, 5.0)}
MEMORY, REPORT = 300 * 2**20, 10**5  # bytes beside what the grader has anyway, and characters of four verdicts
SECONDS = 60.0  # that the grader may compute itself: far more than anything takes
ROOMS = (leaving, leaning, lying, misshaping, prying, flooding)
ATTACKS = [pytest.param(a, id=a.name) for room in ROOMS for a in room.ATTACKS]
OPS = {op.name: op for ops in catalogue.operations().values() for op in ops}
ATTACKER, HONEST, RELU = OPS["sigmoid"], OPS["tensor_sum"], OPS["relu"]
FORWARD = replace(test_ops.test_forward.property, examples=6)
GRADIENT = replace(test_ops.test_gradient.property, examples=6)
FAST = replace(test_hidden.test_fast.property, after=())
PLACES = ("/", "/tmp", "/dev/shm", "/var/tmp", str(Path.home()), str(PROJECT), ".", "..")


@pytest.fixture(autouse=True)
def started(tmp_path, monkeypatch):
    """Temporary files go to a folder of the test's own, and the processes that are started are noted."""
    copies()  # they are there until the end of the run
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr(limits, "IMPORT_SECONDS", 0.5)
    monkeypatch.setattr(limits, "IMPORT_SLACK", 0.5)
    processes = []
    start = confinement.start

    def noted(*arguments):
        processes.append(start(*arguments))
        return processes[-1]

    monkeypatch.setattr(confinement, "start", noted)
    return processes


def graded(path: Path, started: list, *, shrink: bool = False) -> dict[str, Verdict]:
    """Grade a submission for real, and see that nothing of it is left, and what it took. `op property` -> its verdict."""
    torch.is_tensor(None)  # which imports it: that takes memory once, and is not a submission's doing
    begun = time.process_time()
    Path("/proc/self/clear_refs").write_text("5")  # the most memory is measured from here on
    before = _peak_bytes()
    implementation = elsewhere(path, **SHORT)
    try:
        examiner = Examiner(implementation, seed=1, shrink=shrink, explain=diagnose)
        verdicts = [examiner.verdict(prop, op) for op in (ATTACKER, HONEST) for prop in (FORWARD, GRADIENT)]
        family = {pid for process in started for pid in family_of(process.pid)}
    finally:
        implementation.close()
    assert time.process_time() - begun < SECONDS
    spent, most = implementation._spent[""], SHORT["submission"]
    assert max(spent.computing / most.computing, spent.asleep / most.asleep) < 2
    assert _gone(family), "a process outlives the run"
    _leaves_nothing()
    told = "".join(
        json.dumps(asdict(result_of(v, "s", "level", 0)), allow_nan=False) + str(screen(v)) for v in verdicts
    )
    assert len(told) < REPORT
    assert told.replace("\n", "").isprintable()
    assert "please report this" not in told
    assert _peak_bytes() - before < MEMORY
    for verdict in verdicts:
        assert verdict.status in ("pass", "fail", "todo", "error", "timeout", "skip")
        assert verdict.status == "pass" or (verdict.why and len(verdict.why) < 3000)
        assert verdict.why.replace("\n", "").isprintable()
    return {f"{v.op} {v.property}": v for v in verdicts}


def elsewhere(path: Path, **seconds) -> Elsewhere:
    """A submission, with deadlines of the test's own."""
    resolved = submissions.resolve(str(path), PROJECT, names_by_level)
    return Elsewhere(resolved.name, resolved._package, resolved.sandbox, **seconds)


@pytest.mark.parametrize("attack", share(ATTACKS, 15))
def test_an_attack_earns_nothing(attack: Attack, tmp_path, started, monkeypatch):
    """A hostile module: what is wrong in it earns nothing, what is right beside it is graded all the same."""
    if attack not in leaning.ATTACKS:
        monkeypatch.setattr(limits, "IMPORT_SECONDS", 0.0)  # and so without conduct.py: it is the sandbox that is tried
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        path = tmp_path / "module.py"
        path.write_text(attack.source.replace(str(prying.PORT), str(server.getsockname()[1])))
        verdicts = graded(path, started, shrink=attack in misshaping.ATTACKS)
        with pytest.raises(BlockingIOError):  # nobody has called
            server.accept()
    assert verdicts["sigmoid gradient"].status != "pass"
    assert (verdicts["sigmoid forward"].status == "pass") <= attack.forward
    said = " ".join(v.why for v in verdicts.values())
    assert attack.says.lower() in said.lower()
    if attack.honest:
        assert [verdicts[f"tensor_sum {p}"].status for p in ("forward", "gradient")] == ["pass", "pass"], said


@pytest.mark.parametrize("attack", share(hurrying.ATTACKS, 3), ids=lambda attack: attack.name)
def test_a_loop_that_hides_is_not_fast(attack: Attack, tmp_path, started):
    """A loop is not `fast`, whatever hides it, and what does not loop beside it is."""
    path = tmp_path / "module.py"
    path.write_text(attack.source)
    implementation = elsewhere(path)
    try:
        examiner = Examiner(implementation, 1, shrink=False, reference=lambda: reference(PROJECT, names_by_level))
        hidden, open_ = (examiner.verdict(FAST, op) for op in (ATTACKER, HONEST))
    finally:
        implementation.close()
    assert hidden.status in ("fail", "error", "timeout"), f"{hidden.status}: {hidden.why}"
    assert attack.says in hidden.why
    assert open_.status == "pass" or not attack.honest, open_.why


@pytest.fixture
def folder(tmp_path):
    """A folder that goes away however deep it becomes, which pytest's own do not."""
    temporary = tempfile.TemporaryDirectory(dir=tmp_path)
    yield Path(temporary.name)
    remove(temporary.name)


@pytest.mark.parametrize("parcel", share([*parcels.PARCELS, *headers.PARCELS], 3), ids=lambda parcel: parcel.name)
def test_a_hostile_parcel_earns_nothing(parcel: Parcel, folder, started):
    """A submission packed to harm whoever opens it is refused in one line, or graded like any other."""
    path = parcel.build(folder)
    begun = time.process_time()
    if parcel.refused:
        with pytest.raises(UnusableSubmission, match=parcel.refused) as refusal:
            submissions.resolve(str(path), PROJECT, names_by_level)
        assert str(refusal.value).isprintable()
        assert time.process_time() - begun < SECONDS
        _leaves_nothing()
    else:
        verdicts = graded(path, started)
        assert {verdicts[f"sigmoid {p}"].status for p in ("forward", "gradient")}.isdisjoint({"pass"})


COMPUTES = "end = time.process_time() + 0.3\n    while time.process_time() < end: pass"


@pytest.mark.parametrize(("body", "what"), [("time.sleep(0.3)", "asleep or waiting"), (COMPUTES, "of computing")])
def test_an_operation_has_a_time_for_all_its_calls(body, what, tmp_path):
    """Calls that each stay below the limit end with the operation's allowance; and all operations with the submission's."""
    (tmp_path / "module.py").write_text(f"import time\nimport numpy as np\n\n\ndef sigmoid(x):\n    {body}\n{SLOW}")
    implementation = elsewhere(tmp_path / "module.py", operation=Spent(0.8, 0.8), submission=Spent(1.5, 1.5))
    whys = [
        Examiner(implementation, seed=1, explain=diagnose).verdict(FORWARD, op)
        for op in (ATTACKER, ATTACKER, RELU, RELU, HONEST)
    ]
    implementation.close()
    assert [v.status for v in whys] == ["timeout", "timeout", "fail", "timeout", "timeout"], (
        "what failed before stays so"
    )
    assert [v.why for v in whys[:2]] == [f"stopped: its calls took 0.8 s {what} together"] * 2
    assert whys[4].why == f"stopped: all calls took 1.5 s {what} together"


SLOW = "    return 1 / (1 + np.exp(-x)), len\n\n\nrelu = sigmoid\n\n\ndef tensor_sum(x):\n    return np.sum(x), None\n"


def test_calls_that_come_at_once_are_accounted_for_together(tmp_path):
    """What many short calls compute is on the account as well, though none of them is looked at."""
    (tmp_path / "module.py").write_text(f"import numpy as np\n\n\ndef sigmoid(x):\n    sum(range(20000))\n{SLOW}")
    implementation = elsewhere(tmp_path / "module.py", operation=Spent(0.1, 60.0))

    def observe_often() -> None:
        for _ in range(5000):
            implementation.observe("sigmoid", [(np.ones(2),)], [], (Call(),))

    with pytest.raises(RefusedOperation, match=r"took 0\.1 s of computing together"):
        observe_often()
    implementation.close()


def test_a_worker_that_cannot_start_is_no_verdict(tmp_path, monkeypatch):
    """Where the grader cannot start a worker, that ends the examination; it never becomes the submission's failure."""
    (tmp_path / "module.py").write_text(f"import numpy as np\n{RIGHT}")
    implementation = elsewhere(tmp_path / "module.py")

    def fails(*_):
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(confinement, "start", fails)
    with pytest.raises(GraderTrouble, match=r"cannot be started: .*Resource temporarily unavailable"):
        Examiner(implementation, seed=1, explain=diagnose).verdict(FORWARD, HONEST)
    implementation.close()


SOURCES = {
    "conftest.py": "raise SystemExit(0)\n",
    "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '--collect-only'\n",
    "kata/__init__.py": "import os; os._exit(0)\n",
    "kata/feedforward.py": """
import os, sys
import numpy as np

print("\\x1b[2J\\x1b[32m24 passed in 0.01s\\x1b[0m")


def affine(x, w, b):
    os._exit(0)


def sigmoid(x):
    raise BaseException("\\x1b[2J<b>all is well</b>\\u202e" * 1000)


def relu(x):
    while True:
        try:
            sum(iter(int, 1))
        except BaseException:
            pass


def square_error_loss(x, y):
    for descriptor in range(64):
        try:
            os.write(descriptor, b"KATA" * 9)
        except OSError:
            pass


def tensor_sum(x):
    return np.sum(x), lambda gy: gy * np.ones_like(x)
""",
}


def test_a_whole_run_survives(tmp_path):
    """A run of pytest on a hostile project ends with a verdict: points for the honest operation, a sentence for each other."""
    for name, source in SOURCES.items():
        (tmp_path / "s" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "s" / name).write_text(source)
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "pytest", "tests/test_ops.py", f"--impl={tmp_path / 's'}", f"--report={report}"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=HANGS, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    (graded,) = json.loads(report.read_text())["submissions"]
    statuses = {op: set(row.values()) for op, row in graded["ops"].items()}
    assert statuses.pop("tensor_sum") == {"pass"}
    assert all("pass" not in row for row in statuses.values())
    assert graded["score"] <= 100 / len(graded["ops"]) + 0.01
    sentences = {failure["op"]: failure["diagnosis"] for failure in graded["failures"]}
    assert "SystemExit" in sentences["affine"]
    assert "BaseException" in sentences["sigmoid"]
    assert "no answer after 5 s" in sentences["relu"]
    assert "no answer" in sentences["square_error_loss"]
    assert done.stdout.replace("\n", "").isprintable()
    assert not re.search(r"^\W*24 passed", done.stdout, re.MULTILINE)


HOSTILE = (
    "y of no rows",
    "nothing, of a great length",
    "64 MiB of a wrong shape",
    "shapes that change from call to call",
)
HOSTILE += ("a type whose name forges", "an exception whose name forges", "os._exit in a call", "an endless loop")


def test_a_submission_beside_hostile_ones_is_graded_as_if_alone(tmp_path):
    """In one run with them it has the verdict that it has alone, to the byte but for the seconds; nothing is forged."""
    (tmp_path / "inbox").mkdir()
    attacks = {a.name: a for room in (leaving, misshaping, flooding) for a in room.ATTACKS}
    for number, name in enumerate(HOSTILE):
        (tmp_path / "inbox" / f"a{number}.py").write_text(attacks[name].source)
    honest = tmp_path / "inbox" / "honest.py"
    honest.write_text(f"import numpy as np\n\n\ndef sigmoid(x):\n    return x, lambda gy: gy\n{RIGHT}")
    told = []
    for impl in (honest, tmp_path / "inbox" / "*"):
        reports = [tmp_path / "r.json", tmp_path / "r.html"]
        command = [sys.executable, "-m", "pytest", "tests/test_ops.py", f"--impl={impl}", "-p", "no:cacheprovider"]
        command += ["-k", "tensor_sum or sigmoid", *(f"--report={report}" for report in reports)]
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
        assert done.returncode == 1, done.stdout + done.stderr
        assert done.stdout.replace("\n", "").isprintable()
        assert not re.search(r"^\W*(264 passed|score 100)", done.stdout, re.MULTILINE), done.stdout
        assert all(report.stat().st_size < 2 * 10**6 for report in reports)
        submissions = {s["submission"]: s for s in json.loads(reports[0].read_text())["submissions"]}
        assert all(s["score"] <= 65 for s in submissions.values()), "tensor_sum, and 3 of sigmoid's points"
        told.append(submissions[str(honest)] | {"seconds": 0})
    assert told[0] == told[1]
    assert told[0]["score"] == 50


def test_a_run_ends_beside_a_submission_that_sleeps(tmp_path):
    """A submission asleep in every call gets TIMEOUT for all of it; the one graded with it keeps its verdict."""
    for folder, body in (("asleep", "time.sleep(0.3)"), ("right", "pass")):
        (tmp_path / folder).mkdir()
        source = re.sub(r"def \w+\(x\):\n", rf"\g<0>    {body}\n", f"import time\nimport numpy as np\n{RIGHT}")
        (tmp_path / folder / "module.py").write_text(
            f"{source}\n\ndef relu(x):\n    {body}\n    return np.maximum(x, 0), len\n"
        )
    (tmp_path / "temporary").mkdir(exist_ok=True)
    report = tmp_path / "report.json"
    code = (
        "import sys, pytest\nfrom tests.harness.submissions import limits\n"
        "limits.OPERATION, limits.SUBMISSION = limits.Spent(60, 0.8), limits.Spent(600, 1.5)\n"
        "sys.exit(pytest.main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, "tests/test_ops.py", "-v", "-k", "tensor_sum or relu", f"--report={report}"]
    command += [f"--impl={tmp_path / folder}" for folder in ("asleep", "right")]
    environment = os.environ | {"TMPDIR": str(tmp_path / "temporary")}
    done = subprocess.run(
        command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=HANGS, check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr
    asleep, right = (s["ops"] for s in json.loads(report.read_text())["submissions"])
    assert {row["forward"] for op, row in asleep.items() if op in ("tensor_sum", "relu")} == {"timeout"}
    assert set(right["tensor_sum"].values()) == {"pass"}
    assert os.listdir(tmp_path / "temporary") == []


def _peak_bytes() -> int:
    """The most memory that this process has had."""
    return 1024 * int(re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[1])


def _gone(pids: set[int]) -> bool:
    end = time.monotonic() + HANGS
    while time.monotonic() < end:
        if not any(_lives(pid) for pid in pids):
            return True
        time.sleep(0.01)
    return False


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _leaves_nothing() -> None:
    left = [f for place in PLACES for f in os.listdir(place) if re.search(MARK, f)]
    assert not left
    assert os.listdir(tempfile.gettempdir()) == []
