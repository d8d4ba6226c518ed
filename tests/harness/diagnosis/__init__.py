"""Says how an operation is wrong, where the judgement only says that it is.

In: the name of the property that fails, the `Wrong` that the judge raised and its smallest counterexample, a `Trial` by
which the implementation can be asked again. Out: a `Diagnosis`, a few words and perhaps a hint. `diagnose.diagnose` is the
only door.

The smallest counterexample fits every explanation: a 1 x 1 matrix is its own transpose. So `samples.py` asks the
implementation again, on fresh examples. At most `diagnose.WORK` questions and predictions are spent on one failure,
and on one array as many as make about `diagnose.CALLS` calls of torch.
What is never done: claim a cause that does not reproduce what was observed, claim one because the smallest
counterexample fits it, read the source, or let a diagnosis change a status. If it breaks off, the verdict stands, and its
line says so.

The causes of a wrong y or gradient, in the order in which they are tried (`diagnose.py`):

1. A count or an order of gradients that is wrong.
2. A wrong forward, where the gradients are those of your own y: "follows from y". The slopes of y are measured by differences.
3. An edit (`search.py`) of what the oracle computes, on `generic` samples: four of them, twelve where arrays are broadcast
   or arguments are no arrays. Their dimensions are larger than one and unequal, their values neither zero nor alike. Of
   arrays that are broadcast, every other one is whole, and the others lack axes or have length 1 there, in each way in its
   turn. Where no edit holds, `square` samples, all dimensions equal, are tried too. Where y gets the same claim as the
   gradients, they follow from y again.
4. A condition (`conditions.py`): on 120 `mixed` samples, of small sizes and with many zeros, and 96 graded ones, for which dimensions, values
   or places the array is wrong. It is named only if everything wrong satisfies it, more than half of what satisfies it
   is wrong, and six cases or more were seen on both sides. Wrong is whatever differs by more than rounding, also within
   the tolerance; where all that differs is slight, there is no condition. An edit that holds just there is said with it.
5. A y that is random, or remembered from an earlier call; a gradient in which gy is not used linearly.
6. Otherwise the judge's own line: the worst entry, and whether all entries are wrong.

For `pure` (`interplay.py`), one sequence of calls tells what was changed in place, shared, accumulated or remembered. For
`stable` (`border.py`), the largest entry of the counterexample is bisected down to the smallest magnitude that
breaks, in its own dtype; it is named only if three places below it hold and four beyond it break. The cause
(`unstable.py`) is a worse form of a function inside the row's expression (`forms.py`, `sites.py`): it is claimed only if
it gives NumPy's warnings and your very numbers on 60 extreme examples. For all else it is the judge's line.

Of a class of tensors (`graphs.py`) none of this is asked, but small graphs of one operator each, in all their forms, then
such that share nodes (`probes.py`): what is wrong with all of those that are wrong is what is said.

Before all this (`facts.py`) comes what is plain to see: a dtype, a Jacobian where a gradient is due. And nothing that is
claimed hides an exception's text, a wrong shape, or that gy is not used.

All causes of step 3 are one thing: `yours = after(VJP[edited expression](edited inputs, edited gy))`. An `Edit` (`edit.py`)
says what is edited, in one sentence with its hint, and predicts the array in any sample. It is claimed only if

- it predicts yours on every sample, to 1e-9 of the largest entry, and not simply what is right;
- no graded example contradicts it, of which the one on the screen is the first: its prediction is yours there too, but
  where it says nothing, or where inputs next to these would make another array (a tie, a kink).

| edited | where |
|---|---|
| the expression: a call left out, another function, operator, axis, number, its arguments exchanged | `calls.py` |
| several calls: their order, the axes of all means; another operation that the row names (`mistaken=`) | `compositions.py` |
| a derivative alone; the term of one path | `slopes.py`, `paths.py` |
| a loop: what goes from one step to the next, what all steps share; the order of what was cut into parts | `recurrences.py`, `parts.py` |
| the derivative of a softmax, or of a matrix product | `softmaxes.py`, `products.py` |
| a number that is the root of a size | `sizes.py` |
| the inputs | `inputs.py` |
| gy, and how the Jacobian meets it | `upstream.py` |
| windows: their number, place and direction, and what overlaps | `windows.py` |
| the uses of what was broadcast, before they are added up; the entries that are reduced to one | `uses.py`, `counts.py` |
| what comes out: a factor, a shape; what is left over, as a multiple of some direction | `factors.py`, `shapes.py`, `leftovers.py` |

`expression.py` records the row's torch expression call by call, what torch has as one function with its `steps.py`, and
computes it again with a call changed; a call in a loop is one call, known by its place in the source (`rounds.py`). It writes each call as a formula, so that a sentence says `x * sigmoid(x)`.
`functions.py` has what people take for what, as data. So a new row brings its own edits: one written out in its steps
brings more than one call.

Within, the output of every operation is `y`, grad is given `gy`, and an input y has another name: `wording.py` translates at
the door, also a row's letter for which the stub has other words. A sentence need not care.

To add an edit:

1. Add a mutant with the diagnosis that you miss, and see it fail.
2. Often a line in a table will do: of `functions.py`, `inputs.py`, `factors.py`, or `mistaken=` of a row. Else write, in the
   file of its theme, a function of the array's name and a sample that yields edits. It returns early where it makes no
   sense. It names no operation: it starts from what is right, not from a formula.
3. Put it into `HYPOTHESES` of `hypotheses.py`, before what is more general. Too early, it takes the words from a better one.
4. Give it a row in `DISTORTIONS` of `meta/distortions.py`, then run `pytest tests/meta/test_diagnosis.py`,
   `test_mutants.py` and `test_claims.py`: the last tries each claim on further examples.

A condition is a line in `_sizes` or `_values` of `conditions.py`, or in `places.py`.
"""
