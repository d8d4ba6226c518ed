"""A claim about what is wrong with an array, and what it predicts the array to be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from numpy.typing import NDArray

from tests.harness.diagnosis.diagnosis import listed
from tests.harness.diagnosis.samples import Sample

Predict = Callable[[Sample], "NDArray | None"]
"""What an array of a sample would be; None where there is nothing to say."""


@dataclass(frozen=True)
class Claim:
    """What is wrong, in a sentence with `{g}` for the array's name, `{v}` for the input's, `{is}` for its verb; and the usual remedy."""

    text: str
    hint: str = ""
    breaks: bool = False  # it predicts an exception, too: that of arrays whose shapes do not fit

    def said_of(self, names: Sequence[str]) -> str:
        """The sentence, about one or several arrays."""
        variables = listed([name[1:] for name in names])
        return self.text.format_map({"g": listed(names), "v": variables, "is": "is" if len(names) == 1 else "are"})


Claims = Iterator[tuple[Claim, Predict]]
"""What a hypothesis yields."""
