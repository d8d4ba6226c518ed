"""Level 7: embeddings, and recurrent networks.

N batch size, T time steps, D features that go in, H features of a state. V words. Gates are H columns each of one matrix
product. ga is the gradient of what goes into tanh, or into the gates: what the weights see. Start with rnn_cell and rnn.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray


def embedding(w: NDArray, indices: NDArray) -> tuple[NDArray, Callable]:
    """y[i] = w[indices[i]], shapes (V, D), any shape of integers -> indices.shape + (D,).

    A word's row is looked up wherever the word stands. With i an index tuple of indices, all of y is made of rows of w:

        y[i,j] = w[indices[i],j]
        J_w[i,j | p,q] = [indices[i] = p] [j = q]
        gw[p,q] = sum_ij gy[i,j] [indices[i] = p] [j = q] = sum_i [indices[i] = p] gy[i,q]

    So row p gets the sum of what came back to all places of word p, and a word that is not there gets 0:

        start from zeros, and for each i add gy[i] to gw[indices[i]]             (1)

    It is what a one-hot matrix times w would give, without the matrix. np.add.at adds once for each index; gw[indices]
    += gy would add once for each word.

    Hints:
    1. If a word stands twice in a sentence, what is the gradient of its row? And that of a word that is not there?
    2. Start from zeros in the shape of w, and add up each place's gradient in its word's row. Does gw[indices] += gy do
       that?
    3. gw[p,q] = sum_i [indices[i] = p] gy[i,q], which np.add.at can accumulate.
    """

    def grad(gy):
        gw = np.zeros_like(w)
        np.add.at(gw, indices, gy)  # (1)
        return gw

    return w[indices], grad


def rnn_cell(x: NDArray, h: NDArray, wx: NDArray, wh: NDArray, b: NDArray) -> tuple[NDArray, Callable]:
    """y = tanh(x wx + h wh + b), shapes (N, D), (N, H), (D, H), (H, H), (1, H) -> (N, H).

        y[i,j] = tanh(sum_k x[i,k] wx[k,j] + sum_k h[i,k] wh[k,j] + b[0,j])

    The slope of tanh is 1 - tanh^2, and tanh is y. Call the argument a; then everything is affine's, with ga for gy:

        ga[i,j] = gy[i,j] (1 - y[i,j]^2)                                         (1)

    x and h stand in two affine maps that are added, so each has affine's Jacobian, times the slope:

        J_x[i,j | a,b] = [i = a] (1 - y[i,j]^2) wx[b,j]
        J_h[i,j | a,b] = [i = a] (1 - y[i,j]^2) wh[b,j]
        gx[a,b] = sum_j ga[a,j] wx[b,j]                                          (2)
        gh[a,b] = sum_j ga[a,j] wh[b,j]                                          (3)

    So do their weights. All rows of the batch use them, and add up:

        J_wx[i,j | p,q] = [j = q] (1 - y[i,j]^2) x[i,p]
        J_wh[i,j | p,q] = [j = q] (1 - y[i,j]^2) h[i,p]
        J_b[i,j | 0,q] = [j = q] (1 - y[i,j]^2)
        gwx[p,q] = sum_i x[i,p] ga[i,q]                                          (4)
        gwh[p,q] = sum_i h[i,p] ga[i,q]                                          (5)
        gb[0,q] = sum_i ga[i,q]                                                  (6)

    wh is square, so that both of its orders fit: only the sum over j says that gh takes the transpose.

    Hints:
    1. If a is what goes into tanh, what is the gradient of a, and what do you know of a as a function of x, h, wx, wh, b?
    2. tanh is elementwise, and its slope can be written in y. Behind it are two affine maps that are added: each gets
       the same upstream gradient.
    3. With ga = gy (1 - y^2): gx = ga wx^T, gh = ga wh^T, gwx = x^T ga, gwh = h^T ga, gb = sum of the rows of ga.
    """
    y = np.tanh(x @ wx + h @ wh + b)

    def grad(gy):
        ga = gy * (1 - y**2)  # (1)
        gx, gh = ga @ wx.T, ga @ wh.T  # (2), (3)
        return gx, gh, x.T @ ga, h.T @ ga, ga.sum(axis=0, keepdims=True)  # (4), (5), (6)

    return y, grad


def gru_cell(x: NDArray, h: NDArray, wx: NDArray, wh: NDArray, bx: NDArray, bh: NDArray) -> tuple[NDArray, Callable]:
    """y = (1 - z) n + z h, shapes (N, D), (N, H), (D, 3H), (H, 3H), (1, 3H), (1, 3H) -> (N, H).

    u and v are what comes from x and from h, for all gates at once, in the columns r z n:

        u[i,c] = sum_k x[i,k] wx[k,c] + bx[0,c]
        v[i,c] = sum_k h[i,k] wh[k,c] + bh[0,c]                                  (1)
        r[i,j] = 1 / (1 + exp(-u[i,j] - v[i,j]))
        z[i,j] = 1 / (1 + exp(-u[i,H + j] - v[i,H + j]))
        n[i,j] = tanh(u[i,2 H + j] + r[i,j] v[i,2 H + j])                        (2)
        y[i,j] = (1 - z[i,j]) n[i,j] + z[i,j] h[i,j]                             (3)

    y[i,j] depends on column j of each gate alone. Its slope along what goes into n, into z, and, through n, into r:

        dn[i,j] = (1 - z[i,j]) (1 - n[i,j]^2)                                    (4)
        dz[i,j] = (h[i,j] - n[i,j]) z[i,j] (1 - z[i,j])                          (5)
        dr[i,j] = dn[i,j] v[i,2 H + j] r[i,j] (1 - r[i,j])                       (6)

    r multiplies only what comes from h, so along column c of u, and of v, the slopes differ by that r:

        du[i,j,c] = [c = j] dr[i,j] + [c = H + j] dz[i,j] + [c = 2 H + j] dn[i,j]
        dv[i,j,c] = [c = j] dr[i,j] + [c = H + j] dz[i,j] + [c = 2 H + j] dn[i,j] r[i,j]   (7)

    u and v are affine. h is used once more, beside z:

        J_x[i,j | a,b] = [i = a] sum_c du[i,j,c] wx[b,c]
        J_h[i,j | a,b] = [i = a] ([j = b] z[i,j] + sum_c dv[i,j,c] wh[b,c])
        J_wx[i,j | p,c] = du[i,j,c] x[i,p]
        J_wh[i,j | p,c] = dv[i,j,c] h[i,p]
        J_bx[i,j | 0,c] = du[i,j,c]
        J_bh[i,j | 0,c] = dv[i,j,c]

    With gu = sum_j gy du and gv = sum_j gy dv, the gradients of u and of v, side by side as their columns are:

        gx[a,b] = sum_c sum_j gy[a,j] du[a,j,c] wx[b,c]                          (8)
        gh[a,b] = gy[a,b] z[a,b] + sum_c sum_j gy[a,j] dv[a,j,c] wh[b,c]         (9)
        gwx[p,c] = sum_i x[i,p] sum_j gy[i,j] du[i,j,c]                          (10)
        gwh[p,c] = sum_i h[i,p] sum_j gy[i,j] dv[i,j,c]                          (11)

    gbx and gbh are the sums of the rows of gu and of gv (12).

    Hints:
    1. On how many paths does h reach y? And r?
    2. Go back gate by gate: y gives n, z and h a gradient; n gives one to what comes from x, to r, and to what comes from
       h, times r. Put the gates' gradients side by side, once for x and once for h: the rest is affine's.
    3. With gn = gy (1 - z) (1 - n^2), gz = gy (h - n) z (1 - z), gr = gn (h wh_n + bh_n) r (1 - r):
       gu = [gr, gz, gn], gv = [gr, gz, gn r], gx = gu wx^T, gh = gy z + gv wh^T.
    """
    u, v = x @ wx + bx, h @ wh + bh  # (1)
    ru, zu, nu = np.split(u, 3, axis=1)
    rv, zv, nv = np.split(v, 3, axis=1)
    r, z = _sigmoid(ru + rv), _sigmoid(zu + zv)
    n = np.tanh(nu + r * nv)  # (2)

    def grad(gy):
        gn = gy * (1 - z) * (1 - n**2)  # (4)
        gz = gy * (h - n) * z * (1 - z)  # (5)
        gr = gn * nv * r * (1 - r)  # (6)
        gu, gv = np.hstack([gr, gz, gn]), np.hstack([gr, gz, gn * r])  # (7)
        gx, gh = gu @ wx.T, gy * z + gv @ wh.T  # (8), (9)
        gwx, gwh = x.T @ gu, h.T @ gv  # (10), (11)
        return gx, gh, gwx, gwh, gu.sum(axis=0, keepdims=True), gv.sum(axis=0, keepdims=True)  # (12)

    return (1 - z) * n + z * h, grad  # (3)


def lstm_cell(x: NDArray, h: NDArray, c: NDArray, wx: NDArray, wh: NDArray, b: NDArray) -> tuple[NDArray, Callable]:
    """y[1] = f c + i g, y[0] = o tanh(y[1]), shapes (N, D), (N, H), (N, H), (D, 4H), (H, 4H), (1, 4H) -> (2, N, H).

    u has the columns of i, f, g and o side by side:

        u[n,k] = sum_d x[n,d] wx[d,k] + sum_d h[n,d] wh[d,k] + b[0,k]            (1)
        i[n,j] = 1 / (1 + exp(-u[n,j]))
        f[n,j] = 1 / (1 + exp(-u[n,H + j]))
        g[n,j] = tanh(u[n,2 H + j])
        o[n,j] = 1 / (1 + exp(-u[n,3 H + j]))                                    (2)
        y[1,n,j] = f[n,j] c[n,j] + i[n,j] g[n,j]                                 (3)
        s[n,j] = tanh(y[1,n,j])
        y[0,n,j] = o[n,j] s[n,j]                                                 (4)

    Along column k of u, the slope of the new c is that of its four factors, and the new h has the slope e along the new c:

        dc[n,j,k] = [k = j] g[n,j] i[n,j] (1 - i[n,j]) + [k = H + j] c[n,j] f[n,j] (1 - f[n,j])
            + [k = 2 H + j] i[n,j] (1 - g[n,j]^2)
        e[n,j] = o[n,j] (1 - s[n,j]^2)
        dh[n,j,k] = e[n,j] dc[n,j,k] + [k = 3 H + j] s[n,j] o[n,j] (1 - o[n,j])
        du[t,n,j,k] = [t = 0] dh[n,j,k] + [t = 1] dc[n,j,k]

    u is affine, so

        J_x[t,n,j | m,a] = [n = m] sum_k du[t,n,j,k] wx[a,k]
        J_h[t,n,j | m,a] = [n = m] sum_k du[t,n,j,k] wh[a,k]
        J_c[t,n,j | m,a] = [n = m] [j = a] ([t = 0] e[n,j] + [t = 1]) f[n,j]
        J_wx[t,n,j | a,k] = du[t,n,j,k] x[n,a]
        J_wh[t,n,j | a,k] = du[t,n,j,k] h[n,a]
        J_b[t,n,j | 0,k] = du[t,n,j,k]

    Both halves of gy count. The new c gets gy[1], and through the new h what gy[0] sends back:

        p[n,j] = gy[1,n,j] + gy[0,n,j] e[n,j]                                    (5)
        gc[m,a] = p[m,a] f[m,a]                                                  (6)

    The gradient of u is p times dc, and of o's columns gy[0] s o (1 - o), side by side (7). Then as in affine:

        gu[n,k] = sum_tj gy[t,n,j] du[t,n,j,k]
        gx[m,a] = sum_k gu[m,k] wx[a,k]
        gh[m,a] = sum_k gu[m,k] wh[a,k]
        gwx[a,k] = sum_n x[n,a] gu[n,k]
        gwh[a,k] = sum_n h[n,a] gu[n,k]
        gb[0,k] = sum_n gu[n,k]                                                  (8)

    Hints:
    1. What uses the new c? And which two gradients does it get?
    2. First the gradient of the new c: gy[1], and what gy[0] sends through o tanh(c). Then that of each gate, of its
       product, times its slope. Side by side in the order i f g o, they go back as in affine.
    3. With s = tanh(y[1]) and p = gy[1] + gy[0] o (1 - s^2): gc = p f, and the gates' gradients are
       p g i (1 - i), p c f (1 - f), p i (1 - g^2), gy[0] s o (1 - o).
    """
    gates = _gates(x @ wx + h @ wh + b)  # (1), (2)
    new_h, new_c, s = _states(gates, c)  # (3), (4)

    def grad(gy):
        ga, gc = _lstm_back(gy[0], gy[1], gates, c, s)  # (5), (6), (7)
        return ga @ wx.T, ga @ wh.T, gc, x.T @ ga, h.T @ ga, ga.sum(axis=0, keepdims=True)  # (8)

    return np.stack([new_h, new_c]), grad


def rnn(x: NDArray, h: NDArray, wx: NDArray, wh: NDArray, b: NDArray) -> tuple[NDArray, Callable]:
    """y[t] = tanh(x[t] wx + y[t-1] wh + b), y[-1] = h, shapes (T, N, D), (N, H), (D, H), (H, H), (1, H) -> (T, N, H).

    x does not wait for the states: x wx + b is one product for all steps (1). Only the states need a loop (2), and each
    is used twice: it is handed out, and it goes into the next step. So on the way back it gets gradients from both:
    gy[t], and what step t + 1 sends back. After the last step there is none; before the first, what is sent back is gh.

        going back from the last t:  ga[t] = (gy[t] + sent) (1 - y[t]^2),  sent = ga[t] wh^T         (3)
        gh = sent, when step 0 has sent it                                       (4)

    All steps share the weights, so their gradients add up over time. Kept for all steps, ga is one affine map's
    gradient, with T N rows: x beside wx, the state before each step beside wh.

        gx = ga wx^T, gwx = x^T ga, gwh = before^T ga, gb = sum of ga            (5)

    What is that in derivatives? Three steps show all that there is. d is the slope of tanh, m one step's derivative of
    y[t,n,j] by y[t-1,n,k]; p is that by y[s,n,k] for any s: a product of a step's m for each step between.

    For x (3, N, D):

        y[t,n,j] = tanh(sum_k x[t,n,k] wx[k,j] + sum_k ([t = 0] h[n,k] + [t > 0] y[t - 1,n,k]) wh[k,j] + b[0,j])
        d[t,n,j] = 1 - y[t,n,j]^2
        m[t,n,j,k] = d[t,n,j] wh[k,j]
        p[t,s,n,j,k] = [t = s] [j = k] + [t = s + 1] m[t,n,j,k] + [t = s + 2] sum_l m[t,n,j,l] m[t - 1,n,l,k]
        J_x[t,n,j | s,i,a] = [n = i] sum_k p[t,s,n,j,k] d[s,n,k] wx[a,k]
        J_h[t,n,j | i,a] = [n = i] sum_k p[t,0,n,j,k] d[0,n,k] wh[a,k]
        J_wx[t,n,j | a,k] = sum_s p[t,s,n,j,k] d[s,n,k] x[s,n,a]
        J_wh[t,n,j | a,k] = sum_s p[t,s,n,j,k] d[s,n,k] ([s = 0] h[n,a] + [s > 0] y[s - 1,n,a])
        J_b[t,n,j | 0,k] = sum_s p[t,s,n,j,k] d[s,n,k]

    ga[s] is gy times p, over all t from s on, times d[s]. The loop (3) never makes p: it multiplies from the left.

        ga[s,n,k] = sum_tj gy[t,n,j] p[t,s,n,j,k] d[s,n,k]
        gx[s,n,a] = sum_k ga[s,n,k] wx[a,k]
        gh[n,a] = sum_k ga[0,n,k] wh[a,k]
        gwx[a,k] = sum_sn x[s,n,a] ga[s,n,k]
        gwh[a,k] = sum_sn ([s = 0] h[n,a] + [s > 0] y[s - 1,n,a]) ga[s,n,k]
        gb[0,k] = sum_sn ga[s,n,k]

    Hints:
    1. In which two places is y[t] used, if t is not the last step? And how often is wh used?
    2. Go back from the last step. Each state's gradient is gy[t] and what the next step sends back. Keep every step's
       gradient of what goes into tanh: the weights' gradients are products over all steps and rows at once.
    3. ga[t] = (gy[t] + ga[t+1] wh^T) (1 - y[t]^2), gh = ga[0] wh^T, and gwh = sum_t y[t-1]^T ga[t], y[-1] being h.
    """
    from_x = x @ wx + b  # (1)
    y, state = np.empty_like(from_x), h
    for t in range(len(x)):
        y[t] = state = np.tanh(from_x[t] + state @ wh)  # (2)

    def grad(gy):
        ga, sent = np.empty_like(y), np.zeros_like(h)
        for t in reversed(range(len(x))):
            ga[t] = (gy[t] + sent) * (1 - y[t] ** 2)
            sent = ga[t] @ wh.T  # (3)
        gwx, gwh, gb = _shared(x, h, y, ga)  # (5)
        return ga @ wx.T, sent, gwx, gwh, gb  # (4)

    return y, grad


def lstm(x: NDArray, h: NDArray, c: NDArray, wx: NDArray, wh: NDArray, b: NDArray) -> tuple[NDArray, Callable]:
    """y[t] is the h of lstm_cell after step t: (T, N, D), (N, H), (N, H), (D, 4H), (H, 4H), (1, 4H) -> (T, N, H).

    As in rnn, x wx + b is one product for all steps (1), and only the states need a loop (2). Two states go from step to
    step, so two gradients come back. h is handed out too: it gets gy[t], and what the next step sends back through wh.
    c is not: it gets what h = o tanh(c) sends back, and what the next step sends back through f.

        going back from the last t:  gh = gy[t] + sent, gc = sent_c + gh o (1 - tanh(c)^2),
        ga[t] the gates' gradients as in lstm_cell,  sent = ga[t] wh^T,  sent_c = gc f               (3)

    What is sent back in the end are the gradients of the first h and c (4). The weights are shared, so their gradients
    add up over all steps and rows, as in rnn (5).

    Two steps show all that there is. l[t] is the c before step t, q[t] the one after it, s its tanh.

    For x (2, N, D):

        u[t,n,k] = sum_d x[t,n,d] wx[d,k] + sum_d ([t = 0] h[n,d] + [t = 1] y[0,n,d]) wh[d,k] + b[0,k]
        i[t,n,j] = 1 / (1 + exp(-u[t,n,j]))
        f[t,n,j] = 1 / (1 + exp(-u[t,n,H + j]))
        g[t,n,j] = tanh(u[t,n,2 H + j])
        o[t,n,j] = 1 / (1 + exp(-u[t,n,3 H + j]))
        l[t,n,j] = [t = 0] c[n,j] + [t = 1] (f[0,n,j] c[n,j] + i[0,n,j] g[0,n,j])
        s[t,n,j] = tanh(f[t,n,j] l[t,n,j] + i[t,n,j] g[t,n,j])
        y[t,n,j] = o[t,n,j] s[t,n,j]

    Within a step: dc and dh are the slopes of the new c and of the new h along u, e that of the new h along the new c.

        dc[t,n,j,k] = [k = j] g[t,n,j] i[t,n,j] (1 - i[t,n,j]) + [k = H + j] l[t,n,j] f[t,n,j] (1 - f[t,n,j])
            + [k = 2 H + j] i[t,n,j] (1 - g[t,n,j]^2)
        e[t,n,j] = o[t,n,j] (1 - s[t,n,j]^2)
        dh[t,n,j,k] = e[t,n,j] dc[t,n,j,k] + [k = 3 H + j] s[t,n,j] o[t,n,j] (1 - o[t,n,j])

    From the first step to y[1] there are two paths, through c with the factor f, and through h with wh:

        du[t,r,n,j,k] = [t = r] dh[t,n,j,k]
            + [t = 1] [r = 0] (e[1,n,j] f[1,n,j] dc[0,n,j,k] + sum_a sum_b dh[1,n,j,b] wh[a,b] dh[0,n,a,k])
        J_x[t,n,j | r,m,a] = [n = m] sum_k du[t,r,n,j,k] wx[a,k]
        J_h[t,n,j | m,a] = [n = m] sum_k du[t,0,n,j,k] wh[a,k]
        J_c[t,n,j | m,a] = [n = m] f[0,n,a] ([t = 0] [j = a] e[0,n,a]
            + [t = 1] ([j = a] e[1,n,j] f[1,n,j] + e[0,n,a] sum_k dh[1,n,j,k] wh[a,k]))
        J_wx[t,n,j | a,k] = sum_r du[t,r,n,j,k] x[r,n,a]
        J_wh[t,n,j | a,k] = du[t,0,n,j,k] h[n,a] + du[t,1,n,j,k] y[0,n,a]
        J_b[t,n,j | 0,k] = sum_r du[t,r,n,j,k]

    Hints:
    1. Which of the two states is handed out, and on which ways does each of them reach the later steps?
    2. Go back from the last step with two gradients, of h and of c. h gets gy[t] besides; c gets something through h
       before it goes on through f. Keep the gates' gradients of all steps: the weights' gradients are one product each.
    3. gh = gy[t] + ga[t+1] wh^T, gc = gc_next f_next + gh o (1 - tanh(c)^2), and ga[t] from both as in lstm_cell.
    """
    from_x = x @ wx + b  # (1)
    y, steps, state = np.empty((*x.shape[:2], h.shape[1]), x.dtype), [], h
    cell = c
    for t in range(len(x)):
        gates = _gates(from_x[t] + state @ wh)
        state, new_cell, s = _states(gates, cell)  # (2)
        steps.append((gates, cell, s))
        y[t], cell = state, new_cell

    def grad(gy):
        ga, sent, sent_c = np.empty_like(from_x), np.zeros_like(h), np.zeros_like(c)
        for t in reversed(range(len(x))):
            ga[t], sent_c = _lstm_back(gy[t] + sent, sent_c, *steps[t])
            sent = ga[t] @ wh.T  # (3)
        gwx, gwh, gb = _shared(x, h, y, ga)  # (5)
        return ga @ wx.T, sent, sent_c, gwx, gwh, gb  # (4)

    return y, grad


def truncated_rnn(
    x: NDArray, h: NDArray, wx: NDArray, wh: NDArray, b: NDArray, window: int
) -> tuple[NDArray, Callable]:
    """y is rnn's, y[t] = tanh(x[t] wx + y[t-1] wh + b); backward, time is cut where t is a multiple of window, t > 0.

    The forward pass knows no window: x wx + b for all steps at once (1), then the loop (2). On the way back, a step at
    which a window begins sends nothing. So the state before it gets gy alone, as if it were the last one.

        going back from the last t:  ga[t] = (gy[t] + sent) (1 - y[t]^2)
        sent = ga[t] wh^T, or 0 where window divides t and t > 0                 (3)

    Step 0 begins a window too, but before it is no step, it is the input h: it does send, and that is gh (4). The weights
    see every step, also those at which a window begins, where wh multiplies the state before (5).

    For x (3, N, D), window = 2:

        y[t,n,j] = tanh(sum_k x[t,n,k] wx[k,j] + sum_k ([t = 0] h[n,k] + [t > 0] y[t - 1,n,k]) wh[k,j] + b[0,j])
        d[t,n,j] = 1 - y[t,n,j]^2
        p[t,s,n,j,k] = [t = s] [j = k] + [t = 1] [s = 0] d[t,n,j] wh[k,j]
        J_x[t,n,j | s,i,a] = [n = i] sum_k p[t,s,n,j,k] d[s,n,k] wx[a,k]
        J_h[t,n,j | i,a] = [n = i] sum_k p[t,0,n,j,k] d[0,n,k] wh[a,k]
        J_wx[t,n,j | a,k] = sum_s p[t,s,n,j,k] d[s,n,k] x[s,n,a]
        J_wh[t,n,j | a,k] = sum_s p[t,s,n,j,k] d[s,n,k] ([s = 0] h[n,a] + [s > 0] y[s - 1,n,a])
        J_b[t,n,j | 0,k] = sum_s p[t,s,n,j,k] d[s,n,k]
        ga[s,n,k] = sum_tj gy[t,n,j] p[t,s,n,j,k] d[s,n,k]
        gx[s,n,a] = sum_k ga[s,n,k] wx[a,k]
        gh[n,a] = sum_k ga[0,n,k] wh[a,k]
        gb[0,k] = sum_sn ga[s,n,k]

    Of rnn's p, what crosses from y[1] to y[2] is gone. Strictly this is no gradient of anything: y does depend on what
    was cut off. It is the price of a backward pass that is no longer than a window.

    Hints:
    1. Which step sends nothing back to the one before it? Is step 0 one of them?
    2. It is rnn's backward pass, with one more question after each step: does a window begin here? The forward pass, and
       the weights' gradients of that very step, do not ask.
    3. sent = ga[t] wh^T [t = 0 or window does not divide t], ga[t-1] = (gy[t-1] + sent) (1 - y[t-1]^2).
    """
    from_x = x @ wx + b  # (1)
    y, state = np.empty_like(from_x), h
    for t in range(len(x)):
        y[t] = state = np.tanh(from_x[t] + state @ wh)  # (2)

    def grad(gy):
        ga, sent = np.empty_like(y), np.zeros_like(h)
        for t in reversed(range(len(x))):
            ga[t] = (gy[t] + sent) * (1 - y[t] ** 2)
            sent = ga[t] @ wh.T if t % window or not t else np.zeros_like(h)  # (3)
        gwx, gwh, gb = _shared(x, h, y, ga)  # (5)
        return ga @ wx.T, sent, gwx, gwh, gb  # (4)

    return y, grad


def _sigmoid(x: NDArray) -> NDArray:
    """1 / (1 + exp(-x)), which is tanh moved and stretched, and does not overflow so."""
    return (1 + np.tanh(x / 2)) / 2


def _gates(u: NDArray) -> tuple[NDArray, ...]:
    """i, f, g and o, side by side in u before their functions."""
    size = u.shape[1] // 4
    i, f, g, o = u[:, :size], u[:, size : 2 * size], u[:, 2 * size : 3 * size], u[:, 3 * size :]
    return _sigmoid(i), _sigmoid(f), np.tanh(g), _sigmoid(o)


def _states(gates: tuple[NDArray, ...], c: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """The new h, the new c, and its tanh."""
    i, f, g, o = gates
    new_c = f * c + i * g
    s = np.tanh(new_c)
    return o * s, new_c, s


def _lstm_back(gh: NDArray, gc: NDArray, gates: tuple[NDArray, ...], c: NDArray, s: NDArray) -> tuple[NDArray, NDArray]:
    """The gradients of what goes into the gates, side by side, and of the c before, of those of the new h and the new c."""
    i, f, g, o = gates
    p = gc + gh * o * (1 - s**2)
    ga = np.hstack([p * g * i * (1 - i), p * c * f * (1 - f), p * i * (1 - g**2), gh * s * o * (1 - o)])
    return ga, p * f


def _shared(x: NDArray, h: NDArray, y: NDArray, ga: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """The gradients of wx, wh and b, which all steps and all rows share; ga (T, N, ...)."""
    before = np.concatenate([h[None], y[:-1]])
    gwx, gwh = (np.tensordot(v, ga, axes=([0, 1], [0, 1])) for v in (x, before))
    return gwx, gwh, ga.sum(axis=(0, 1))[None]
