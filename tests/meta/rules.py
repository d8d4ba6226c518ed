"""The rules by which solutions are changed: those of the harness, and what is inserted around an expression."""

from tests.harness.planting.rewriting import Place, Rule
from tests.harness.planting.rules import RULES as SYNTAX

EMPTY = ("np.empty(", "np.empty_like(")


def inserted(name: str, around: str) -> Rule:
    """Something around the expression, which stands for `_`. What `np.empty` has is never read, and whether it warns is chance."""

    def changes(place: Place) -> list[str]:
        return [] if place.text.startswith(EMPTY) else [around.replace("_", f"({place.text})")]

    return Rule(name, changes, f"{name} inserted around {{old}}")


INSERTIONS = (
    inserted("+ 1e-8", "_ + 1e-8"),
    inserted("+ 1e-12", "_ + 1e-12"),
    *(inserted(f"np.clip at {c}", f"np.clip(_, -{c}, {c})") for c in (10, 12, 14, 100)),
    inserted("np.floor", "np.floor(_)"),
    inserted("np.round to 8", "np.round(_, 8)"),
    inserted("np.squeeze", "np.squeeze(_)"),
    inserted("np.abs", "np.abs(_)"),
    inserted("float32 and back", "np.asarray(_).astype('f4').astype(np.asarray(_).dtype)"),
)
RULES = (*INSERTIONS, *SYNTAX)
