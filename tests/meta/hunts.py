"""Prove hunts: what is planted differs where it should, is seen, and gives full marks once the right lines are back.

    nice python -m tests.meta.hunts [--seeds 100] [--bugs 4] [--level L] [--rows] [--jobs 2]

For each seed a hunt is drawn. Its modules must differ from working code in as many places as there are mistakes; the operation
of each must fail in the public run, for seed 0 and for the hunt's own, and with the right lines back the modules are working
code again, byte for byte. That passes whole, which is tried once. What no mistake reaches is the same code as then. With
--rows every mistake of the tables is tried by itself.
"""

import argparse
import difflib
import time
from collections import Counter
from collections.abc import Iterator
from multiprocessing import get_context

from tests.harness.planting.drawing import drawn
from tests.harness.planting.hunt import hunted, modules
from tests.harness.planting.patch import planted, taken_out
from tests.harness.planting.table import Mistake, mistakes
from tests.harness.planting.working import users, working
from tests.harness.rows.names import level_of, names_by_level
from tests.meta.planted import failure, planted_module
from tests.specs import LEVELS


def places(source: str, changed: str) -> int:
    """In how many places of some lines they differ."""
    matcher = difflib.SequenceMatcher(None, source.splitlines(), changed.splitlines(), autojunk=False)
    return sum(tag != "equal" for tag, *_ in matcher.get_opcodes())


def wrong_with(levels: dict[str, list[str]], count: int, seed: int) -> Iterator[str]:
    """What is wrong with a hunt, but for what a run says of it, a line each."""
    found = hunted(levels, count, seed)
    sources = {level: text.decode() for level, text in modules(levels, found).items()}
    differ = sum(places(working(level), text) for level, text in sources.items())
    if len(found) != count or differ != count:
        yield f"seed {seed}: {len(found)} mistakes in {differ} places"
    ops = {op for names in levels.values() for op in names}
    shown = [op for one in found for op in {one.op, *one.users} & ops]
    if len(set(shown)) != len({one.op for one in found}):
        yield f"seed {seed}: they show in {', '.join(shown)}"
    for one in found:
        sources[one.level] = taken_out(sources[one.level], one) or sources[one.level]
    if any(text != working(level) for level, text in sources.items()):
        yield f"seed {seed}: with the right lines back, it is no working code"


def unseen(mistake: Mistake, seed: int) -> str:
    """A line, where the public run with this seed does not see the mistake, or its operation sees another one first."""
    module = planted_module(mistake.level, planted(working(mistake.level), [mistake]))
    verdict = failure(mistake.op, module, seed)
    return "" if verdict else f"seed {seed}: {mistake.op}: nobody sees {mistake.after.strip()}"


def not_whole(op: str) -> str:
    """A line, where the operation of working code does not hold."""
    level = level_of(op, names_by_level())
    verdict = failure(op, planted_module(level, working(level)), 0)
    return f"{op}: {verdict.property}: {verdict.why}" if verdict else ""


def main() -> None:
    """Try the hunts, or the rows, and print what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--bugs", type=int, default=4)
    parser.add_argument("--level", default="", choices=LEVELS)
    parser.add_argument("--rows", action="store_true", help="every mistake of the tables by itself, for seed 0")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    started, names = time.perf_counter(), names_by_level()
    levels = {options.level: names[options.level]} if options.level else names
    if options.rows:
        tried = [(row, 0) for level in levels for row in mistakes(level)]
        found: list[str] = []
    else:
        draws = {seed: drawn(levels, options.bugs, seed) for seed in range(options.seeds)}
        tried = list(dict.fromkeys((row, at) for seed, rows in draws.items() for row in rows for at in (0, seed)))
        found = [line for seed in draws for line in wrong_with(levels, options.bugs, seed)]
        print("levels:", Counter(row.level for rows in draws.values() for row in rows))
    tried.sort(key=lambda pair: (pair[0].level, pair[0].op))  # what torch says is kept for an operation
    with get_context("fork").Pool(options.jobs) as pool:
        found += filter(None, pool.starmap(unseen, tried, 16))
        found += filter(None, pool.map(not_whole, [op for ops in levels.values() for op in ops], 4))
    shared = sum(users(row.level, row.op) != (row.op,) for row, _ in tried)
    print(*found, sep="\n")
    print(f"{len(tried)} trials, {shared} of operations that others use, {len(found)} wrong")
    print(f"{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
