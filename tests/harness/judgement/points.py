"""What a property is worth, and what an operation earns. It imports nothing, so that it can be asked without torch."""

from collections.abc import Iterable

POINTS = {"forward": 3, "gradient": 5, "pure": 1, "stable": 1, "layout": 1, "fast": 1}
"""Property -> what it is worth. Those after gradient count only where forward and gradient hold.

The last two are hidden. `compose` is worth as much as an operation with all of them.
"""

PUBLIC = ("forward", "gradient", "pure", "stable")
"""The properties of a run that is not hidden."""

FAILED = ("fail", "error", "timeout")
"""The statuses of a property that was judged and does not hold."""


def points(op: str, statuses: dict[str, str], ran: Iterable[str]) -> tuple[int, int]:
    """Earned and possible points of an operation, over the properties that ran."""
    if op == "compose":
        return (sum(POINTS.values()) if statuses["gradient"] == "pass" else 0), sum(POINTS.values())
    held = all(statuses[p] in ("pass", "skip") for p in ("forward", "gradient"))
    earned = sum(POINTS[p] for p in ran if statuses[p] == "pass" and (held or p in ("forward", "gradient")))
    return earned, sum(POINTS[p] for p in ran)
