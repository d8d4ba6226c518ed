"""A grading process does what it is asked in a process of its own, and ends when it is told, whatever it is at."""

import os
import select
import sys
import time
from pathlib import Path

import pytest

from tests import test_ops
from tests.harness.examples.examples import Example
from tests.harness.judgement.examiner import Examiner
from tests.harness.practice.changes import fingerprints
from tests.harness.rows.catalogue import operations
from tests.harness.rows.names import names_by_level
from tests.harness.submissions import patience
from tests.harness.submissions.here import Here
from tests.harness.submissions.usage import Usage
from tests.harness.watch import running
from tests.harness.watch.running import Forked, Spare
from tests.meta import HANGS
from tests.meta.late import AllTold, Job, Stale, Told
from tests.meta.terminals import copy

WANTED = {"affine": ("forward", "gradient"), "relu": ("forward",)}
WRONG = "import numpy as np\ndef affine(x, w, b):\n    return x @ w + b, lambda gy: (gy @ w.T, 2 * x.T @ gy, gy.sum(0, keepdims=True))\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch) -> Path:
    copy(tmp_path / "project")
    (tmp_path / "project" / "kata" / "feedforward.py").write_text(WRONG)
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


def messages(running) -> list[object]:
    """All that it sends, to its end."""
    found, end = [], time.monotonic() + HANGS
    while True:
        assert time.monotonic() < end
        select.select([running], [], [], 1)
        try:
            found.extend(running.messages())
        except EOFError:
            return found


@pytest.mark.parametrize("kind", [Forked, Spare.take], ids=["forked", "spare"])
def test_it_tells_what_holds_and_then_explains(project, kind):
    """The verdicts come first, then all have been told, then what failed comes again with its explanation."""
    running = kind(Job(project, "kata", 0, WANTED))
    try:
        told = [m for m in messages(running) if isinstance(m, (Told, AllTold))]
    finally:
        running.end()
        Spare.dismiss()
    assert [(t.result.op, t.result.property, t.result.status) for t in told[:3]] == [
        ("affine", "forward", "pass"),
        ("affine", "gradient", "fail"),
        ("relu", "forward", "todo"),
    ]
    assert isinstance(told[3], AllTold)
    (explained,) = told[4:]
    assert explained.result.why == "gw is twice what it should be"
    assert any("The smallest example" in text for line in explained.screen for text, _ in line)
    assert explained.examples[0].inputs[0].shape == (1, 1)
    with pytest.raises(ProcessLookupError):
        os.kill(running.pid, 0)


@pytest.mark.parametrize("kind", [Forked, Spare.take], ids=["forked", "spare"])
def test_code_that_was_saved_again_is_not_graded(project, kind):
    """Where the code that it loads is not the one that was meant, it says so and grades nothing."""
    code = fingerprints(project / "kata", names_by_level())
    meant = {op: code[op] for op in WANTED}
    for digests, stale in ((meant, False), ({**meant, "relu": "another"}, True)):
        running = kind(Job(project, "kata", 0, WANTED, digests))
        sent = messages(running)
        running.end()
        assert stale == any(isinstance(m, Stale) for m in sent)
        assert stale != any(isinstance(m, Told) for m in sent)
    Spare.dismiss()


@pytest.mark.parametrize(("share", "stuck"), [("queued", False), ("computing", True), ("neither", True)])
def test_only_what_uses_its_time_is_stuck(share, stuck, monkeypatch):
    """A minute in which others have the processors is not the candidate's; one of computing, or of sleep, is."""
    clock, used = 0.0, {"computing": 1.0, "queued": 1.0, "neither": 0.0}
    monkeypatch.setattr(patience.time, "monotonic", lambda: clock)
    monkeypatch.setattr(patience, "own_usage", lambda: Usage(0.0, 0.0))
    monkeypatch.setattr(running, "usage", lambda pids: Usage(used["computing"], used["queued"]))
    reading, writing = os.pipe()
    grading, found = running.Running(None, 0, reading, None), []
    for _ in range(240):
        found.append(grading.is_stuck())
        clock, used[share] = clock + 0.25, used[share] + 0.25
    os.close(reading)
    os.close(writing)
    assert any(found) == stuck
    assert not any(found[: 4 * 7])


def test_a_spare_is_replaced(project):
    """While one works the next is already there; the last is dismissed."""
    running = Spare.take(Job(project, "kata", 0, WANTED))
    waiting = Spare._waiting
    try:
        assert waiting.poll() is None
        assert waiting.pid != running.pid
    finally:
        running.end()
        Spare.dismiss()
    assert waiting.returncode is not None


def test_the_candidate_s_code_does_not_enter_this_process(project):
    """What is graded is loaded in the other process alone."""
    running = Forked(Job(project, "kata", 0, WANTED))
    messages(running)
    running.end()
    files = [getattr(module, "__file__", "") or "" for module in sys.modules.values()]
    assert not [file for file in files if file.startswith(str(project / "kata"))]


def test_what_failed_before_is_tried_first():
    """A counterexample that is known is the only example that is needed to see that it still fails."""
    (op,) = (op for ops in operations().values() for op in ops if op.name == "affine")
    gradient = test_ops.test_gradient.property
    wrong: dict = {}
    exec(WRONG, wrong)
    found = Examiner(Here("wrong", wrong.get), 0).verdict(gradient, op)
    calls = []

    def counted(*inputs):
        calls.append(inputs)
        return wrong["affine"](*inputs)

    first = {("gradient", "affine"): found.trial.examples}
    again = Examiner(Here("wrong", {"affine": counted}.get), 0, shrink=False, first=first)
    verdict = again.verdict(gradient, op)
    assert verdict.status == "fail"
    assert len(calls) == 1
    assert isinstance(verdict.trial.example, Example)

    right = Examiner(
        Here("right", lambda _: __import__("solutions.feedforward", fromlist=["x"]).affine),
        0,
        first=first,
    )
    assert right.verdict(gradient, op).status == "pass"
