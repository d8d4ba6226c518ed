"""The rules of the kata.

Implement the operations in these modules in NumPy, each with its backward pass. Grade yourself with
`pytest --impl=kata`.

1. An operation returns `(y, grad)`: its output, and a closure. `grad(gy)` is the vector-Jacobian product: given `gy`,
   the gradient of a scalar loss L with respect to `y` (shape of `y`), it returns the gradient of L with respect to each
   differentiable input, in signature order: one array for one input, a tuple (or list) for several.
   Where a docstring says what the operation `Returns`, it returns that alone, and no grad.
2. `gv` names the gradient of L with respect to `v`, and has `v`'s shape. (`b` is `(1, M)`, so `gb` is `(1, M)`.)
3. Pure: inputs and `gy` are left as they were; `grad` may be called again, with any gy, and answers the same; two calls
   share nothing, neither memory nor anything remembered. An input, `gy` or a view of them may be returned.
4. Stable: for finite inputs whose true result is finite, the result is finite and accurate and no NumPy floating-point
   warning is raised, in float64 and float32; float32 in, float32 out. Underflow is no fault.
5. NumPy and the standard library only, in one thread and one process, without files and network. At a kink (relu at 0)
   any subgradient is right; where entries tie for a maximum, any convex split of the gradient among them.

One task is a class, for which its docstring stands in the place of rule 1.

Arguments that are no arrays of floats (labels, masks, an axis, a size, eps) are not differentiated, and `grad` returns
nothing for them. Neither does it for what a docstring calls constant.

Notation: `J_x[i,j | a,b] = d y[i,j] / d x[a,b]`, so `gx[a,b] = sum_ij gy[i,j] J_x[i,j | a,b]`.
For `affine(x, w, b) = x @ w + b`: `J_x[i,j | a,b] = w[b,j] if i == a else 0`, hence `gx = gy @ w.T`; likewise
`gw = x.T @ gy`, and `gb` sums `gy` over the batch, keeping the axis.

Letters are dimensions (N batch, K in, M out); `...` is any number of dimensions, also none. Every dimension
is at least 1.
"""
