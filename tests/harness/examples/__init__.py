"""Random inputs for a row: ordinary ones, large ones and networks; and how a failing one gets smaller.

What people get wrong shows at some sizes, values and arguments, and at no others. So these come in their turn, and are
not left to luck: `SCHEDULE` (schedule.py) says of twelve examples, one after another and then again, how large they are
and in which way their values are drawn (tables.py). Sizes are small (1 to 4), all equal, all unequal; three times of
twelve one dimension is of 5 to 40, another one each time; once a run (`...`) has four dimensions, once none. Values are
plain (simple numbers, zeros and ties among random ones of all digits), zeros of both signs, near ties, all within 1% of
each other, or log-uniform magnitudes, which are dealt from sixteen layers; then gy goes from 1e-12 to 1e6, whatever the slope
is. Once, inputs are moved onto the border that the row names, or just beside. `ORDINARY` has small numbers, at which a
plain formula is exact enough; `EXTREME` magnitudes up to 1e4, now and then an array of small numbers about a large
offset, or one array that is large where all others are smaller: where all are large, what saturates sends no gradient back.
Arguments come from decks: each value of a choice, each width of labels, an axis as a NumPy integer, a mask that is
all True or all False, before any comes again. `gy` is random, but for one of twelve: with a `gy` of ones,
softmax's gradient is exactly zero, and a backward pass that returns zeros would pass. Where an argument is one axis, several or none, three times as
many are drawn, because what goes wrong may show for one of them only. tests/meta/test_examples.py counts that all this is
there for every row, property and seed.

All else is random: the examples come straight from a generator of random bytes (`stream`), because hypothesis takes 0.2 to
0.4 ms for an example, as long as all else together. Hypothesis draws bytes (`examples`) only once an example has failed,
to shrink it: the first are dimensions, and each input reads its values from a part of the bytes that is its own, so that a
change in one input moves no other. A smaller byte is a smaller size or a simpler number; so it shrinks to small arrays of
zeros and ones. Hypothesis draws all ways of values and all arguments, but only small sizes. What fails at large ones only
is made smaller by what knows the row (shrink.py): a slice, or half of a dimension, is taken out of all inputs at once, and
each kind says what becomes of its value (labels are renumbered, axes moved, target shapes made to fit). The smallest may
tell little: x = 0 where eps is 1e-12, and a gradient of 1e12. Then up to 60 of the same size with ordinary numbers are tried
(ordinary.py), and one is shown in its place that fails alike and can be followed.

A row of graphs (rows/graphs.py) draws those first: of blocks (rows/blocks.py), each operator in each form, that come from a
deck like arguments. It is not drawn from hypothesis's bytes; a failing one gets smaller node by node (smaller_graphs.py).

A seed and the names of the operation and the property give the examples, and `--hidden` four times as many; nothing else
does. The tests say how many. The seed is 0 in public, random and printed under `--hidden`. A submission never learns it.

A network (`compose`) chains operations whose forward and gradient held in this run, fitted to each other by their shapes
alone: each takes the output of the one before, other inputs are new or earlier outputs. One begins with
each operation, so that each takes part that can; then there are 40 more, of two to six nodes, small ones first. A network is data: the worker calls the nodes and backpropagates through them, and the whole is one row
for the oracle and the judge. Forward and gradient of every operation are asked first, whichever were chosen with `--op`.

In flow rows, and bytes of hypothesis or a seed. Out flow examples, with an upstream gradient. Nothing is called or judged.
"""
