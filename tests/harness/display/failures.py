"""What is shown of the failures, on a page or in a notebook: parts.html.jinja says how they look."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tests.harness.display.arrays import array, number, shape, slice_label, windows
from tests.harness.display.heatmaps import maps
from tests.harness.display.result import Result
from tests.harness.judgement.figures import LEAST, digits

TABLE_SIDE, TABLE_CELLS = 8, 64
_LEAD, _LONG, _TEXT = 160, 1200, 4000  # characters: of a reason on a folded line, of one that scrolls, of other values


def failures_of(results: Sequence[Result], anchor: str, cells: int) -> list[dict]:
    """One entry for an operation whose properties fail for the same reason: that of the first."""
    found: dict[tuple[str, str], dict] = {}
    for result in results:
        if not result.failed:
            continue
        key = (result.op, result.why)
        if key not in found:
            found[key] = _shown(result, cells) | {"anchor": f"{anchor}f{len(found) + 1}", "properties": []}
        found[key]["properties"].append((result.property, result.status))
    return list(found.values())


def _shown(result: Result, cells: int) -> dict:
    """What is shown of a failure; its reason alone where the rest cannot be drawn."""
    try:
        return _failure(result, cells)
    except Exception as error:
        lost = f" (its example cannot be drawn: {error!r}; please report this)"
        return _reason(replace(result, why=result.why + lost))


def _reason(result: Result) -> dict:
    return {
        "op": result.op,
        "why": result.why,
        "lead": next(iter(result.why.splitlines()), "")[:_LEAD],
        "long": len(result.why) > _LONG,
        "hint": "; ".join(result.hints),
        "example": [],
        "answers": [],
        "maps": None,
        "brief": bool(result.example),
    }


def _failure(result: Result, cells: int) -> dict:
    """What is shown of a failure: its reason, and with any `cells` for its heat maps also its arrays."""
    if not cells:
        return _reason(result)
    yours, torch = array(result.yours), array(result.torch)
    most = LEAST if yours is None or torch is None else digits(yours, torch)
    expected = "before" if result.property == "pure" else "torch"
    answers = {"yours": result.yours, expected: result.torch} if result.yours is not None else {}
    picture = result.picture
    pair = (array(picture["yours"]), array(picture["torch"])) if picture else (yours, torch)
    return _reason(result) | {
        "brief": False,
        "example": [_table(name, value) for name, value in result.example.items()],
        "answers": [_table(name, value, most) for name, value in answers.items()],
        "maps": maps(*pair, name=picture["name"] if picture else "", expected=expected, cells=cells),
    }


def _table(name: str, value: object, most: int = LEAST) -> dict:
    """An array as slices of rows of text; or as text, where it is none."""
    found = array(value)
    if found is None:
        text = value if isinstance(value, str) else json.dumps(value, default=str)
        return {"name": name, "shape": "", "slices": [], "text": text[:_TEXT], "note": ""}
    grid = np.atleast_2d(found)
    shown, note = windows(grid, TABLE_SIDE, TABLE_CELLS)
    return {
        "name": name,
        "shape": str(tuple(value["shape"])) if isinstance(value, dict) else shape(found),
        "text": "" if found.size else "empty",
        "note": "the corner of a large array" if isinstance(value, dict) else note,
        "slices": [
            {
                "label": slice_label(at),
                "columns": columns if grid.shape[-1] > 1 else (),
                "rows": [
                    (
                        i if found.ndim > 1 and grid.shape[-2] > 1 else "",
                        [number(grid[(*at, i, j)], most) for j in columns],
                    )
                    for i in rows
                ],
            }
            for at, rows, columns in shown
        ],
    }
