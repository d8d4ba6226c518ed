"""What breaks in the grader itself costs an explanation, or the one verdict that it was about, and never raises a score."""

import importlib
import json
import os
import sys
from itertools import cycle
from pathlib import Path

import pytest

from tests.meta.odd_answers import looked_at
from tests.meta.share import SHARED, share

PROJECT = Path(__file__).parents[2]
OPS = "sigmoid or relu and not leaky_relu"
SUBMISSION = """
import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x)), lambda gy: -gy


def relu(x):
    return np.maximum(x, 0), lambda gy: gy * (x > 0)
"""
STATUSES = {
    "sigmoid": {"forward": "pass", "gradient": "fail", "pure": "skip", "stable": "skip"},
    "relu": dict.fromkeys(("forward", "gradient", "pure", "stable"), "pass"),
}
SCORE = 65  # 13 of 20
EXPLAINING = [
    ("display.screen", "_screen"),
    ("display.screen", "_picture"),
    ("display.screen", "_arrays"),
    ("diagnosis.entry", "jacobian_column"),
    ("display.result", "_picture"),
    ("display.result", "_plain"),
    ("diagnosis.diagnose", "diagnose"),
    ("judgement.search", "_shrink"),
    ("judgement.search", "tighten"),
    ("judgement.search", "run_again"),
    ("diagnosis.search", "_reproduces"),
    ("diagnosis.conditions", "_best"),
    ("display.failures", "maps"),
    ("display.failures", "_table"),
    ("display.heatmaps", "_drawn"),
    ("display.failures", "_failure"),
]
ERRORS = [RuntimeError("\x1b[2J\nscore 100 of 100"), MemoryError(), RecursionError("too deep"), KeyError("gx")]


def test_whatever_is_answered_there_is_a_verdict():
    """Odd answers of all kinds are judged, explained and told; soak.py tries more of them."""
    alarms = list(looked_at(seed=1, one_in=12 if SHARED else 1))
    assert len(alarms) > (6 if SHARED else 80)
    assert [line for found in alarms for line in found] == []


def graded(tmp_path: Path, module: str, name: str, error: Exception, *, only: str = "") -> tuple[int, str, dict, str]:
    """A run in which a function of the harness raises, for the operation `only` where one is named.

    In a copy of this process, which has torch: exit status, what was printed, the JSON report of the submission, the page.
    """
    file = tmp_path / "submission.py"
    file.write_text(SUBMISSION)
    reports = [tmp_path / "r.json", tmp_path / "r.html"]
    arguments = ["tests/test_ops.py", f"--impl={file}", "-k", OPS, "-p", "no:cacheprovider", "-p", "no:xdist"]
    arguments += ["-p", "no:faulthandler"]  # its thread, which is not in the copy, would be waited for
    pid = os.fork()
    if pid == 0:
        status = 99
        try:
            status = _run(
                [*arguments, *(f"--report={r}" for r in reports)], tmp_path / "out", module, name, error, only
            )
        finally:
            os._exit(status)
    _, status = os.waitpid(pid, 0)
    (submission,) = json.loads(reports[0].read_text())["submissions"]
    page = reports[1].read_text() if reports[1].exists() else ""
    return os.waitstatus_to_exitcode(status), (tmp_path / "out").read_text(), submission, page


def _run(arguments: list[str], output: Path, module: str, name: str, error: Exception, only: str) -> int:
    os.chdir(PROJECT)
    for variable in [v for v in os.environ if v.startswith("PYTEST")]:
        del os.environ[variable]
    handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
    found = importlib.import_module(f"tests.harness.{module}")
    real = getattr(found, name)

    def breaks(*given, **named):
        if not only or any(only == getattr(thing, "name", "") for thing in (*given, *vars(given[0]).values())):
            raise error
        return real(*given, **named)

    setattr(found, name, breaks)
    status = int(pytest.main(arguments))
    sys.stdout.flush()
    return status


@pytest.mark.parametrize(
    ("module", "name", "error"),
    share([(*place, error) for place, error in zip(EXPLAINING, cycle(ERRORS), strict=False)], 5),
)
def test_what_cannot_be_explained_is_judged_all_the_same(module, name, error, tmp_path):
    """Each step of explaining, drawing and writing may raise anything: verdicts and score are those of any other run."""
    status, printed, submission, page = graded(tmp_path, module, name, error)
    assert status == 1, printed
    assert submission["ops"] == STATUSES, printed
    assert submission["score"] == SCORE
    assert "trouble" not in submission
    assert printed.replace("\n", "").isprintable()
    assert "score 65 of 100\n" in printed
    assert "\nscore 100" not in printed
    assert "13/20" in page.replace(" ", "").replace("\n", "") or ">65<" in page


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_verdict_that_cannot_be_made_is_missing_by_name(error, tmp_path):
    """A judgement that raises is trouble: it counts as possible, is named, and costs no other operation anything."""
    status, printed, submission, page = graded(tmp_path, "judgement.judge", "gradient", error, only="relu")
    assert status == 3, printed
    assert submission["ops"] == STATUSES | {
        "relu": {"forward": "pass", "gradient": "skip", "pure": "skip", "stable": "skip"}
    }
    assert submission["score"] == 30, "6 of 20"
    assert "no verdict on relu gradient, relu pure, relu stable" in submission["trouble"]
    assert "score 30 of 100, incomplete\n" in printed
    assert "no verdict on relu gradient" in printed
    assert "no verdict on relu gradient" in page
    assert "\nscore 100" not in printed


@pytest.mark.parametrize("name", ["template", "failures_of"])
def test_a_page_that_cannot_be_made_costs_nothing_else(name, tmp_path):
    """A mistake in the page itself is said; the other report and the terminal still have the verdict."""
    status, printed, submission, page = graded(tmp_path, "display.page", name, KeyError("gx"))
    assert status == 3, printed
    assert submission["score"] == SCORE
    assert "cannot be written" in printed
    assert not page
