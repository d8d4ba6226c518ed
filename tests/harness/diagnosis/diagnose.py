"""Say how an operation is wrong, not only that it is: in one line, and with a hint where the cause has a usual remedy.

Nothing is said that does not reproduce what was observed on fresh examples (samples.py). What no hypothesis explains is
described: the worst entry, and which entries are wrong.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache, partial
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from tests.harness.diagnosis import answered, border, conditions, facts, graphs, interplay
from tests.harness.diagnosis.diagnosis import Claim, Diagnosis, are, described, named
from tests.harness.diagnosis.edit import Edit, SaysNothing
from tests.harness.diagnosis.expression import recorded
from tests.harness.diagnosis.samples import (
    Exhausted,
    Inquiry,
    Observe,
    Sample,
    close,
    generic,
    graded,
    mixed,
    observed,
    square,
)
from tests.harness.diagnosis.search import claimed, claimed_negated, contradicts, predicted
from tests.harness.diagnosis.wording import wording
from tests.harness.judgement.judge import Wrong
from tests.harness.judgement.trial import Trial
from tests.harness.worker.observation import Call, Grad

VARIED = 96  # graded examples, to see where an array is wrong
WORK = 20_000  # questions and predictions of one diagnosis; of the known mutants the dearest takes 5621
CALLS = 40_000  # of torch, in the predictions of one array, about: a long expression has fewer of them


def diagnose(prop: str, wrong: Wrong, trial: Trial, *, forward_holds: bool = True) -> Diagnosis:
    """How an operation fails the property of this name (forward, gradient, pure or stable).

    `wrong`, `trial`: the failure and its smallest counterexample. Where nothing more is known, the line is the failure's
    own. Raises what `trial.ask` raises.
    """
    if trial.op.adapter:
        return graphs.diagnose(prop, wrong, trial)
    with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):  # as of the mean of nothing
        # Nothing else that is wrong can be told apart from another dtype.
        if "has dtype float" in wrong.why or (trial.op.dtype and "has dtype" in wrong.why):
            return described(wrong)
        if prop == "stable":
            return border.diagnose(wrong, trial)
        words = wording(trial.op)
        return words.diagnosis(_diagnosed(prop, words.wrong(wrong), words.trial(trial), forward_holds))


def _diagnosed(prop: str, wrong: Wrong, trial: Trial, forward_holds: bool) -> Diagnosis:
    """The diagnosis, where the output is y and grad is given gy, whatever the row calls them."""
    inquiry = Inquiry(trial.ask, WORK)
    try:
        if plain := facts.first(trial.op, prop, wrong, inquiry):
            return plain
        if prop in ("forward", "gradient"):
            if found := border.rounded(wrong, trial):
                return found
            found = facts.told(_of_values(trial, prop, wrong, inquiry, forward_holds), trial.op, prop, wrong, inquiry)
            steps = (Call(), Grad(0))
            changed = interplay.changes(trial.op, steps, trial.observe(*steps))
            return _because_of(changed, found) if changed else found
        return interplay.diagnose(trial, wrong, inquiry) if prop == "pure" else described(wrong)
    except Exhausted:
        return described(wrong, f" (no cause was found in {WORK} tries)")


def _of_values(trial: Trial, prop: str, wrong: Wrong, observe: Inquiry, forward_holds: bool) -> Diagnosis:
    op, see = trial.op, partial(observed, observe=observe)
    examples = cache(lambda: [see(s) for s in graded(trial)])
    samples = [see(s) for s in generic(op)]
    names = ["y"] if prop == "forward" else [f"g{v}" for v in op.variables]
    if prop == "gradient" and (miscounted := _count(names, samples) or _order(names, samples)):
        return miscounted
    if prop == "forward" and (misplaced := answered.told(samples)):
        return misplaced
    wide, bad = len(samples), [n for n in names if not all(s.is_right(n) for s in samples)]
    if bad and prop == "gradient" and not forward_holds and _follows_from_y(samples, observe):
        return _FOLLOWS
    most = CALLS // len(recorded(samples[0]))
    search = partial(_claims, observe=observe, most=most, graded=examples)
    claims = search(claimed, bad, samples)
    if bad and not any(claims.values()):
        samples += (small := [see(s) for s in square(op)])
        claims = search(claimed, bad, small)
        if any(claims.values()):
            bad = [n for n in bad if not all(s.is_right(n) for s in small)]
    if bad and not any(claims.values()):
        claims = search(claimed_negated, bad, samples[:wide])
    # A fitted number may be that of a gy taken twice: then this is to be told.
    claims = {
        n: c for n, c in claims.items() if c and not (c.fitted and n != "y" and not _is_linear(n, samples, observe))
    }
    if claims and not forward_holds:
        of_y = claimed("y", samples, observe.spend)
        if of_y and {c.text for c in claims.values()} == {of_y.text}:
            return _FOLLOWS
    return _made(claims, bad, samples, wrong) if claims else _where(trial, observe, bad, samples, wrong, examples())


def _claims(
    search: Callable, names: list[str], samples: list[Sample], *, observe: Inquiry, most: int, graded: Callable
) -> dict[str, Edit | None]:
    """What is claimed of each array; of one alone at most so much is tried, and of all together a few times as much."""
    claims: dict[str, Edit | None] = dict.fromkeys(names)
    with observe.at_most(_SEVERAL * most):
        for name in names:
            with observe.at_most(most):
                claims[name] = search(name, samples, observe.spend, graded=graded)
    return claims


def _because_of(changed: Diagnosis, found: Diagnosis) -> Diagnosis:
    """Both: what is changed in place is changed for whatever is computed after it."""
    return replace(found, parts=changed.parts + found.parts, hints=changed.hints + found.hints, found=True)


_SEVERAL = 3
_FOLLOWS = named("follows from y, which is wrong: mend the forward first")


def _made(claims: dict[str, Edit], bad: list[str], samples: list[Sample], wrong: Wrong) -> Diagnosis:
    """The claims, one in a part: arrays that are wrong in the same way are named together."""
    together: dict[tuple[str, str], list[str]] = {}
    for name, claim in claims.items():
        # A text may name its array: compare it with the name taken out.
        together.setdefault((claim.text.replace(f"{name}.T", "*"), claim.hint), []).append(name)
    lines = []
    for members in together.values():
        if len(members) > 1 and f"{members[0]}.T" in claims[members[0]].text:
            lines.append(f"{are(members)} transposed")
        else:
            lines.append(claims[members[0]].said_of(members))
    rest = [n for n in bad if n not in claims]
    if wrong.name in rest:
        lines.append(wrong.why)
    elif rest:
        lines.append(f"{are(rest)} wrong too")
    hints = tuple(dict.fromkeys(c.hint for c in claims.values() if c.hint))
    made = tuple(Claim(name, claim) for name, claim in claims.items())
    return Diagnosis(tuple(lines), hints, _picture(list(claims), samples), claims=made)


def _where(
    trial: Trial, observe: Inquiry, bad: list[str], samples: list[Sample], wrong: Wrong, known: list[Sample]
) -> Diagnosis:
    """No hypothesis holds: the worst entry, and where the array is wrong.

    `bad`: what is wrong on the generic samples. `known`: the first graded examples.
    """
    op = trial.op
    more = islice(graded(trial, VARIED), len(known), None)
    varied = [observed(s, observe) for s in mixed(op)] + known + [observed(s, observe) for s in more]
    name = wrong.name if wrong.name in bad or not bad else bad[0]
    wide = [s for s in varied if min(s.gy.shape, default=0) > 1]
    off = [s for s in varied if name and name in s.yours and not s.is_right(name)]
    there = claimed(name, off, observe.spend) if name else None
    holds = bool(there) and not contradicts(there, name, varied)

    def silent(s: Sample) -> bool:
        with contextlib.suppress(SaysNothing):
            array = predicted(there, name, s) if there and not holds else None
            return array is not None and close(array, s.right[name])
        return False

    found = name and (
        conditions.of_dimensions(name, varied, silent)
        or conditions.of_values(name, varied)
        or conditions.of_zeros(name, varied)
        or (conditions.of_places(name, samples + wide) if name in bad else "")
    )
    picture = _picture([name] if name else [], samples + varied)
    if not found and holds:
        return _made({name: there}, [name], varied, wrong)
    if not found and wrong.name == "y" and (found_again := interplay.again(op, observe)):
        return named(*found_again)
    if found:
        more = f": there, {there.said_of([name])}" if there else f": {wrong.why}" if wrong.crash else ""
        if not more and conditions.zero_there(name, varied):
            more = ": it is 0 there"
        told = named(f"{name} is wrong {found}{more}", there.hint if there else "", picture)
        return replace(told, claims=(Claim(name, there, found),))
    shaped = all(s.wrong(name) is not None for s in samples) if name in bad else False
    if shaped and name != "y" and _has_a_term_without_gy(name, samples, observe):
        line = f"in {name}, a term is not multiplied by gy: for gy = 0 it should be 0, but is not"
        return named(line, "gy multiplies all of the derivative: are brackets missing?", picture)
    if shaped and name != "y" and not _is_linear(name, samples, observe):
        line = f"in {name}, gy is used non-linearly: the gradient for a sum of two gy is not the sum of the gradients"
        return named(line, "a vector-Jacobian product multiplies by gy, once", picture)
    if wrong.entry is None:
        return described(wrong, picture=picture)
    if name and name not in bad and conditions.slight(name, varied):
        return named(wrong.why, "is something small added, or clipped, where it need not be?", picture)
    masks = [s.wrong(name) for s in samples]
    entries = " (all entries are wrong)" if all(m is not None and m.all() and m.size > 1 for m in masks) else ""
    others = [n for n in bad if n != wrong.name]
    also = f"; {are(others)} wrong too" if others else ""
    return described(wrong, entries + also, picture)


def _is_linear(name: str, samples: list[Sample], observe: Observe) -> bool:
    """Whether your gradient for gy + h is that for gy and that for h, added up."""
    for number, s in enumerate(samples):
        other = np.asarray(np.random.default_rng(number).uniform(-2, 2, s.gy.shape))
        parts = _gradients(name, s, [s.gy, other, s.gy + other], observe)
        if not parts:
            return True  # nothing can be said
        one, two, both = parts
        if not one.shape == two.shape == both.shape or close(one + two, both):
            return True
    return not samples


def _has_a_term_without_gy(name: str, samples: list[Sample], observe: Observe) -> bool:
    """Whether your gradient for a gy of 0 is not 0."""
    for s in samples:
        parts = _gradients(name, s, [np.zeros_like(s.gy)], observe)
        if not parts or not np.any(abs(parts[0]) > 1e-9):
            return False
    return True


def _gradients(name: str, s: Sample, gys: list[NDArray], observe: Observe) -> list[NDArray]:
    """Your gradient of this name for each gy; nothing where one is no array of finite numbers."""
    steps = (Call(), *(Grad(0, number) for number in range(len(gys))))
    seen, at = observe([s.example.inputs], gys, steps), s.number(name) - 1
    parts = [a.values[at] for a in seen.answers[1:] if isinstance(a.values, tuple) and len(a.values) > at]
    whole = len(parts) == len(gys) and all(isinstance(p, np.ndarray) and np.all(np.isfinite(p)) for p in parts)
    return parts if whole else []


def _picture(names: Iterable[str], samples: list[Sample]) -> tuple[Sample, str] | None:
    return next(((s, n) for n in names for s in samples if n in s.yours and not s.is_right(n)), None)


def _count(names: list[str], samples: list[Sample]) -> Diagnosis | None:
    """A gradient too few or too many, where the others are right."""
    got = {len(s.gradients) for s in samples}
    if len(got) != 1 or got == {len(names)} or got == {0}:
        return None

    def stands(name: str, at: int) -> bool:
        return all(isinstance(s.gradients[at], np.ndarray) and close(s.gradients[at], s.right[name]) for s in samples)

    count = got.pop()
    kept = [next((n for n in names if stands(n, at)), "") for at in range(count)]
    missing = [n for n in names if n not in kept]
    if count < len(names) and kept == [n for n in names if n not in missing]:
        return named(f"{are(missing)} missing: grad returns only {', '.join(kept)}")
    if not missing:
        extra = [f"number {at + 1}" for at, n in enumerate(kept) if not n or n in kept[:at]]
        return named(f"grad returns {count} gradients, {are(extra)} too many: only {are(names)} due")
    return None


def _order(names: list[str], samples: list[Sample]) -> Diagnosis | None:
    """All gradients are there, in another order."""
    if len(names) < 2 or any(n not in s.yours for s in samples for n in names):
        return None
    order = [next((m for m in names if all(close(s.yours[n], s.right[m]) for s in samples)), "") for n in names]
    if order == names or sorted(order) != sorted(names):
        return None
    return named(
        f"gradients come in the order ({', '.join(order)})", f"return {', '.join(names)}: signature order (rule 1)"
    )


def _follows_from_y(samples: list[Sample], observe: Observe) -> bool:
    """Whether the gradients are those of your own y, by central differences along random directions."""
    step, rng = 1e-5, np.random.default_rng(7)
    for s in samples[:3]:
        for v in s.op.variables:
            if f"g{v}" not in s.yours or s.yours[f"g{v}"].shape != np.shape(s.inputs[v]) or "y" not in s.yours:
                return False
            along = rng.choice([-1.0, 1.0], np.shape(s.inputs[v]))
            shifted = [tuple((s.inputs | {v: s.inputs[v] + sign * step * along}).values()) for sign in (1, -1)]
            seen = observe(shifted, [], (Call(0), Call(1)))
            if len(seen.answers) < 2 or any(not isinstance(a.values, tuple) for a in seen.answers):
                return False
            up, down = (a.values[0] for a in seen.answers)
            if not all(isinstance(y, np.ndarray) and y.shape == s.gy.shape for y in (up, down)):
                return False
            slope, given = float((s.gy * (up - down)).sum()) / (2 * step), float((s.yours[f"g{v}"] * along).sum())
            if not abs(slope - given) <= 1e-5 * (abs(slope) + abs(given)) + 1e-8:
                return False
    return True
