"""How much of the long tables a run tries: a share of each, so that `pytest` takes minutes; with KATA_SEEDS=1, all of each.

README.md, beside this, says what `.ci/run` tries in full.
"""

import os
from collections.abc import Sequence

_STATED = os.environ.get("KATA_SEEDS")
SHARED = not _STATED
"""Whether a share of the rows must do."""
SEEDS = range(int(_STATED or 1))
"""The seeds at which mutants and alternatives are tried: ten before a release."""
NAMED = SEEDS[: int(os.environ.get("KATA_NAMED", "1"))]
"""Those at which failures are explained too: it takes ten times as long, and hardly depends on the seed."""


def share(rows: Sequence, one_in: int, first: int = 0) -> list:
    """One in so many of the rows, from the first on; all of them where KATA_SEEDS is set."""
    return list(rows)[first % one_in :: one_in] if SHARED else list(rows)
