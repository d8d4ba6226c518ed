"""The verdict as a file for other tools or for people: JSON or HTML."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.harness.display.about import About
from tests.harness.display.files import write_whole
from tests.harness.display.result import UNEXPLAINED, Outcome, Result, by_operation
from tests.harness.judgement.points import PUBLIC


def write(file: str, about: About, outcomes: Sequence[Outcome]) -> None:
    """Write the report. Raises OSError, and then leaves what was there before."""
    text = _page(about, outcomes) if Path(file).suffix == ".html" else _json(about, outcomes)
    write_whole(Path(file), text.encode())


def _json(about: About, outcomes: Sequence[Outcome]) -> str:
    submissions = [
        {
            "submission": outcome.submission,
            "score": outcome.score,
            "seconds": outcome.seconds,
            "ops": _statuses(outcome.results),
            "failures": [_failure(r) for r in outcome.results if r.failed],
            **({"notes": list(outcome.notes)} if outcome.notes else {}),
            **({"trouble": told} if (told := outcome.said) else {}),
        }
        for outcome in outcomes
    ]
    report = {"schema": 1, "seed": about.seed, "hidden": about.hidden, "submissions": submissions}
    if about.sandbox == "process":
        report["sandbox"] = "process"  # not confined: who reads the score should know
    return json.dumps(report, indent=1, allow_nan=False) + "\n"


def _statuses(results: Sequence[Result]) -> dict[str, dict[str, str]]:
    """Operation -> property -> status, of the properties that a run of this kind has."""
    names = {r.property for r in results}
    table = by_operation(results)
    return {
        op: {p: s for p, s in statuses.items() if (p == "gradient" if op == "compose" else p in names or p in PUBLIC)}
        for op, statuses in table.items()
    }


def _failure(result: Result) -> dict:
    return {
        "op": result.op,
        "property": result.property,
        "diagnosis": f"{result.why}; hint: {'; '.join(result.hints)}" if result.hints else result.why,
        "example": result.example,
        "yours": result.yours,
        "torch": result.torch,
    }


def _page(about: About, outcomes: Sequence[Outcome]) -> str:
    from tests.harness.display.page import render

    try:
        return render(about, outcomes)
    except Exception as error:  # the table and the reasons at least
        about = replace(about, notes=(f"The examples cannot be shown ({error!r}); please report this.",))
        bare = [replace(o, results=[replace(r, **UNEXPLAINED) for r in o.results]) for o in outcomes]
        return render(about, bare)
