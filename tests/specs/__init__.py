"""What is true of each operation: one module a level, one row an operation."""

LEVELS = ("feedforward",)
"""The levels, easy to hard: also the order of the scoreboard. Each is a module in kata/, solutions/, specs/, mutants/."""
