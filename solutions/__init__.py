"""Reference solutions: the modules of kata/ with the same signatures. Each docstring derives its gradient step by step.

Notation: `J_x[i,j | a,b] = d y[i,j] / d x[a,b]`, so the vector-Jacobian product is
`gx[a,b] = sum_ij gy[i,j] J_x[i,j | a,b]`. The Kronecker delta `[i = a]` is 1 where i equals a and 0 elsewhere.
"""
