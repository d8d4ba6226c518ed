"""Say how an operation is wrong, not only that it is: in one line, and with a hint where the cause has a usual remedy.

Nothing is said that does not reproduce what was observed on fresh examples (samples.py). What no hypothesis explains is
described: the worst entry, and which entries are wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from tests.harness import conditions
from tests.harness.border import border
from tests.harness.hypotheses import Claim, explain
from tests.harness.judge import Trial, Wrong
from tests.harness.observe import Call, Grad
from tests.harness.samples import Observe, Sample, close, generic, mixed, observed, square, twin
from tests.harness.spec import Operation


@dataclass(frozen=True)
class Diagnosis:
    """`line` says how it is wrong; `hint` what usually mends it. `picture`: a sample and the name of a wrong array in it."""

    line: str
    hint: str = ""
    picture: tuple[Sample, str] | None = None


def diagnose(prop: str, wrong: Wrong, trial: Trial, *, forward_holds: bool = True) -> Diagnosis:
    """How an operation fails the property of this name (forward, gradient, pure or stable).

    `wrong`, `trial`: the failure and its smallest counterexample. Where nothing more is known, the line is the failure's
    own. Raises what `trial.ask` raises.
    """
    if prop in ("forward", "gradient"):
        return _of_values(trial.op, prop, wrong, trial.ask, forward_holds)
    if prop == "pure":
        return _of_purity(trial.op, wrong, trial.ask)
    return _of_stability(wrong, trial)


def _of_values(op: Operation, prop: str, wrong: Wrong, observe: Observe, forward_holds: bool) -> Diagnosis:
    see = partial(observed, observe=observe)
    samples = [see(s) for s in generic(op)]
    names = ["y"] if prop == "forward" else [f"g{v}" for v in op.variables]
    if prop == "gradient" and (miscounted := _count(names, samples) or _order(names, samples)):
        return miscounted
    bad = [n for n in names if not all(s.is_right(n) for s in samples)]
    if bad and prop == "gradient" and not forward_holds and _follows_from_y(samples, observe):
        return _FOLLOWS
    claims = {n: explain(n, samples) for n in bad}
    if bad and not any(claims.values()):
        samples += (small := [see(s) for s in square(op)])
        claims = {n: explain(n, small) for n in bad}
    claims = {n: c for n, c in claims.items() if c}
    if claims and not forward_holds and set(claims.values()) == {explain("y", samples)}:
        return _FOLLOWS
    return _made(claims, bad, samples, wrong) if claims else _where(bad, samples, [see(s) for s in mixed(op)], wrong)


_FOLLOWS = Diagnosis("follows from y, which is wrong: mend the forward first")


def _made(claims: dict[str, Claim], bad: list[str], samples: list[Sample], wrong: Wrong) -> Diagnosis:
    """The claims as one line: arrays that are wrong in the same way are named together."""
    together: dict[tuple[str, str], list[str]] = {}
    for name, claim in claims.items():
        # A text may name its array: compare it with the name taken out.
        together.setdefault((claim.text.replace(f"{name}.T", "*"), claim.hint), []).append(name)
    lines = []
    for members in together.values():
        if len(members) > 1 and f"{members[0]}.T" in claims[members[0]].text:
            lines.append(f"{_listed(members)} transposed")
        else:
            lines.append(claims[members[0]].said_of(members))
    rest = [n for n in bad if n not in claims]
    if wrong.name in rest:
        lines.append(wrong.why)
    elif rest:
        lines.append(f"{_listed(rest)} wrong too")
    hint = next((c.hint for c in claims.values() if c.hint), "")
    return Diagnosis("; ".join(lines), hint, _picture(list(claims), samples))


def _where(bad: list[str], samples: list[Sample], varied: list[Sample], wrong: Wrong) -> Diagnosis:
    """No hypothesis holds: the worst entry, and where the array is wrong. `bad`: what is wrong on the generic samples."""
    name = wrong.name if wrong.name in bad or not bad else bad[0]
    more = [s for s in varied if min(s.gy.shape, default=0) > 1]
    found = name and (
        conditions.of_dimensions(name, varied)
        or conditions.of_values(name, varied)
        or (conditions.of_places(name, samples + more) if name in bad else "")
    )
    picture = _picture([name] if name else [], samples + varied)
    if found:
        return Diagnosis(f"{name} is wrong {found}" + (f": {wrong.why}" if wrong.crash else ""), "", picture)
    if wrong.entry is None:
        return Diagnosis(wrong.why, _remedy(wrong), picture)
    masks = [s.wrong(name) for s in samples]
    entries = " (all entries are wrong)" if all(m is not None and m.all() and m.size > 1 for m in masks) else ""
    others = [n for n in bad if n != wrong.name]
    also = f"; {_listed(others)} wrong too" if others else ""
    return Diagnosis(f"{wrong.why}{entries}{also}", "", picture)


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
        return Diagnosis(f"{_listed(missing)} missing: grad returns only {', '.join(kept)}")
    if not missing:
        extra = [f"number {at + 1}" for at, n in enumerate(kept) if not n or n in kept[:at]]
        return Diagnosis(
            f"grad returns {count} gradients, {_listed(extra)} too many: {', '.join(names)} {_are(names)} due"
        )
    return None


def _are(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _listed(names: list[str]) -> str:
    """`gx is`, `gx and gw are`."""
    return f"{names[0] if len(names) == 1 else ', '.join(names[:-1]) + ' and ' + names[-1]} {_are(names)}"


def _order(names: list[str], samples: list[Sample]) -> Diagnosis | None:
    """All gradients are there, in another order."""
    if len(names) < 2 or any(n not in s.yours for s in samples for n in names):
        return None
    order = [next((m for m in names if all(close(s.yours[n], s.right[m]) for s in samples)), "") for n in names]
    if order == names or sorted(order) != sorted(names):
        return None
    return Diagnosis(
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
            slope, claimed = float((s.gy * (up - down)).sum()) / (2 * step), float((s.yours[f"g{v}"] * along).sum())
            if not abs(slope - claimed) <= 1e-5 * (abs(slope) + abs(claimed)) + 1e-8:
                return False
    return True


def _remedy(wrong: Wrong) -> str:
    """The usual remedy for what the judge itself can name."""
    if "has dtype" in wrong.why and wrong.yours is not None and wrong.yours.dtype == np.float64:
        return "np.ones(shape), np.zeros(shape) and astype(float) are float64: give them dtype=x.dtype"
    if "returns None" in wrong.why:
        return "is a return missing?"
    return ""


def _of_purity(op: Operation, wrong: Wrong, observe: Observe) -> Diagnosis:
    """Which of the ways to remember something between calls it is."""
    a, b = next(generic(op)), twin(op)
    steps = (Call(0), Call(1), Grad(1, 1), Grad(0, 0), Grad(0, 0), Grad(0, 1))
    seen = observe([a.example.inputs, b.example.inputs], [a.gy, b.gy], steps)
    names = [f"g{v}" for v in op.variables]
    for number, answer in enumerate(seen.answers):
        for i in answer.changed:
            what = "gy" if i < 0 else list(op.inputs)[i]
            part = "forward" if number < 2 else "grad"
            return Diagnosis(
                f"{part} changes {what} in place",
                f"work on a copy: {what} = {what}.copy(), or use no +=, *= and out= on it",
            )
    if len(seen.answers) < len(steps) or any(not isinstance(x.values, tuple) for x in seen.answers):
        return Diagnosis(wrong.why)
    _, yb, _, first, second, other = (
        dict(zip(["y"] if n < 2 else names, x.values, strict=False)) for n, x in enumerate(seen.answers)
    )

    def equal(got: dict, due: dict, factor: float = 1) -> bool:
        return all(n in got and isinstance(got[n], np.ndarray) and close(got[n], factor * due[n]) for n in names)

    fresh = "take a new array in every call; share none between calls"
    if seen.restless:
        step = seen.restless[0]
        what = "y" if step < 2 else "a gradient"
        return Diagnosis(f"{what} is overwritten by a later call", fresh)
    if isinstance(yb["y"], np.ndarray) and close(yb["y"], a.right["y"]) and not close(a.right["y"], b.right["y"]):
        return Diagnosis("the second call returns the first call's y", "remember nothing between calls")
    right = equal(first, a.right)
    if not right and equal(first, Sample(op, replace(a.example, inputs=b.example.inputs), a.sizes).right):
        return Diagnosis(
            "grad reads the last call's inputs", "keep what grad needs in its own closure, not in a global"
        )
    again = [n for n in names if n in second and not close(second[n], a.right[n])]
    if right and again:
        if all(close(second[n], 2 * a.right[n]) for n in again):
            doubled = f"{_listed(again)[:-3].rstrip()} accumulate{'s' if len(again) == 1 else ''}"
            return Diagnosis(f"{doubled}: called again, grad returns twice as much", "start from zeros inside grad")
        return Diagnosis(
            "grad called again answers differently: it changes something it needs", "grad must keep all as it is"
        )
    if right and equal(other, a.right):
        return Diagnosis("grad called again returns its first answer, whatever gy is", "remember nothing between calls")
    return Diagnosis(wrong.why)


def _of_stability(wrong: Wrong, trial: Trial) -> Diagnosis:
    """Where it breaks, and what happens there."""
    found = border(trial)
    if found is None:
        return Diagnosis(wrong.why, _remedy(wrong))
    there, place = found.wrong, found.place + (" in float32" if trial.example.dtype == np.float32 else "")
    if there.warning:
        what, where = there.warning
        hint = "let exp see negative numbers only, for instance -abs(x)" if what.startswith("overflow") else ""
        return Diagnosis(f"{what} {place} ({where})", hint)
    if there.entry is None:
        return Diagnosis(f"{there.why}, {place}", _remedy(there))
    yours, due = float(there.yours[there.entry]), float(there.torch[there.entry])
    if found.flat:
        return Diagnosis(
            f"{there.name} no longer changes {place}: is something clipped?",
            "no clipping is needed: find a formula that stays finite",
        )
    what = f"is {yours}" if not np.isfinite(yours) else "loses its accuracy"
    digits = 6 if f"{yours:.6g}" != f"{due:.6g}" else 12
    return Diagnosis(f"{there.name} {what} {place}: {yours:.{digits}g}, but should be {due:.{digits}g}")
