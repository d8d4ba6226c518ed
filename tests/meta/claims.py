"""Whether further examples contradict what a diagnosis claims. What they are is decided where it is asked."""

from tests.harness.diagnosis.conditions import holds
from tests.harness.diagnosis.diagnosis import Claim
from tests.harness.diagnosis.samples import Sample, graded, observed
from tests.harness.diagnosis.wording import wording
from tests.harness.judgement.verdict import Verdict
from tests.meta.late import contradicts


def contradiction(verdict: Verdict, count: int, seed: int) -> str:
    """A claim and the first of so many graded examples that it does not hold on; empty where it holds on all.

    A claim for certain places says that all that is wrong is there, and is what the edit makes. An example at a tie or a
    kink contradicts nothing.
    """
    claims = verdict.diagnosis.claims if verdict.diagnosis else ()
    trial = wording(verdict.trial.op).trial(verdict.trial)
    for number, example in enumerate(graded(trial, count, seed) if claims else ()):
        sample = observed(example, trial.ask)
        for claim in claims:
            if fails(claim, sample):
                seen = f"{claim.name} is {sample.yours.get(claim.name)} for {sample.inputs} and gy = {sample.gy}"
                return f"{verdict.why!r} is contradicted by example {number} of seed {seed}: {seen}"
    return ""


def fails(claim: Claim, sample: Sample) -> bool:
    """Whether the array of the claim's name is something else in this sample than the claim says."""
    if not claim.where:
        return contradicts(claim.edit, claim.name, [sample]) is not None
    wrong, there = sample.wrong(claim.name), holds(claim.where, claim.name, sample)
    if sample.is_right(claim.name) or there is None:
        return False
    outside = not there.any() if wrong is None else bool((wrong & ~there).any())
    return outside or (claim.edit is not None and contradicts(claim.edit, claim.name, [sample]) is not None)
