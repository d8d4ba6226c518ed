"""What runs beside the candidate's code: it loads it, calls it, counts what it costs, and says what it saw. It judges nothing.

In flow questions: an operation, inputs, steps. Out flow observations and costs, as data. The whole folder is what the
sandbox sees, loaded there as the package `worker`, so it imports NumPy, the standard library and itself, nothing else.
"""
