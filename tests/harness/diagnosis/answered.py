"""What is plain to see of the values of an operation that returns several: their order, and what was never made new."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

from numpy.typing import NDArray

from tests.harness.diagnosis.diagnosis import Diagnosis, are, listed, named
from tests.harness.diagnosis.samples import Sample, close
from tests.harness.judgement.values import cut


def told(samples: Sequence[Sample]) -> Diagnosis | None:
    """The order of the values, where all are right in another one; those that are what was given, where all others are right."""
    row = samples[0].op.joined
    if len(row) < 2 or any("y" not in s.yours or s.yours["y"].shape != s.right["y"].shape for s in samples):
        return None
    names = list(row)
    pairs = [(_parts(s, s.yours["y"]), _parts(s, s.right["y"])) for s in samples]
    for order in permutations(names):
        if order != tuple(names) and all(
            close(yours[n], right[m]) for yours, right in pairs for n, m in zip(names, order, strict=True)
        ):
            return named(f"the values come in the order ({', '.join(order)})", f"return {', '.join(names)}")
    wrong = [n for n in names if not all(close(yours[n], right[n]) for yours, right in pairs)]
    given = [n for n in wrong if all(close(p[0][n], s.inputs[row[n]]) for p, s in zip(pairs, samples, strict=True))]
    if wrong and wrong == given:
        old = listed([row[n] for n in given])
        return named(
            f"{are(given)} {old} as given: nothing is made new there", f"return what {listed(given)} should be"
        )
    return None


def _parts(sample: Sample, row: NDArray) -> dict[str, NDArray]:
    """The values of a sample, by their names."""
    shapes = {name: sample.inputs[like].shape for name, like in sample.op.joined.items()}
    return cut(shapes, row)
