"""What is true of an operation: its row in tests/specs/, in words (spec.py, kinds.py) and as what they mean, and the catalogue.

In flow a row's dimensions and a source of numbers. Out flow values of its inputs, and what torch says of them (oracle.py):
the right output and gradients, and how far they are to be trusted. Nothing here knows of submissions.
"""
