"""Where pytest meets the kata: its options, the tests of a run, the end of it; and what else is asked for from outside.

selection.py, season.py, session.py, grading.py, underway.py, ending.py, evening.py, unstuck.py and training.py are
plugins, listed in conftest.py; all pass on one Run.
"""
