"""What is graded: what `--impl` names, taken in, confined, and asked.

In flow paths, archives and operations with steps to carry out. Out flow observations, or a reason why there is none. What
was handed in is only bytes here: it is read by one process (unpacking.py), and runs in another (worker/).
"""
