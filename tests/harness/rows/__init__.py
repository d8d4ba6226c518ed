"""What is true of an operation, as data: its row, what an input can be, and what torch says of it.

How a row is written stands in tests/README.md.
"""
