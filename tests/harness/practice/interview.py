"""The mock interview of `--sample=K`: which operations are asked, and which of them are written already."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from tests.harness.practice.stubs import definitions, is_stub
from tests.harness.worker.source import decoded


def drawn(levels: Mapping[str, Sequence[str]], count: int, seed: int, preferred: Collection[str] = ()) -> list[str]:
    """So many operations, spread over the levels, in order of study; the same for the same seed. All, if there are fewer.

    The levels take turns, in random order, and each gives one of its operations that was not asked yet: at first of
    those `preferred`, and when these are all asked, of the others.
    """
    rng = random.Random(seed)
    left = {level: rng.sample(list(ops), len(ops)) for level, ops in levels.items()}
    turns = rng.sample(list(left), len(left))
    in_order: list[str] = []
    for part in (True, False):
        piles = {level: [op for op in ops if (op in preferred) is part] for level, ops in left.items()}
        in_order += [op for _, op in in_turns(piles, turns)]
    chosen = in_order[:count]
    return [op for ops in levels.values() for op in ops if op in chosen]


def in_turns(piles: Mapping[str, list[str]], turns: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The levels take turns, each with the last operation of its pile, which is taken away, until nothing is left."""
    while any(piles.values()):
        yield from ((level, piles[level].pop()) for level in turns if piles[level])


def written(kata: Path, level_of: Mapping[str, str], ops: Iterable[str]) -> list[str]:
    """Those of the operations that are no stubs any more, by their source; none of a module that cannot be read."""
    return [op for op in ops if _is_written(kata / f"{level_of[op]}.py", op)]


def _is_written(module: Path, op: str) -> bool:
    try:
        source = decoded(module.read_bytes())
    except (OSError, ValueError):
        return False
    return op in (definitions(source) or {}) and not is_stub(source, op)
