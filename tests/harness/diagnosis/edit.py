"""An edit: one change of what the oracle computes, the sentence that tells it, and the array that it makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from numpy.typing import NDArray

from tests.harness.diagnosis.diagnosis import listed
from tests.harness.diagnosis.samples import Sample

After = Callable[[Sample, NDArray], "NDArray | None"]
"""What is made of an array that is right, or would be; None where there is nothing to say."""


class SaysNothing(Exception):
    """A sample in which an edit would fit whatever came back, and so says nothing."""


@dataclass(frozen=True)
class Edit:
    """`yours = after(VJP[edited expression](edited inputs, edited gy))`, and likewise for y.

    `text`: a sentence with `{g}` for the array's name, `{v}` for the input's, `{is}` for its verb, `{it}` for it again. `hint`: the usual remedy.
    `inputs`: what becomes of each that changes; `torch`: the expression in the place of the row's; `breaks`: where shapes do
    not fit, it predicts an exception. `fitted`: a number in it is taken from your array, so that it says little.
    """

    text: str
    hint: str = ""
    inputs: Mapping[str, Callable[[Sample], object]] = field(default_factory=dict)
    gy: Callable[[Sample], NDArray] | None = None
    torch: Callable | None = None
    after: After | None = None
    breaks: bool = False
    fitted: bool = False

    def array(self, name: str, sample: Sample) -> NDArray | None:
        """What the array would be; None where nothing can be said. Raises SaysNothing, or whatever arithmetic raises where shapes do not fit."""
        right = sample.right
        if self.inputs or self.gy or self.torch:
            inputs = {v: change(sample) for v, change in self.inputs.items()}
            right = sample.edited(inputs=inputs, gy=self.gy and self.gy(sample), torch=self.torch)
        if name not in right:
            return None
        return self.after(sample, right[name]) if self.after else right[name]

    def said_of(self, names: Sequence[str]) -> str:
        """The sentence, about one or several arrays."""
        variables = listed([name[1:] for name in names])
        verb, it = ("is", "it") if len(names) == 1 else ("are", "they")
        return self.text.format_map({"g": listed(names), "v": variables, "is": verb, "it": it})


Edits = Iterator[Edit]
"""What a hypothesis yields, of an array's name and a sample."""


def times(text: str, factor: Callable[[Sample], object], hint: str = "") -> Edit:
    """What is right, multiplied."""
    return Edit(text, hint, after=lambda s, right: right * factor(s))
