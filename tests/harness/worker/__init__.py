"""What runs beside a candidate's code: it calls that code, and reports what happened, as data. It judges nothing.

Whatever stands here is seen from inside the sandbox. It imports NumPy, the standard library and its neighbours, and learns
nothing of what is expected. Its messages are described in submissions/PROTOCOL.md.

In flow questions: an operation, inputs, steps. Out flow observations and costs, as data. The whole folder is what the
sandbox sees, loaded there as the package `worker`, so it imports NumPy, the standard library and itself, nothing else.
"""
