"""Training a network of a candidate's own operations: whether they are ready for it, the loop, and its curves as text.

What is trained, and what part each operation plays there, is in tests/trainings/: nothing in here knows it. It runs in this
process, so it is for the project's own kata/ and solutions/ only. Nothing of it is recorded.

Before it starts, the operations are held to the public properties (readiness.py). Then a learner makes one step after the
other (loop.py), until there are enough, a loss is no number, an operation breaks, or Ctrl-C: a step counts as a whole or not
at all, so what was learned by then is there in any case. The clock decides nothing: all that is printed where the output is
no terminal is the same for the same seed.
"""
