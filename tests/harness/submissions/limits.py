"""What code of a submission may take: a call, an import, and all calls together."""

from tests.harness.submissions.patience import Spent

CALL_SECONDS = 5.0  # a call on a handful of numbers takes microseconds
ASLEEP_SECONDS = 10.0  # in a call that may compute for at least half as long
IMPORT_SECONDS = 5.0  # of a module, or of a cell of a notebook; NumPy is there already
IMPORT_SLACK = 2.0  # beyond that, in a worker, which stops itself, until it is stopped from outside
NOTEBOOK_SECONDS = 20.0  # of all its cells, elsewhere
OPERATION = Spent(60.0, 20.0)  # what all calls of an operation may take together, elsewhere
SUBMISSION = Spent(600.0, 60.0)  # and all calls of a submission
