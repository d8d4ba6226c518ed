"""Many submissions: each is a job, graded in a process of its own, kept as it comes, and told on one page.

A job is what was handed in as names and bytes, and the terms that all are graded by; what comes back is one verdict, as
JSON's values (job.py). So it does not matter where a job runs: one `concurrent.futures.Executor` runs them all, a pool of
processes here or a Dask cluster (engines.py). Nothing of a submission reaches the next but what torch said of the examples.

What ends is written to a folder at once, one file a submission, whole or not at all (kept.py). A verdict there is believed
while the submission's content is the same and the folder was begun by the same code, versions, seed and operations; so a
run that was killed, or shards that share a folder, need nothing but another run.

A job whose process dies is graded again alone, and blamed if that one dies too; what ran beside it never is (grading.py).
What the grader had trouble with is no verdict: it is a `Trouble`, with who has to act, and is tried again by the next run.

Nothing in here is imported, but for subject.py, unless several submissions or a season's option were asked for.
"""
