"""What a report says of the run itself."""

from __future__ import annotations

import datetime
import platform
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")


def versions(libraries: Iterable[str] = ("numpy", "torch", "hypothesis", "pytest")) -> dict[str, str]:
    """Those of Python and of these libraries."""
    found = {"python": platform.python_version()}
    for name in libraries:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found


@dataclass(frozen=True)
class About:
    """What was run and how. `examples`: property -> how many were drawn for it. `command`: what grades the same again.

    `up`: the page that this one is a part of, from where it lies.
    """

    seed: int
    hidden: bool
    sandbox: str
    command: str
    examples: dict[str, int]
    date: str = field(default_factory=_now)
    versions: dict[str, str] = field(default_factory=versions)
    notes: tuple[str, ...] = ()
    up: str = ""
