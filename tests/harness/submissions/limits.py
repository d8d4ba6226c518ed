"""What code of a submission may take: a call, an import, and all calls together."""

from tests.harness.submissions.patience import Spent

CALL_SECONDS = 5.0  # a call on a handful of numbers takes microseconds
ASLEEP_SECONDS = 10.0  # in a call that may compute for at least half as long
IMPORT_SECONDS = 20.0
OPERATION = Spent(60.0, 20.0)  # what all calls of an operation may take together, elsewhere
SUBMISSION = Spent(600.0, 60.0)  # and all calls of a submission
