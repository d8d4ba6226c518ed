"""What hunts have shown: each of them in a line, and for each kind of mistake how often it was found, how fast, and missed."""

from __future__ import annotations

import time
from collections.abc import Sequence

from tests.harness.practice.hunts import Hunt
from tests.harness.practice.practice import minutes

HUNTS = 10  # that are shown


def lines(hunts: Sequence[Hunt]) -> list[str]:
    """The lines for the history; none where there was no hunt. A mistake of a hunt that is on is no miss."""
    if not hunts:
        return []
    shown = ["", f"{'hunts':24}minutes  mended"]
    for hunt in hunts[-HUNTS:]:
        date = time.strftime("%Y-%m-%d %H:%M", time.localtime(hunt.started))
        found = len(hunt.planted) - len(hunt.missed)
        shown.append(f"  {date:22}{hunt.minutes:7g}  {found} of {len(hunt.planted)}{'' if hunt.ended else '  (is on)'}")
    seconds: dict[str, list[float]] = {}
    missed: dict[str, int] = {}
    for hunt in hunts:
        for one in hunt.planted:
            if one.found is not None:
                seconds.setdefault(one.kind, []).append(one.found - hunt.started)
            elif hunt.ended:
                missed[one.kind] = missed.get(one.kind, 0) + 1
    kinds = sorted({*seconds, *missed}, key=lambda kind: (-missed.get(kind, 0), kind))
    if kinds:
        shown += ["", f"{'kind of mistake':27}found  missed  found after"]
    for kind in kinds:
        times = seconds.get(kind, [])
        after = minutes(sum(times) / len(times)) if times else "-"
        shown.append(f"  {kind:25}{len(times):5}{missed.get(kind, 0):8}{after:>13}")
    return shown
