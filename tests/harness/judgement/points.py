"""What a property is worth, and what an operation earns. It imports nothing, so that it can be asked without torch."""

from collections.abc import Iterable

POINTS = {"forward": 3, "gradient": 5, "pure": 1, "stable": 1, "layout": 1, "fast": 1}
"""Property -> what it is worth. Those after gradient count only where forward and gradient hold.

The last two are hidden. `compose` is worth as much as an operation with all of them (see `of_compose`).
"""

PUBLIC = ("forward", "gradient", "pure", "stable")
"""The properties of a run that is not hidden."""

FAILED = ("fail", "error", "timeout")
"""The statuses of a property that was judged and does not hold."""


def points(op: str, statuses: dict[str, str], ran: Iterable[str]) -> tuple[int, int]:
    """Earned and possible points of an operation, over the properties that ran."""
    held = all(statuses[p] in ("pass", "skip") for p in ("forward", "gradient"))
    earned = sum(POINTS[p] for p in ran if statuses[p] == "pass" and (held or p in ("forward", "gradient")))
    return earned, sum(POINTS[p] for p in ran)


def with_unasked(statuses: dict[str, str], unasked: Iterable[str]) -> dict[str, str]:
    """The statuses for the points: what is not asked of an operation is worth its points where forward holds."""
    return statuses | dict.fromkeys(unasked, statuses.get("forward", "skip"))


def of_compose(status: str, others: Iterable[dict[str, str]]) -> tuple[float, int]:
    """Likewise of `compose`. `others`: the statuses of the operations chosen beside it, where their gradients were judged.

    Networks are made of those whose forward and gradient hold, and it earns their share.
    """
    whole, others = sum(POINTS.values()), list(others)
    held = sum(all(statuses[p] in ("pass", "skip") for p in ("forward", "gradient")) for statuses in others)
    share = held / len(others) if others else 1.0
    return (round(whole * share, 2) if status == "pass" else 0), whole
