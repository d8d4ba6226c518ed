"""What is true of each operation: one module a level, one row an operation."""

LEVELS = (
    "feedforward",
    "activations",
    "losses",
    "tensors",
    "normalization",
    "convolution",
    "recurrent",
    "attention",
    "language",
    "training",
    "autodiff",
)
"""The levels, easy to hard: also the order of the scoreboard. Each is a module in kata/, solutions/, specs/ and mutants/."""

ONLY = ()
"""In a candidate's kit, the operations that were chosen; empty: all of the levels'."""

BUGS = 0
"""In a candidate's kit with planted mistakes, how many there are."""
