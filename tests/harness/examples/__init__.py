"""Random inputs for a row: ordinary ones, large ones and networks; and how a failing one gets smaller.

An example is one draw of bytes. The first bytes are dimensions: 1 to 4 for a letter, up to three dimensions of 1 to 3 for
`...` (two, where a row has several). Each input reads its values from a part of the bytes that is its own, so that a change
in one input moves no other. Floats go through a table of 256, simplest first; other kinds take their bytes modulo what
there is to choose from. Equal and different sizes both turn up often, so a mistake that shows only where N == K, or hides
there, is found. It is fast, and it shrinks to small arrays of zeros and ones. `ORDINARY` has small numbers, `EXTREME`
magnitudes up to 1e4, and now and then an array of small numbers about a large offset. One example in four has few different
values, so that there are ties. `gy` is always random: with a `gy` of ones, softmax's gradient is exactly zero, and a
backward pass that returns zeros would pass. Where an argument is one axis, several or none, three times as many are drawn,
because what goes wrong may show for one of them only.

Hypothesis takes 0.2 to 0.4 ms for an example, as long as all else together. So the examples come straight from a generator
of random bytes (`stream`), and hypothesis draws the same bytes (`examples`) only once one has failed, to shrink it. Shapes
that broadcast are decoded from one byte an array as well: hypothesis's `mutually_broadcastable_shapes` takes 0.5 ms more,
and would be a second draw that moves everything when it shrinks. At last comes what only somebody can do who knows the
row: a slice is taken out of all inputs at once, and each kind says what becomes of its value (labels are renumbered, axes
moved, target shapes made to fit).

A seed and the names of the operation and the property give the examples, and `--hidden` four times as many; nothing else
does. The tests say how many. The seed is 0 in public, random and printed under `--hidden`. A submission never learns it.

A network (`compose`) chains operations whose forward and gradient held in this run, fitted to each other by their shapes
alone: each takes the output of the one before, other inputs are new or earlier outputs. There are 40, of two to six nodes,
small ones first. A network is data: the worker calls the nodes and backpropagates through them, and the whole is one row
for the oracle and the judge. Forward and gradient of every operation are asked first, whichever were chosen with `-k`.

In flow rows, and bytes of hypothesis or a seed. Out flow examples, with an upstream gradient. Nothing is called or judged.
"""
