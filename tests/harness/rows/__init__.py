"""What is true of an operation, as data: its row, what an input can be, and what torch says of it.

How a row is written stands in tests/README.md.

In flow a row's dimensions and a source of numbers. Out flow values of its inputs, and what torch says of them (oracle.py):
the right output and gradients, and how far they are to be trusted. Nothing here knows of submissions.
torch is asked only for what is not remembered (memory.py), and is not imported before.
"""
