"""One function with a planted mistake, for a notebook or a prompt: its source as text, which is pasted, mended and checked."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.harness.plugin.evening import SEEDS
from tests.harness.plugin.prompt import OneLine
from tests.harness.rows.names import PROJECT, closest, level_of, names_by_level

if TYPE_CHECKING:
    from tests.harness.plugin.notebook import Checked
    from tests.harness.practice.hunts import Planted


class NoBug(OneLine):
    """Why there is nothing to mend, in one line."""


@dataclass(frozen=True, repr=False)
class Bug:
    """A function to mend. `source`: what is pasted into a cell, with all that it needs; `seed` gives the same one again."""

    op: str
    seed: int
    source: str
    planted: Planted

    def check(self, function: Callable) -> Checked:
        """Grade the mended function."""
        from tests.harness.plugin.notebook import checked  # which imports torch

        return checked(function, self.op, self.seed)

    def answer(self) -> None:
        """Print what was planted, and what it does to training."""
        from tests.harness.planting.answers import answers

        print("\n".join(answers([self.planted])))

    def __repr__(self) -> str:
        told = f"# One mistake is in {self.op} or what it uses (seed={self.seed}). Mend it in a cell; check({self.op}) grades it."
        return f"{told}\n\n{self.source}"


def one(what: str, seed: int | None) -> Bug:
    """A function of this name or level, or of any. Raises NoBug."""
    levels = names_by_level()
    names = [*levels, *(op for ops in levels.values() for op in ops)]
    if not isinstance(what, str) or (what and what not in names):
        near = closest(str(what), names)
        raise NoBug(f"bugs: there is no level and no operation {what}; do you mean {near}?")
    if not (PROJECT / "solutions").is_dir():
        raise NoBug("bugs: mistakes are planted in solutions/, which is not here")
    from tests.harness.planting.drawing import TooMany
    from tests.harness.planting.hunt import excerpts, hunted

    seed = secrets.randbelow(SEEDS) if seed is None else seed
    chosen = {what: levels[what]} if what in levels else levels
    chosen = {level_of(what, levels): [what]} if what and what not in levels else chosen
    try:
        (planted,) = hunted(chosen, 1, seed)
    except TooMany:
        raise NoBug(f"bugs: no mistake is known for {what}") from None
    source = excerpts({planted.level: [planted.op]}, [planted])[planted.level].decode()
    _, _, code = source.partition('"""\n\n')  # without what is said of the module
    return Bug(planted.op, seed, re.sub(r"^from \.", "from solutions.", code, flags=re.MULTILINE), planted)
