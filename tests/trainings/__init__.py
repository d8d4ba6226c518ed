"""What can be trained with the operations: one module a training, which alone says what part each of them plays."""

TRAININGS = ("digits", "zen")
"""Each is a module here, and a word for `--train`."""
