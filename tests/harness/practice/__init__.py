"""Practising: hints, stubs again, what a save changed, and the history of what was practised, with its clock, notes and what is due.

In: verdicts as result.Result, the sources in kata/ and solutions/, moments as time.time(). Out: lines to show, stubs
put back into kata/, and the SQLite file in the user's data directory. Nothing in here grades, or runs a candidate's code.
"""
