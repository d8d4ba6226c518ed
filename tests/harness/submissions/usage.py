"""Processors: how many there are, and what processes have used of them, and waited for them. The latter on Linux only."""

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True)
class Usage:
    """Seconds. `computing`: on a processor. `queued`: ready to compute, while every processor was with others."""

    computing: float
    queued: float


def processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def family(pid: int) -> list[int]:
    """A process and all that descend from it, now; nothing where the system does not say."""
    parents = {}
    for entry in _PROC.glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            parents[int(entry.parent.name)] = int(entry.read_text().rpartition(")")[2].split()[1])
    found = [pid] if pid in parents else []
    for member in found:
        found += [child for child, parent in parents.items() if parent == member]
    return found


def usage(pids: Iterable[int | str]) -> Usage | None:
    """What these processes have used together; None where the system does not say. One of them that is gone has used nothing."""
    told = []
    for pid in pids:
        with (
            contextlib.suppress(OSError, ValueError, IndexError),
            open(f"{_PROC}/{pid}/schedstat", "rb", 0) as stream,  # no Path: the grader looks often
        ):
            told.append([int(field) / 1e9 for field in stream.read().split()])
    return Usage(sum(t[0] for t in told), sum(t[1] for t in told)) if told else None


def own_usage() -> Usage | None:
    """What this thread has used; None where the system does not say."""
    return usage(["thread-self"])
