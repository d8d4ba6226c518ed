"""Look for false alarms for as long as one likes: right implementations under the hidden properties, seed after seed.

    python -m tests.meta.soak --seeds 20          hidden properties but fast, for solutions and alternatives
    python -m tests.meta.soak --fast 200          fast, for solutions and alternatives, so many times in all

Ends with status 1 at an alarm. For `fast`, load the machine meanwhile.
"""

import argparse
import sys
from pathlib import Path

from tests.harness.catalogue import names, operations
from tests.harness.properties import Examiner
from tests.harness.submissions import Here, resolve
from tests.meta.test_mutants import FAST, OPERATIONS, PROPERTIES, RIGHT


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=0)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--fast", type=int, default=0)
    options = parser.parse_args()
    solutions = resolve("solutions", Path(__file__).parents[2], names)
    rows = [(row.op, row.name, Here(row.name, row.lookup), row.slow) for row in RIGHT]
    rows += [(op, "the solution", solutions, False) for op in OPERATIONS]
    alarms, done = [], 0
    for seed in range(options.first, options.first + options.seeds):
        for op, name, implementation, _ in rows:
            examiner = Examiner(implementation, seed, times=4, shrink=False, explain=False)
            verdicts = [examiner.verdict(prop, OPERATIONS[op]) for prop in PROPERTIES]
            alarms += [f"{op}: {name}, {v.property}: {v.why} [seed={seed}]" for v in verdicts if v.status != "pass"]
        every = [op for ops in operations().values() for op in ops]
        verdict = Examiner(solutions, seed).networks(every, 40, PROPERTIES[:2])
        alarms += [f"compose: {verdict.why} [seed={seed}]"] if verdict.status != "pass" else []
        done += 1
        print(f"seed {seed}: {len(alarms)} alarms", file=sys.stderr)
    quick = [row for row in rows if not row[3]]
    for number in range(options.fast):
        op, name, implementation, _ = quick[number % len(quick)]
        verdict = Examiner(implementation, 0, reference=lambda: solutions).verdict(FAST, OPERATIONS[op])
        alarms += [f"{op}: {name}, fast: {verdict.why}"] if verdict.status != "pass" else []
        done += 1
    print(f"{done} rounds, {len(alarms)} alarms", *alarms, sep="\n")
    return bool(alarms)


if __name__ == "__main__":
    sys.exit(main())
