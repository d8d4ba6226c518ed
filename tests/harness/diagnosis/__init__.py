"""How an operation is wrong, said in a line. A cause is named only if it gives exactly the numbers that came back.

A property fails, the example is made small, and `diagnose` is asked. The smallest counterexample is of no use for this: a
1 x 1 matrix is its own transpose. So the implementation is asked again, on fresh examples.

1. **Hypotheses**, on four `generic` samples (twelve where arrays are broadcast or arguments are no arrays): dimensions larger
   than one, all unequal, values neither zero nor alike. A hypothesis says what the array would be, from what is right
   (`sample.right`), or would be right for another gy, other inputs or another torch function (`with_gy`, `with_inputs`,
   `with_torch`). It is claimed only if that reproduces your array on every sample, to a relative 1e-9, and is not simply what
   is right. The table is tried in order, the specific before the general; the first that holds is said. Where none does,
   `square` samples, all dimensions equal, are tried too. The torch expression of a row decides what can be said of a path or
   of a function left out: one written out in its steps says more than one call.
2. **A count or an order** of gradients that is wrong comes before; **a wrong forward** explains gradients that are right for
   your own y ("follows from y").
3. **Conditions**, where no hypothesis holds: on 120 `mixed` samples of small sizes and many zeros, for which dimensions,
   values or places the array is wrong. A condition is named only if everything wrong satisfies it, more than half of what
   satisfies it is wrong, and six cases or more were seen on both sides.
4. **Interplay**, for `pure`: one sequence of calls tells what was changed in place, shared, accumulated or remembered.
5. **A border**, for `stable`: the largest entry of the counterexample is bisected down to the smallest magnitude that breaks,
   first in float64. It is named only if three places below hold and four beyond break.
6. Otherwise the judge's own line: the worst entry, and whether all entries are wrong.

All of it is bounded by counted work (`WORK` questions and predictions), not by time. What is never done: claim a cause that
does not reproduce what was observed, claim one because the smallest counterexample fits it, read the source, or let a
diagnosis change a status. If it breaks off, the verdict stands and its line says so.

To add a hypothesis:

1. Add a mutant with the diagnosis that you miss, and see it fail.
2. Beside the other hypotheses, write a function of the array's name and a sample that yields claims and predictions. It
   returns early where it makes no sense; a prediction is None where it says nothing. It names no operation: it starts from
   what is right, not from a formula.
3. Put it into `HYPOTHESES`, before what is more general. Too early, it takes the words from a better one.
4. Give it a row in `DISTORTIONS` of tests/meta/test_diagnosis.py, then run that file and tests/meta/test_mutants.py.
"""
