"""What the kata is to pytest and to a notebook. In: the command line. Out: an exit status, and what is shown.

session.py, grading.py, ending.py, evening.py and unstuck.py are plugins, listed in conftest.py; all pass on one Run.
"""
