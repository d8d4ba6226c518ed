"""Random answers, from inside the worker, and the grader's whole way from there to a report: does a verdict always come of it?

    for alarms in looked_at(seed): ...        the operations, each with odd answers of its own kind

A grader that crashes, says nothing, says what cannot be shown, or breaks off is an alarm.
"""

from __future__ import annotations

import json
import tempfile
import traceback
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from tests import test_ops
from tests.harness.display.result import result_of
from tests.harness.display.screen import screen
from tests.harness.judgement.examiner import Examiner
from tests.harness.judgement.properties import Property
from tests.harness.judgement.verdict import Verdict
from tests.harness.rows import catalogue
from tests.harness.rows.names import names_by_level
from tests.harness.submissions.elsewhere import Elsewhere
from tests.harness.submissions.submissions import resolve
from tests.meta.late import diagnose

PROJECT = Path(__file__).parents[2]
LARGEST = 50_000  # characters of one verdict in a report
STATUSES = {"pass", "fail", "todo", "error", "timeout", "skip"}


def looked_at(seed: int, one_in: int = 1) -> Iterator[list[str]]:
    """Grade the operations with answers spoiled at random, or one in so many of them. For each verdict that is judged, a line for what should not be."""
    rows = [(level, op) for level, ops in catalogue.operations().items() for op in ops][seed % one_in :: one_in]
    with tempfile.TemporaryDirectory() as folder:
        implementation = submission(Path(folder), seed)
        try:
            examiner = Examiner(implementation, seed, shrink=seed % 4 == 0, explain=diagnose)  # shrinking takes most
            for place, (level, op) in enumerate(rows):
                for prop in properties():
                    about = f"seed {seed}, {op.name} {prop.name}"
                    try:
                        verdict = examiner.verdict(prop, op)
                        if verdict.status == "skip":
                            continue
                        data = json.dumps(asdict(result_of(verdict, "s", level, place)), allow_nan=False)
                        yield [f"{about}: {line}" for line in _doubts(verdict, data, str(screen(verdict)))]
                    except Exception:
                        yield [f"{about}: {traceback.format_exc()}"]
        finally:
            implementation.close()


def submission(folder: Path, seed: int) -> Elsewhere:
    """The solutions with their answers spoiled, as somebody else's code."""
    (folder / "spoil.py").write_text((Path(__file__).parent / "spoil.py").read_text())
    for level, ops in names_by_level().items():
        (folder / f"right_{level}.py").write_text((PROJECT / "solutions" / f"{level}.py").read_text())
        lines = [f"{op} = spoiled(right.{op}, {op!r}, {seed})" for op in ops]
        head = f"import right_{level} as right\nfrom spoil import spoiled\n\n"
        (folder / f"{level}.py").write_text(head + "\n".join(lines) + "\n")
    return resolve(str(folder), PROJECT, names_by_level)


def properties() -> list[Property]:
    """The public ones, on few examples: what is looked for is what becomes of a failure."""
    tests = (test_ops.test_forward, test_ops.test_gradient, test_ops.test_pure, test_ops.test_stable)
    few = {test.property.name: replace(test.property, examples=4, after=()) for test in tests}
    first = (few["forward"], few["gradient"])
    return [replace(p, after=() if p in first else first) for p in few.values()]


def _doubts(verdict: Verdict, data: str, shown: str) -> Iterator[str]:
    if verdict.status not in STATUSES:
        yield f"its status is {verdict.status!r}"
    if verdict.status != "pass" and not verdict.why:
        yield "no reason is given"
    if not verdict.why.isprintable():
        yield f"its reason cannot be shown: {verdict.why!r}"
    if not shown.replace("\n", "").isprintable():
        yield f"its screen cannot be shown: {shown!r}"
    if "please report this" in verdict.why + shown + data:
        yield verdict.why
    if len(data) > LARGEST:
        yield f"it takes {len(data)} characters"
