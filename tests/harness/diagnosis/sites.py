"""Where a function stands in a row's expression, whether it is called there or written out in several steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations

from tests.harness.diagnosis import forms_elementwise, forms_rows
from tests.harness.diagnosis.forms import Axes, Family
from tests.harness.rows.computed import tensor
from tests.harness.rows.imports import torch
from tests.harness.rows.spec import Operation

FAMILIES = (*forms_elementwise.FAMILIES, *forms_rows.FAMILIES)


@dataclass(frozen=True)
class Site:
    """A place in the recorded expression: a family's function of the tensors of these numbers is the tensor of that number."""

    family: Family
    sources: tuple[int, ...]
    result: int


def sites_of(op: Operation, inputs: Sequence) -> list[Site]:
    """Every place whose tensor is a family's function of earlier ones, for ordinary inputs."""
    recorded = _recorded(op, inputs)
    made = recorded.tensors
    floats = [n for n, t in enumerate(made) if t.is_floating_point()]
    return [
        Site(family, sources, result)
        for family in FAMILIES
        for result in range(recorded.given, len(made))
        for sources in permutations([n for n in floats if n < result], family.takes)
        if _axes(family, [made[s] for s in sources], made[result]) is not None
    ]


def axes_at(op: Operation, inputs: Sequence, sites: Sequence[Site]) -> dict[Site, Axes]:
    """Those of the sites that the expression has for these ordinary inputs too, with the axes."""
    made = _recorded(op, inputs).tensors
    there = [site for site in sites if site.result < len(made)]
    found = {site: _axes(site.family, [made[s] for s in site.sources], made[site.result]) for site in there}
    return {site: axes for site, axes in found.items() if axes is not None}


class Recorded(torch.overrides.TorchFunctionMode):
    """Notes the tensors that go into an expression, and those of floats that its calls return, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.tensors: list = []
        self.given = 0

    def begin(self, inputs: Sequence) -> None:
        """The inputs come first, those that are tensors."""
        self.tensors = [value for value in inputs if isinstance(value, torch.Tensor)]
        self.given = len(self.tensors)

    def __torch_function__(self, func: Callable, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor) and result.is_floating_point():
            result = self.changed(func, args, result)
            self.tensors.append(result)
        return result

    def changed(self, func: Callable, args: tuple, result):
        """What stands in the place of a result."""
        return result


def _recorded(op: Operation, inputs: Sequence) -> Recorded:
    with Recorded() as recorded, torch.no_grad():
        recorded.begin(tensors := [tensor(v) for v in inputs])
        op.torch(*tensors)
    return recorded


def _axes(family: Family, sources: list, result) -> Axes | None:
    """The axes along which the result is the family's function of the sources; None where it is not."""
    first = sources[0]
    if any(s.shape != first.shape for s in sources) or result.numel() > first.numel():
        return None
    if not family.reduces:
        return () if _fits(family.right(*sources, ()), result, ()) else None
    every = range(-first.ndim, 0)
    tried = [axes for count in range(1, first.ndim + 1) for axes in combinations(every, count)]
    return next((axes for axes in tried if _fits(family.right(*sources, axes), result, axes)), None)


def _fits(value, result, axes: Axes) -> bool:
    """Whether two tensors are the same, but for axes of length 1 that were reduced."""
    kept = tuple(value.shape)
    squeezed = tuple(n for a, n in enumerate(kept) if a - len(kept) not in axes)
    if value.numel() != result.numel() or tuple(result.shape) not in (kept, squeezed):
        return False
    return bool(torch.allclose(value.reshape(result.shape), result, rtol=1e-10, atol=1e-12))
