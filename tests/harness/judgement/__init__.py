"""Whether an operation holds in a property. In: rows, examples, and an implementation that answers. Out: a Verdict.

It is handed what explains failures, and knows nothing of it.
"""
