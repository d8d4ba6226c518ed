"""Level 9: what language models add.

N batch, T positions of queries, or steps in time, S positions of keys and values, D features of a query or a key, E of a
value, G groups of R query heads each, V words, C classes, K in, M out. Of mixture_of_experts, E is the number of experts.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray


def tied_logits(w: NDArray, indices: NDArray) -> tuple[NDArray, Callable]:
    """y[...,v] = sum_k w[indices[...],k] w[v,k], shapes (V, D), any shape of integers -> indices.shape + (V,).

    The matrix is read twice: row indices[i] as the embedding of a word, and all of its rows as the output layer.

    For w (V, D), indices (N,):

        y[i,v] = sum_k w[indices[i],k] w[v,k]
        J_w[i,v | a,b] = [indices[i] = a] w[v,b] + [v = a] w[indices[i],b]

    The product rule has a term for each use, and both gradients add up:

        gw[a,b] = sum_iv gy[i,v] J_w[i,v | a,b]
                = sum_i gy[i,a] w[indices[i],b] + sum_iv [indices[i] = a] gy[i,v] w[v,b]

    The first sum is the output layer's gradient, gy^T x with x = w[indices]: each row of w has one. The second is the
    embedding's: gx = gy w goes to the rows that were taken, once for every time that they were.

        gw = gy^T x                                                              (1)
        and for each i add (gy w)[i] to gw[indices[i]]                           (2)

    Hints:
    1. How often does w stand in y, and which of its rows does each of these uses read?
    2. Give the two uses different names, derive a gradient for each, and add them. One of them is a matrix product, the
       other goes to rows that were taken, which may repeat.
    3. gw[a,b] = sum_i gy[i,a] w[indices[i],b] + sum_iv [indices[i] = a] gy[i,v] w[v,b], the second by np.add.at.
    """
    x = w[indices]

    def grad(gy):
        gw = gy.reshape(-1, len(w)).T @ x.reshape(-1, w.shape[1])  # (1)
        np.add.at(gw, indices, gy @ w)  # (2)
        return gw

    return x @ w.T, grad


def smoothed_cross_entropy(
    logits: NDArray, labels: NDArray, smoothing: float, ignore_index: int
) -> tuple[NDArray, Callable]:
    """l = mean of -sum_j t[j] log softmax(logits)[j] over the rows that count, shapes (N, C), (N,) -> ().

    A row counts where its label is not ignore_index. Of n such rows the mean is taken, and n is 1 where there is none, so
    that nothing is divided by 0.

        counts[i] = [labels[i] != ignore_index]
        n = max(1, sum_i counts[i])                                              (1)
        t[i,j] = smoothing / C + (1 - smoothing) [j = labels[i]]                 (2)

    The logarithm of the softmax as in cross_entropy, with the row's maximum subtracted first:

        z[i,j] = logits[i,j] - max_k logits[i,k]
        log_p[i,j] = z[i,j] - log(sum_k exp(z[i,k]))                             (3)
        l = -sum_i counts[i] sum_j t[i,j] log_p[i,j] / n                         (4)

    d log_p[a,j] / d logits[a,b] = [j = b] - p[a,b]. A row of t adds up to 1, so p comes once:

        p[i,j] = exp(log_p[i,j])
        J_logits[ | a,b] = -counts[a] sum_j t[a,j] ([j = b] - p[a,b]) / n
                         = counts[a] (p[a,b] - t[a,b]) / n
        glogits[a,b] = gl J_logits[ | a,b]                                       (5)

    Prediction minus target again, for any target that is a distribution. A row that does not count has no gradient.

    Hints:
    1. What would the gradient of cross_entropy be if the target were not one class, but a distribution over all of them?
    2. Write the smoothed target as an array whose rows add up to 1, and the gradient is that of cross_entropy with it.
       Then strike out the rows that are ignored, and divide by how many are left.
    3. glogits[a,b] = gl (p[a,b] - t[a,b]) / n for the n rows that count, and 0 for the others.
    """
    rows = np.flatnonzero(labels != ignore_index)
    n = max(1, len(rows))  # (1)
    t = np.full_like(logits[rows], smoothing / logits.shape[1])
    t[np.arange(len(rows)), labels[rows]] += 1 - smoothing  # (2)
    z = logits[rows] - logits[rows].max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))  # (3)

    def grad(gl):
        glogits = np.zeros_like(logits)
        glogits[rows] = gl * (np.exp(log_p) - t) / n  # (5)
        return glogits

    return -(t * log_p).sum() / n, grad  # (4)


def grouped_query_attention(q: NDArray, k: NDArray, v: NDArray) -> tuple[NDArray, Callable]:
    """y = softmax(q k^T / sqrt(D)) v, shapes (N, G*R, T, D), (N, G, S, D), (N, G, S, E) -> (N, G*R, T, E).

    Head h reads group h // R. Written out for each head, its own keys and values are copies of the group's:

    For q (2, 4, 3, 5), k (2, 2, 4, 5), v (2, 2, 4, 3), R = 2:

        keys[n,h,s,d] = sum_g [g = floor(h / R)] k[n,g,s,d]
        values[n,h,s,e] = sum_g [g = floor(h / R)] v[n,g,s,e]
        z[n,h,t,s] = sum_d q[n,h,t,d] keys[n,h,s,d] / sqrt(D)                    (1)
        p[n,h,t,s] = exp(z[n,h,t,s]) / sum_r exp(z[n,h,t,r])                     (2)
        y[n,h,t,e] = sum_s p[n,h,t,s] values[n,h,s,e]                            (3)

    With values fixed, y moves as p does, and d p[s] / d z[r] = p[s] ([s = r] - p[r]): sum_s of that times values[s] is
    p[r] (values[r] - y).

        J_q[n,h,t,e | m,i,u,c] = [n = m] [h = i] [t = u] sum_s p[n,h,t,s] (values[n,h,s,e] - y[n,h,t,e]) keys[n,h,s,c] / sqrt(D)
        J_k[n,h,t,e | m,g,r,c] = [n = m] [g = floor(h / R)] p[n,h,t,r] (v[m,g,r,e] - y[n,h,t,e]) q[n,h,t,c] / sqrt(D)
        J_v[n,h,t,e | m,g,r,c] = [n = m] [g = floor(h / R)] [e = c] p[n,h,t,r]

    In the order in which it is computed, with gp and gz for the gradients of p and z:

        gp[n,h,t,s] = sum_e gy[n,h,t,e] values[n,h,s,e]                          (4)
        gz[n,h,t,s] = p[n,h,t,s] (gp[n,h,t,s] - sum_r p[n,h,t,r] gp[n,h,t,r])    (5)
        gq[m,i,u,c] = sum_s gz[m,i,u,s] keys[m,i,s,c] / sqrt(D)                  (6)
        gk[m,g,r,c] = sum_h [g = floor(h / R)] sum_t gz[m,h,t,r] q[m,h,t,c] / sqrt(D)        (7)
        gv[m,g,r,c] = sum_h [g = floor(h / R)] sum_t p[m,h,t,r] gy[m,h,t,c]      (8)

    The R heads of a group stand side by side, and nothing tells their queries from each other: a group has R T queries.
    So q as (N, G, R T, D) is plain attention, no key is copied, and (7) and (8) add up the heads of a group with the
    positions, in one product.                                                   (9)

    Hints:
    1. If two heads read the same keys, what is the gradient for these keys made of?
    2. Reshape q so that each group has all its heads' queries in one axis. Then it is attention without groups: a product,
       a softmax, a product. Do not forget the scale in the gradients of q and k.
    3. With gz = p (gp - sum(p gp)) / sqrt(D) and gp = gy v^T: gq = gz k, gk = gz^T q and gv = p^T gy, where the last two
       also add up the heads of a group.
    """
    groups, scale = (*k.shape[:2], -1), 1 / math.sqrt(q.shape[-1])
    queries = q.reshape(*groups, q.shape[-1])  # (9)
    z = scale * (queries @ k.swapaxes(-1, -2))  # (1)
    p = np.exp(z - z.max(axis=-1, keepdims=True))
    p /= p.sum(axis=-1, keepdims=True)  # (2)
    y = p @ v  # (3)

    def grad(gy):
        gy = gy.reshape(*groups, gy.shape[-1])
        gp = gy @ v.swapaxes(-1, -2)  # (4)
        gz = scale * p * (gp - (p * gp).sum(axis=-1, keepdims=True))  # (5)
        gq = (gz @ k).reshape(q.shape)  # (6)
        gk = gz.swapaxes(-1, -2) @ queries  # (7)
        gv = p.swapaxes(-1, -2) @ gy  # (8)
        return gq, gk, gv

    return y.reshape(*q.shape[:-1], v.shape[-1]), grad


def lora_linear(x: NDArray, w: NDArray, a: NDArray, b: NDArray, scale: float) -> tuple[NDArray, Callable]:
    """y = x w + scale (x a) b, shapes (..., K), (K, M), (K, R), (R, M) -> (..., M). w is frozen.

    n stands for a tuple of the leading indices. x is in both terms, a and b in the second.

        u[n,r] = sum_k x[n,k] a[k,r]                                             (1)
        y[n,j] = sum_k x[n,k] w[k,j] + scale sum_r u[n,r] b[r,j]                 (2)
        J_x[n,j | m,c] = [n = m] (w[c,j] + scale sum_r a[c,r] b[r,j])
        J_a[n,j | c,r] = scale x[n,c] b[r,j]
        J_b[n,j | r,c] = scale [j = c] u[n,r]

    All that goes through b and scale has one gradient in common, that of u. Nobody asks for the gradient of w, and it
    would be the only large one: that is the point of a and b.

        gu[n,r] = scale sum_j gy[n,j] b[r,j]                                     (3)
        gx[m,c] = sum_j gy[m,j] w[c,j] + sum_r gu[m,r] a[c,r]                    (4)
        ga[c,r] = sum_n x[n,c] gu[n,r]                                           (5)
        gb[r,c] = scale sum_n u[n,r] gy[n,c]                                     (6)

    Hints:
    1. On how many paths does x reach y, and through which matrices does each of them go?
    2. Give x a a name, and take its gradient first: scale and b are in it. a and x then have the gradients of a matrix
       product. w is constant, but gx goes through it all the same.
    3. With gu = scale gy b^T: gx = gy w^T + gu a^T, ga = x^T gu, gb = scale (x a)^T gy, the last two over all rows.
    """
    u = x @ a  # (1)

    def grad(gy):
        gu = scale * (gy @ b.T)  # (3)
        gx = gy @ w.T + gu @ a.T  # (4)
        ga = _rows(x).T @ _rows(gu)  # (5)
        gb = scale * (_rows(u).T @ _rows(gy))  # (6)
        return gx, ga, gb

    return x @ w + scale * (u @ b), grad  # (2)


def linear_recurrence(a: NDArray, b: NDArray, h: NDArray) -> tuple[NDArray, Callable]:
    """y[t] = a[t] * y[t-1] + b[t] elementwise, y[-1] being h; shapes (T, N), (T, N), (N,) -> (T, N).

    A state keeps a share of what came before, and carry[t,s] is what is left of step s at step t:

        carry[t,s,n] = prod_r a[r,n]^[s < r and r <= t]
        y[t,n] = sum_s [s <= t] carry[t,s,n] b[s,n] + h[n] prod_r a[r,n]^[r <= t]            (1)

    a[s] multiplies the state before it, and the product goes on from there.

        before[s,n] = h[n] where s = 0, y[s - 1,n] elsewhere                     (2)
        J_a[t,n | s,m] = [n = m] [s <= t] carry[t,s,n] before[s,n]
        J_b[t,n | s,m] = [n = m] [s <= t] carry[t,s,n]
        J_h[t,n | m] = [n = m] prod_r a[r,n]^[r <= t]

    No product of many a is ever needed, and no quotient of such products, which would divide by 0 where a is 0. All that
    reaches step s comes from y[s] itself, or through y[s+1], by a factor a[s+1]: the sum is a recurrence too, from the end.

        gb[s,m] = sum_t [s <= t] carry[t,s,m] gy[t,m]
                = gy[s,m] + [s < T - 1] a[s + 1,m] gb[s + 1,m]                   (3)
        ga[s,m] = gb[s,m] before[s,m]                                            (4)
        gh[m] = a[0,m] gb[0,m]                                                   (5)

    Hints:
    1. Through which two entries does b[s] act on the loss: what is y[s] used for?
    2. Go from the last step to the first, and keep the gradient of the state: that of its own y, and what the next state
       sends back. It is the gradient of b, and all others are products with it.
    3. gb[s] = gy[s] + a[s+1] gb[s+1] from the end, ga[s] = gb[s] y[s-1] with h for y[-1], gh = a[0] gb[0].
    """
    y = np.empty_like(b)
    state = h
    for t in range(len(a)):
        y[t] = state = a[t] * state + b[t]  # (1)

    def grad(gy):
        gb = np.array(gy)
        for s in reversed(range(len(a) - 1)):
            gb[s] += a[s + 1] * gb[s + 1]  # (3)
        before = np.concatenate([h[None], y[:-1]])  # (2)
        return gb * before, gb, a[0] * gb[0]  # (4), (5)

    return y, grad


def dpo_loss(
    chosen: NDArray, rejected: NDArray, chosen_ref: NDArray, rejected_ref: NDArray, beta: float
) -> tuple[NDArray, Callable]:
    """l = mean of -log sigmoid(beta ((chosen - chosen_ref) - (rejected - rejected_ref))), shapes (N,) four times -> ().

    How much more than the reference does the policy prefer the chosen answer? z is that margin, and -log sigmoid(z) is
    softplus(-z) = log(1 + exp(-z)), which loses nothing where the sigmoid rounds to 0.

        z[i] = beta ((chosen[i] - chosen_ref[i]) - (rejected[i] - rejected_ref[i]))          (1)
        l = sum_i log(1 + exp(-z[i])) / N                                        (2)

    d log(1 + exp(-z)) / d z = -exp(-z) / (1 + exp(-z)) = -sigmoid(-z), and z holds chosen with beta, rejected with -beta:

        s[i] = 1 / (1 + exp(z[i]))
        J_chosen[ | a] = -beta s[a] / N
        J_rejected[ | a] = beta s[a] / N
        gchosen[a] = gl J_chosen[ | a]                                           (3)
        grejected[a] = gl J_rejected[ | a]                                       (4)

    A pair that is told apart well has s near 0 and is left alone. Again sigmoid(-z) = exp(-softplus(z)).

    Hints:
    1. Which one number of each pair does the loss depend on, and how does that depend on the two inputs?
    2. The derivative of -log sigmoid is a sigmoid: of z, or of -z? Then the two gradients differ by their sign alone.
    3. gchosen[a] = -gl beta sigmoid(-z[a]) / N, and grejected = -gchosen.
    """
    z = beta * ((chosen - chosen_ref) - (rejected - rejected_ref))  # (1)

    def grad(gl):
        gz = -gl * np.exp(-np.logaddexp(0, z)) / len(z)
        return beta * gz, -beta * gz  # (3), (4)

    return np.logaddexp(0, -z).mean(), grad  # (2)


def ppo_clip_loss(log_p: NDArray, log_p_old: NDArray, advantage: NDArray, clip: float) -> tuple[NDArray, Callable]:
    """l = -mean(min(r A, c A)), r = exp(log_p - log_p_old), c = r clipped to [1 - clip, 1 + clip]; shapes (N,) -> ().

        r[i] = exp(log_p[i] - log_p_old[i])
        c[i] = min(max(r[i], 1 - clip), 1 + clip)
        l = -sum_i min(r[i] advantage[i], c[i] advantage[i]) / N

    The minimum is c A only where that is smaller: for A > 0 where r is above 1 + clip, for A < 0 where it is below
    1 - clip. On the other side r is clipped too, but the minimum takes r A. So one edge counts, whose side is A's:

        counts[i] = [advantage[i] >= 0] [r[i] <= 1 + clip] + [advantage[i] < 0] [r[i] >= 1 - clip]         (1)
        edge[i] = 1 + clip where advantage[i] >= 0, 1 - clip elsewhere           (2)
        l = -sum_i (counts[i] r[i] + (1 - counts[i]) edge[i]) advantage[i] / N   (3)

    Where r counts its derivative is r; the edge is a constant. On the edge itself either is right.

        J_log_p[ | a] = -counts[a] r[a] advantage[a] / N
        glog_p[a] = gl J_log_p[ | a]                                             (4)

    (1) asks of logarithms, before exp, so that exp only sees what counts: where A >= 0 that is at most log(1 + clip), and
    where A < 0 and exp overflows, the loss is infinite indeed.

    Hints:
    1. For a positive advantage, where does the minimum take the clipped ratio, and where for a negative one?
    2. The gradient is that of r A, or nothing. Find where the clipped side is the smaller one: it is one edge for each sign
       of A, not both.
    3. glog_p[a] = -gl r[a] A[a] / N, but 0 where A >= 0 and r > 1 + clip, and where A < 0 and r < 1 - clip.
    """
    change = log_p - log_p_old
    counts = np.where(advantage < 0, change >= np.log1p(-clip), change <= np.log1p(clip))  # (1)
    r = np.exp(np.where(counts, change, 0))
    edge = 1 + np.copysign(clip, advantage)  # (2)

    def grad(gl):
        return -gl * counts * r * advantage / len(r)  # (4)

    return -(np.where(counts, r, edge) * advantage).mean(), grad  # (3)


def mixture_of_experts(x: NDArray, w_gate: NDArray, w: NDArray, k: int) -> tuple[NDArray, Callable]:
    """y[n] = sum over the chosen experts e of p[n,e] (x[n] w[e]), shapes (N, D), (D, E), (E, D, M) -> (N, M).

    An expert is chosen where fewer than k have a larger gate. p is 0 for all others, so they can be left in all sums.

        gate[n,e] = sum_d x[n,d] w_gate[d,e]                                     (1)
        chosen[n,e] = [sum_f [gate[n,f] > gate[n,e]] < k]                        (2)
        p[n,e] = chosen[n,e] exp(gate[n,e]) / sum_f (chosen[n,f] exp(gate[n,f]))             (3)
        o[n,e,m] = sum_d x[n,d] w[e,d,m]                                         (4)
        y[n,m] = sum_e p[n,e] o[n,e,m]                                           (5)

    Who is chosen does not change when an input changes a little: chosen is a constant. What is left is a softmax, which
    weighs, and linear maps. As in attention, y moves with gate[e] by p[e] (o[e] - y).

        J_w[n,m | e,d,c] = [m = c] p[n,e] x[n,d]
        J_w_gate[n,m | d,e] = x[n,d] p[n,e] (o[n,e,m] - y[n,m])
        J_x[n,m | a,d] = [n = a] sum_e p[n,e] (w[e,d,m] + w_gate[d,e] (o[n,e,m] - y[n,m]))

    An expert that was not chosen has p = 0, so it gets no gradient, and neither does its gate.

        gp[n,e] = sum_m gy[n,m] o[n,e,m]                                         (6)
        ggate[n,e] = p[n,e] (gp[n,e] - sum_f p[n,f] gp[n,f])                     (7)
        gw[e,d,c] = sum_n p[n,e] x[n,d] gy[n,c]                                  (8)
        gw_gate[d,e] = sum_n x[n,d] ggate[n,e]                                   (9)
        gx[a,d] = sum_e ggate[a,e] w_gate[d,e] + sum_e p[a,e] sum_m gy[a,m] w[e,d,m]         (10)

    Hints:
    1. On how many paths does x reach y? And what does a gate do to y, if it is not among the k largest?
    2. Take the choice for a constant, and all gates that are not chosen for minus infinity. Then it is a softmax of gates,
       and a sum of linear maps that it weighs. The gates' gradient is that of the softmax.
    3. With ggate = p (gp - sum(p gp)), gp[n,e] = gy[n] . (x[n] w[e]): gw_gate = x^T ggate, gw[e] = (p[:,e] x)^T gy, and
       gx = ggate w_gate^T + the sum over e of p[:,e] (gy w[e]^T).
    """
    gate = x @ w_gate  # (1)
    chosen = gate >= np.sort(gate, axis=1)[:, -k, None]  # (2)
    p = np.exp(np.where(chosen, gate - gate.max(axis=1, keepdims=True), -np.inf))
    p /= p.sum(axis=1, keepdims=True)  # (3)
    o = x @ w  # (4), an expert first
    weight = p.T[:, :, None]

    def grad(gy):
        gp = (gy * o).sum(axis=2).T  # (6)
        ggate = p * (gp - (p * gp).sum(axis=1, keepdims=True))  # (7)
        gw = (weight * x).swapaxes(1, 2) @ gy  # (8)
        gw_gate = x.T @ ggate  # (9)
        gx = ggate @ w_gate.T + (weight * (gy @ w.swapaxes(1, 2))).sum(axis=0)  # (10)
        return gx, gw_gate, gw

    return (weight * o).sum(axis=0), grad  # (5)


def matrix_products(x: NDArray) -> tuple[NDArray, Callable]:
    """y[t] = x[0] @ ... @ x[t], all prefixes of a product, shape (T, N, N) -> (T, N, N).

    Each prefix is the one before it, times one matrix more. x[s] stands in y[t] from t = s on, between what is before it
    and what comes after, up to t. For three matrices:

    For x (3, N, N):

        y[t,i,j] = x[0,i,j] where t = 0, sum_k y[t - 1,i,k] x[t,k,j] elsewhere   (1)
        before[s,i,a] = [i = a] where s = 0, y[s - 1,i,a] elsewhere
        after[s,t,b,j] = [t = s] [b = j] + [t = s + 1] x[t,b,j] + [t = s + 2] sum_k x[s + 1,b,k] x[t,k,j]
        J_x[t,i,j | s,a,b] = [s <= t] before[s,i,a] after[s,t,b,j]

    What y[s] sends on, through all later prefixes, is its whole gradient; it is collected from the end, where each step
    takes one matrix more, from the right.

        u[s,i,b] = sum_t [s <= t] sum_j gy[t,i,j] after[s,t,b,j]
                 = gy[s,i,b] + [s < 2] sum_t [s < t] sum_j sum_k gy[t,i,j] after[s + 1,t,k,j] x[s + 1,b,k]
        gx[s,a,b] = sum_i before[s,i,a] u[s,i,b]

    In matrices:

        u = gy, and then, from the end, u[s] += u[s+1] x[s+1]^T                  (2)
        gx[0] is u[0], and for the others gx[s] is y[s-1]^T u[s]                 (3)

    y[s-1] is there already. It could be had from y[s] by the inverse of x[s], but that need not exist.

    Hints:
    1. Which prefixes contain x[s], and what stands to its left and to its right in them?
    2. Treat it as a recurrence: y[t] is a product of two matrices, y[t-1] and x[t]. Go from the end, and let each prefix
       have the gradient of its own and that which the next prefix sends back.
    3. With u[s] = gy[s] + u[s+1] x[s+1]^T from the end: gx[s] = y[s-1]^T u[s], and gx[0] = u[0].
    """
    y = np.array(x)
    for t in range(1, len(x)):
        y[t] = y[t - 1] @ x[t]  # (1)

    def grad(gy):
        gx = np.array(gy)
        for s in reversed(range(len(x) - 1)):
            gx[s] += gx[s + 1] @ x[s + 1].T  # (2)
        gx[1:] = y[:-1].swapaxes(1, 2) @ gx[1:]  # (3)
        return gx

    return y, grad


def _rows(array: NDArray) -> NDArray:
    """All leading axes in one."""
    return array.reshape(-1, array.shape[-1])
