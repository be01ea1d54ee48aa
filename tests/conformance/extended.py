# SPDX-License-Identifier: BSD-3-Clause
"""Scalers, principal axes and linear models with 64 bits of mantissa: what the answer to a problem is where two programs
in double precision differ. Householder's QR with columns scaled and exchanged and rows sorted by size keeps the digits
of every row and column, however far their scales are apart (Cox and Higham 1998), and one-sided Jacobi those of every
singular value; nothing is squared. What is said to be the optimum of a Lasso fulfils its conditions.
"""
import numpy as np

LONG = np.longdouble
EPS = np.finfo(LONG).eps
assert EPS < 1e-18, "this machine's long double is no wider than double"


def long(values):
    return np.asarray(values, dtype=LONG)


def means(X, weight):
    """Weighted; those of a constant column are its value."""
    mean = weight @ X / weight.sum()
    constant = np.ptp(X, axis=0) == 0
    mean[constant] = X[0, constant]
    return mean


class Triangle:
    """A = Q R of the columns `place`, scaled by powers of two; of A, `rank` columns are independent to the last digits."""

    def __init__(self, A, b):
        lengths = np.sqrt((A**2).sum(axis=0))
        self.scale = long([LONG(2) ** -int(np.frexp(v)[1]) if v > 0 else 0 for v in lengths])
        A = A * self.scale
        order = np.argsort(-np.abs(A).max(axis=1), kind="stable")
        A, b = A[order], long(b)[order]
        self.place, self.rank = np.arange(A.shape[1]), 0
        least = 64 * EPS * np.sqrt(LONG(max(A.shape)))
        for k in range(min(A.shape)):
            lengths = np.sqrt((A[k:, k:] ** 2).sum(axis=0))
            j = k + int(np.argmax(lengths))
            if not lengths.max() > least:
                break
            A[:, [k, j]], self.place[[k, j]] = A[:, [j, k]], self.place[[j, k]]
            v = A[k:, k].copy()
            v[0] += np.copysign(np.sqrt(v @ v), v[0])
            v /= np.sqrt(v @ v)
            A[k:, k:] -= 2 * np.outer(v, v @ A[k:, k:])
            b[k:] -= 2 * v * (v @ b[k:])
            self.rank += 1
        r = self.rank
        self.R, self.beyond, self.b = np.triu(A[:r, :r]), A[:r, r:], b[:r]

    def solve(self, force=None):
        """argmin |A x - b|^2 - 2 force'x, zero in columns that follow from others."""
        b, x = self.b.copy(), np.zeros(len(self.place), dtype=LONG)
        if force is not None:
            f = (force * self.scale)[self.place[: self.rank]]
            for k in range(self.rank):
                f[k] = (f[k] - self.R[:k, k] @ f[:k]) / self.R[k, k]
            b += f
        for k in range(self.rank - 1, -1, -1):
            b[k] = (b[k] - self.R[k, k + 1:] @ b[k + 1:]) / self.R[k, k]
        x[self.place[: self.rank]] = b
        return x * self.scale

    def spectrum(self):
        """(s, V, U'b) of A, s descending."""
        d = len(self.place)
        B = np.zeros((self.rank, d), dtype=LONG)
        B[:, self.place] = np.hstack([self.R, self.beyond])
        with np.errstate(divide="ignore"):
            B = B * np.where(self.scale > 0, 1 / self.scale, 0)
        V = np.eye(d, dtype=LONG)
        for _ in range(60):
            turned = False
            for p in range(d - 1):
                for q in range(p + 1, d):
                    a, c, g = B[:, p] @ B[:, p], B[:, q] @ B[:, q], B[:, p] @ B[:, q]
                    if not abs(g) > 4 * EPS * np.sqrt(a * c) or min(a, c) < EPS * EPS * 1e-6 * max(a, c):
                        continue
                    turned = True
                    t = (c - a) / (2 * g)
                    t = np.copysign(1, t) / (abs(t) + np.sqrt(1 + t * t))
                    cs = 1 / np.sqrt(1 + t * t)
                    for M in (B, V):
                        M[:, p], M[:, q] = cs * M[:, p] - cs * t * M[:, q], cs * t * M[:, p] + cs * M[:, q]
            if not turned:
                break
        s = np.sqrt((B**2).sum(axis=0))
        order = np.argsort(-s, kind="stable")
        s, V, B = s[order], V[:, order], B[:, order]
        uy = long([B[:, k] @ self.b / s[k] if s[k] > 0 else 0 for k in range(d)])
        return s, V, uy


# ---- steps: f(X, weight) gives what transforms rows --------------------------------------------

def standard(X, weight):
    mean = means(X, weight)
    var = weight @ (X - mean) ** 2 / weight.sum()
    n, eps = LONG(len(X)), np.finfo(float).eps
    constant = var <= n * eps * var + (n * mean * eps) ** 2  # scikit-learn's rule
    scale = np.where(constant, 1, np.sqrt(var))
    return lambda rows: (rows - mean) / scale


def min_max(X, weight):
    low, span = X.min(axis=0), np.ptp(X, axis=0)
    return lambda rows: (rows - low) / np.where(span == 0, 1, span)


def max_abs(X, weight):
    largest = np.abs(X).max(axis=0)
    return lambda rows: rows / np.where(largest == 0, 1, largest)


def axes(count, centre):
    def fit(X, weight):
        mean = means(X, weight) if centre else np.zeros(X.shape[1], dtype=LONG)
        V = Triangle(np.sqrt(weight)[:, None] * (X - mean), np.zeros(len(X))).spectrum()[1]
        return lambda rows: (rows - mean) @ V[:, :count]

    return fit


# ---- models: f(X, y, weight, start) gives (coef, intercept) ------------------------------------

def centred(X, y, weight, intercept, rng=None):
    zero = np.zeros(X.shape[1], dtype=LONG)
    x_mean, y_mean = (means(X, weight), weight @ y / weight.sum()) if intercept else (zero, LONG(0))
    root = np.sqrt(weight)
    A = root[:, None] * (X - x_mean)
    if rng is not None:  # as a program sees them that takes means out in double precision
        A = A * (1 + 2.0**-52 * rng.choice([-1, 1], A.shape))
    return A, root * (y - y_mean), x_mean, y_mean


def least_squares(tol=1e-6, intercept=True):
    def fit(X, y, weight, start, rng=None):
        A, b, x_mean, y_mean = centred(X, y, weight, intercept, rng)
        s, V, uy = Triangle(A, b).spectrum()
        kept = s > max(LONG(tol), 2.0**-52) * s[0]
        coef = V[:, kept] @ (uy[kept] / s[kept])
        return coef, y_mean - x_mean @ coef

    return fit


def ridge(alpha, intercept=True):
    def fit(X, y, weight, start, rng=None):
        A, b, x_mean, y_mean = centred(X, y, weight, intercept, rng)
        d = A.shape[1]
        below = np.sqrt(LONG(alpha)) * np.eye(d, dtype=LONG)
        coef = Triangle(np.vstack([A, below]), np.concatenate([b, np.zeros(d, dtype=LONG)])).solve()
        return coef, y_mean - x_mean @ coef

    return fit


def objective(X, y, weight, coef, l1, l2):
    """Of the best intercept."""
    A, b, _, _ = centred(long(X), long(y), long(weight), True)
    r = b - A @ long(coef)
    return r @ r / (2 * long(weight).sum()) + l1 * np.abs(coef).sum() + l2 * (long(coef) ** 2).sum() / 2


def penalised(l1, l2=0.0):
    """From any solution that has the optimum's signs; None where it has not, or where there are many optima."""

    def fit(X, y, weight, start, rng=None):
        A, b, x_mean, y_mean = centred(X, y, weight, True, rng)
        total, sign = weight.sum(), np.sign(start)
        on = np.flatnonzero(sign)
        coef = np.zeros(len(start), dtype=LONG)
        if len(on):
            below = np.sqrt(total * LONG(l2)) * np.eye(len(on), dtype=LONG)
            triangle = Triangle(np.vstack([A[:, on], below]), np.concatenate([b, np.zeros(len(on), dtype=LONG)]))
            if triangle.rank < len(on):
                return None
            coef[on] = triangle.solve(-total * LONG(l1) * sign[on])
        along = A.T @ (b - A @ coef) / total
        is_optimal = np.all(np.sign(coef) == sign) and np.all(np.abs(along[sign == 0]) <= LONG(l1) * (1 + 1e-12))
        if not is_optimal:
            return None
        # What may be in the support of some optimum: if those columns are independent, there is one optimum.
        may = np.abs(along) >= LONG(l1) * (1 - 1e-9)
        if l2 == 0 and Triangle(A[:, may], b).rank < np.count_nonzero(may):
            return None
        return coef, y_mean - x_mean @ coef

    return fit


def fit(steps, model, X, y, weight=None, starts=(None,), rng=None):
    """(coef, intercept, function that transforms rows), or None; rows of weight zero are left out. With `rng` centred rows
    are changed by a unit in the last place of a double."""
    X, y = long(X), long(y)
    weight = np.ones(len(y), dtype=LONG) if weight is None else long(weight)
    X, y, weight = X[weight > 0], y[weight > 0], weight[weight > 0]
    fitted, Z = [], X
    for step in steps:
        fitted.append(step(Z, weight))
        Z = fitted[-1](Z)

    def transform(rows):
        rows = long(rows)
        for f in fitted:
            rows = f(rows)
        return rows

    for start in starts:
        found = model(Z, y, weight, start, rng)
        if found is not None:
            return found[0], found[1], transform
    return None


def perturbed(values, rng):
    """Each number changed by at most one unit in its last place; equal ones alike, so that what is constant, twice or
    dependent with coefficients of one stays so."""
    distinct, which = np.unique(values, return_inverse=True)
    return (distinct * (1 + 2.0**-52 * rng.choice([-1, 1], len(distinct))))[which].reshape(values.shape)
