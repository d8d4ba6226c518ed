"""Says how an operation is wrong, where the judgement only says that it is.

In: the name of the property that fails, the `Wrong` that the judge raised and its smallest counterexample, a `Trial` by
which the implementation can be asked again. Out: a `Diagnosis`, a few words and perhaps a hint. `diagnose.diagnose` is the
only door.

The smallest counterexample fits every explanation: a 1 x 1 matrix is its own transpose. So `samples.py` asks the
implementation again, on fresh examples. At most `diagnose.WORK` questions and predictions are spent on one failure.
What is never done: claim a cause that does not reproduce what was observed, claim one because the smallest
counterexample fits it, read the source, or let a diagnosis change a status. If it breaks off, the verdict stands, and its
line says so.

The causes of a wrong y or gradient, in the order in which they are tried (`diagnose.py`):

1. A count or an order of gradients that is wrong.
2. A wrong forward, where the gradients are those of your own y: "follows from y". The slopes of y are measured by differences.
3. A hypothesis (`search.py`), on `generic` samples: four of them, twelve where arrays are broadcast or arguments are no
   arrays. Their dimensions are larger than one and unequal, their values neither zero nor alike. Where no hypothesis
   holds, `square` samples, all dimensions equal, are tried too. Where y gets the same claim as the gradients, they
   follow from y again.
4. A condition (`conditions.py`): on 120 `mixed` samples, of small sizes and with many zeros, for which dimensions, values
   or places the array is wrong. It is named only if everything wrong satisfies it, more than half of what satisfies it
   is wrong, and six cases or more were seen on both sides. Wrong is whatever differs by more than rounding, also within
   the tolerance; where all that differs is slight, there is no condition. A hypothesis that holds just there is said with it.
5. A y that is remembered from an earlier call; a gradient in which gy is not used linearly.
6. Otherwise the judge's own line: the worst entry, and whether all entries are wrong.

For `pure` (`interplay.py`), one sequence of calls tells what was changed in place, shared, accumulated or remembered. For
`stable` (`border.py`), the largest entry of the counterexample is bisected down to the smallest magnitude that breaks,
first in float64; it is named only if three places below it hold and four beyond it break. For all else it is the judge's line.

A hypothesis is a function of an array's name and a sample. It yields claims, each with a prediction: what the array
would then be in any sample. It predicts from what is right (`sample.right`), or would be right for another gy, other
inputs or another torch function (`with_gy`, `with_inputs`, `with_torch`). A claim is made only if its prediction is your
array on every sample, to 1e-9 of the largest entry, and is not simply what is right. The table (`hypotheses.py`) is tried
in its order, and the first claim that holds is made. A row's torch expression decides what can be said of a path
(`paths.py`) or of a function left out (`variants.py`): one written out in its steps says more than one call.

Within, the output of every operation is `y`, grad is given `gy`, and an input y has another name: `wording.py` translates at
the door, also a row's letter for which the stub has other words. A sentence need not care.

To add a hypothesis:

1. Add a mutant with the diagnosis that you miss, and see it fail.
2. In the file of its theme, write a function of the array's name and a sample that yields claims and predictions. It
   returns early where it makes no sense; a prediction is None where it says nothing. It names no operation: it starts from
   what is right, not from a formula.
3. Put it into `HYPOTHESES` of `hypotheses.py`, before what is more general. Too early, it takes the words from a better one.
4. Give it a row in `DISTORTIONS` of `meta/test_diagnosis.py`, then run `pytest tests/meta/test_diagnosis.py` and
   `pytest tests/meta/test_mutants.py`.

A condition is a line in `_sizes`, `_values` or `_places` of `conditions.py`.
"""
