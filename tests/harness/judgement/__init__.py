"""Whether an answer is right, and whether a property holds: values beside torch's, and costs beside the reference's.

**Tolerances.** The oracle computes in float64. An entry is right when it is within

    rtol |torch| + ROUNDINGS eps noise

of torch's; eps is the machine epsilon of the inputs' dtype. That is one rule for all rows, in tolerance.py:

1. An honest formula rounds its inputs and each value on the way by a few machine epsilons of themselves.
2. What comes out of exp, log, tanh and the like (`NATURAL` in noise.py) it rounds by a few epsilons of 1 besides, because
   these have 1 for their scale: 1 - tanh(20) is 0, and 4e-18 is as right. Products, sums and roots have no scale of their
   own, so where all of a sum's terms are 0, the sum is 0.
3. Nothing else is forgiven, but for what is relatively small: rtol.

- `RTOL` is 1e-9 in float64: the digits of float32 end at 6e-8, and must not be enough. In float32 it is 1e-5: those of float16
  and TF32 end at 5e-4. Below it hide a factor of 1 + 1e-9, or an addend of that share, and 29 binary digits of 53, 17 of 24.
- `Truth.noise` is measured by Monte-Carlo arithmetic: the oracle runs again, six times, with every input and every value on
  the way, forward and backward, changed at random by 1e-9 as in 1 and 2; what an entry moves, over 1e-9, is its noise. It
  is the size of the terms that an entry is summed from, also where they cancel.
- `ROUNDINGS` is 32. All that is known to be right needs at most 10, and 4 but for one row that float32 rounds from 1e4.

The noise is computed only where rtol is not enough: first from two of the six runs, then with the other right ways that a
row states (`otherwise=`), then from all six runs, and from `MANY` where what is wrong is within `CHANCE` times what they
forgive: of many entries, a few hardly move in any of six. Each finds more than the one before, or as much, so an entry that
was accepted stays accepted. What is less than `UNDERFLOW` times the dtype's smallest normal number counts as 0. A row shows
its values on the way: it spells out what torch has as one function, if that adds 1 or takes an exponential inside (or
noise.py does, in `IN_STEPS`). tests/meta/test_oracles.py holds such rows to torch's own function.

**Kinks.** At a kink, two answers may be right. A row says so with `also=`, a second torch function whose gradients are the
other end of the subdifferential; everything between the two ends is accepted. Where entries depend on each other (the shares
of tied maxima are 1 together), an interval for each would accept too much. Such a row has `ties=`, a NumPy function
`ties(yours, gy, *inputs)` that returns the nearest right gradient to yours, and yours if it is right. Inputs are not moved
for its gradient's noise, because that would break the ties. An operation that only contains a kink (a network with a relu)
has no such row, and beside its kink, where rounding may take a float32 to the other side, a row has one end only. There all
that is computed is moved by `STEP`, 16, epsilons, which rounding may do, and by `FARTHER`, 32, times that. A smooth gradient
moves 32 times as far the second time, one on a kink as far as the first. So where every entry that is wrong moves at the
first step by a tenth of what is wrong, and at the second at most `HIGHER`, 4, times as far, the example is an
`UnsuitedExample`: dropped, and another is drawn. So it is, as chaotic, where all that is wrong of y or a gradient is no more
than what twice the first step moves directly: a softmax of scores of 1e16 is decided by rounding. Rounding may also make two
such scores equal, which no random move does: those within a few steps of the largest are taken to be as large. What warns,
or has another dtype, is wrong all the same. For `stable`, an example whose true result is not finite, or near the dtype's
limit, is dropped as well. `python -m tests.meta.bench --dropped 3` counts them, and their `reason`. A property with no
suitable example at all is the row's error, not a pass.

**`pure`** knows no oracle: it asks the same questions again, in other company, and every answer must be the first one's
(purity.py). Between are another call, another gy, a third time; the very arrays of an earlier call, filled with other
contents; one array in the place of two. What was returned is looked at again at the end, and must have memory of its own,
unless it was given. Whether an input or gy was changed in place is seen in every property, and told once: by `pure`, if
forward, gradient or `pure` saw it, also where it makes these fail; else by the one that did (float32 in `stable`, a layout).

**`fast`** has no clock: it counts, so the same submission, seed and Python give the same verdict. One dimension at a time
grows from a few to some 270, the others stay small. Then two at a time are some 500, of those that no input has both of: there
memory alone counts, for what is held for each pair of them, at once or in pieces, shows in nothing else. For each call and its grad the opcodes that Python executes are counted,
and the most memory that is taken, and the same for the reference solution, which runs in the grader's own process. Then there
is one call with at most 250,000 entries in its largest input, all dimensions growing together. It is slow if

- more than 2 opcodes are added for each one that a dimension is larger, and 8 times what the reference adds: a loop over the
  entries or the rows. A loop over an axis that the reference loops over too, as over time, is none;
- memory grows more than 8 times as much as the reference's, and 64 KiB: an explicit Jacobian, all pairs where the operation
  has none;
- where two are large, memory is more than 8 times the reference's, and 64 KiB;
- any call takes 30,000 opcodes more than the reference, and 4 times as many, or 8 times its memory and 64 KiB: loops inside loops, seen before
  they grow.

A step is no slope. From some size on NumPy's own Python may take another branch (`np.einsum(optimize=True)` takes 2,400
opcodes more); so before a loop is claimed, a size between the two must show it on both sides. A call of the small size runs
twice, and the cheaper one counts: the first may import something. Of the mutants' rows, what is right and fast takes at most
2.7 times the reference's memory and adds no opcodes at all for most sizes; the tightest loop over rows adds 7 opcodes a row.
What loops in C over Python's objects shows in neither count. The backstop is the limit of a call, for the one large call: it
finds only what takes some 20 microseconds an entry.

All answers are compared with torch's, ties and kinks included. Each call has inputs and a gy of its own, drawn from the run's
seed, and the arrays' values are all different. In a worker the count begins when the question's bytes are there and ends when
the answer is sent, so nothing of a submission runs uncounted between the two. What disturbs the counting itself is noticed
(tracing, profiling, frames, `tracemalloc`, signal handlers, ctypes), and is an error of `fast`: of the operation that did it,
or of all in a module that did it at import. From outside, a count below what it takes to ask, or memory below that of the
arrays asked for, is an error too. What it cannot do: a submission that writes to the memory of its process behind Python's
back (`np.lib.stride_tricks.as_strided` beyond an array's end will do) can count what it likes; memory that it took before, at
import, is not counted; up to 30,000 opcodes that it wastes at a small size hide as many at a larger one.

A class of tensors (`adapter=` of a row) is asked as an operation on graphs. y is the root's data, the gradients are the
leaves' `.grad`. In `pure`, grad asked again on the same graph goes backward from another root and from this one once more,
and what that adds must be the first answer; asked a third time, on new graphs, it sees whether a leaf's gradient changes
with another's. `fast` (depth.py) counts how its steps grow with the graph and with the ways through it, what memory a
graph takes and leaves, and asks for graphs of 10,000 nodes.

**Kept answers.** What torch says of an example depends on the row, the seed and the example's number alone. So it is asked once:
the answers are shared by all examiners of a run (rows/memory.py), and in public kept in the user's cache from run to run
(kept.py). What a worker answers is known again too: the same bytes in answer to the same question get the verdict that they got before
(asked.py of submissions). Only what nobody asked before imports torch: the noise of another near miss, a smaller example, a diagnosis.

It is handed what explains failures, and knows nothing of it.
"""
