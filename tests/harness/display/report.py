"""The verdict as a file for other tools or for people: JSON or HTML."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tests.harness.display.about import About
from tests.harness.display.files import write_whole, written_whole
from tests.harness.display.result import UNEXPLAINED, Outcome, Result, by_operation
from tests.harness.judgement.points import PUBLIC


def write(file: str, about: About, outcomes: Sequence[Outcome]) -> None:
    """Write the report. Raises OSError, and then leaves what was there before."""
    if Path(file).suffix == ".html":
        write_whole(Path(file), _page(about, outcomes).encode())
    else:
        write_json(file, about, outcomes)


def write_json(
    file: str, about: About, outcomes: Iterable[Outcome], beside: Mapping[str, object] | None = None
) -> None:
    """Write the JSON report, one submission after another. `beside`: what else it says. Raises OSError."""
    head = {"schema": 1, "seed": about.seed, "hidden": about.hidden, "submissions": [None]}
    if about.sandbox == "process":
        head["sandbox"] = "process"  # not confined: who reads the score should know
    head |= beside or {}
    before, _, after = json.dumps(head, indent=1, allow_nan=False).partition("[\n  null\n ]")
    with written_whole(Path(file)) as stream:
        stream.write(f"{before}[".encode())
        number = 0
        for number, outcome in enumerate(outcomes, 1):
            text = json.dumps(_submission(outcome), indent=1, allow_nan=False).replace("\n", "\n  ")
            stream.write(f"{',' if number > 1 else ''}\n  {text}".encode())
        stream.write(("\n ]" if number else "]").encode() + f"{after}\n".encode())


def _submission(outcome: Outcome) -> dict:
    return {
        "submission": outcome.submission,
        "score": outcome.score,
        "seconds": outcome.seconds,
        "ops": _statuses(outcome.results),
        "failures": [_failure(r) for r in outcome.results if r.failed],
        **({"bugs": dict(outcome.bugs)} if outcome.bugs else {}),
        **({"notes": list(outcome.notes)} if outcome.notes else {}),
        **({"trouble": told} if (told := outcome.said) else {}),
    }


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
