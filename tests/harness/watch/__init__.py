"""The watched run: a loop that grades after each save, and shows the verdict on a screen of its own.

In: saves of kata/, keys, signals, the clock. Out: the screen, verdicts for the history, and the last results for the run.
The candidate's code is graded in processes that are thrown away, and never enters the one that watches. keeper.py,
notifier.py and spare.py are programs, which run beside it.
"""
