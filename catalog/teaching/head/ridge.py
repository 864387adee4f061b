"""Ridge regression of class indicators, with exact held-out scores: a classifier that is fitted in closed form.

Of a linear smoother, what it would say of a row had it never seen the row's group follows from one fit (Allen's PRESS,
1974, for single rows): no fold is fitted again. So every figure of a taught model, its thresholds included, is measured
on all of its rows, each unseen.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from catalog.arrays import Floats

Ints = NDArray[np.int64]
Doubles = NDArray[np.float64]
BLOCK = 2_048


class Fit(NamedTuple):
    """weight_FC: a row x_F scores x_F @ weight_FC. held_out_NC: what each row scores in a fit without its group."""

    weight_FC: Floats
    held_out_NC: Floats


class Design:
    """The rows of a regression, for any penalty.

    x_NF: features; groups_N: rows of one group are left out together; weight_N: of the rows, such as one over their
    class's count.
    """

    def __init__(self, x_NF: Floats, groups_N: Ints, weight_N: Floats) -> None:
        self._root_N1 = np.sqrt(weight_N / weight_N.mean())[:, None]
        self._x_NF = x_NF * self._root_N1
        self._gram_FF = products(self._x_NF, self._x_NF)
        self._groups = list(by_size(groups_N))

    def fit(self, target_NC: Floats, penalty: float) -> Fit:
        """target_NC: what the regression is to give, such as 1 for a row's class and 0 for any other."""
        y_NC = target_NC * self._root_N1
        # The inner products of these rows are H: how much of its scores each row decides.
        turn_FF = np.linalg.inv(np.linalg.cholesky(self._gram_FF + penalty * np.eye(len(self._gram_FF)))).T
        weight_FC = np.asarray(turn_FF @ (turn_FF.T @ products(self._x_NF, y_NC)), np.float32)
        residual_NC = y_NC - self._x_NF @ weight_FC
        turned_NF = self._x_NF @ turn_FF.astype(np.float32)
        held_out_NC = np.empty_like(residual_NC)
        for rows_XG in self._groups:
            left_out_XGC = left_out(turned_NF[rows_XG].astype(np.float64), residual_NC[rows_XG])
            held_out_NC[rows_XG] = y_NC[rows_XG] - left_out_XGC
        return Fit(weight_FC, held_out_NC / self._root_N1)


def products(one_NF: Floats, other_NC: Floats) -> Doubles:
    """(F, C): the sums over the rows, in double precision over blocks of them."""
    total_FC = np.zeros((one_NF.shape[1], other_NC.shape[1]))
    for start in range(0, len(one_NF), BLOCK):
        total_FC += one_NF[start : start + BLOCK].T @ other_NC[start : start + BLOCK]
    return total_FC


def left_out(turned_XGF: Doubles, residual_XGC: Floats) -> Doubles:
    """The residuals of X groups' rows by fits without them: (1 - H)^-1 of those with them. Of more rows than features,
    by Woodbury's identity.
    """
    turned_XFG = turned_XGF.transpose(0, 2, 1)
    rows, features = turned_XGF.shape[1:]
    if rows <= features:
        return np.asarray(np.linalg.solve(np.eye(rows) - turned_XGF @ turned_XFG, residual_XGC))
    rest_XFF = np.eye(features) - turned_XFG @ turned_XGF
    return np.asarray(residual_XGC + turned_XGF @ np.linalg.solve(rest_XFF, turned_XFG @ residual_XGC))


def by_size(groups_N: Ints) -> Iterator[Ints]:
    """(X, G) rows of X groups with G rows each; at most about BLOCK rows together."""
    order_N = np.argsort(groups_N, kind="stable")
    _, first = np.unique(groups_N[order_N], return_index=True)
    groups = np.split(order_N, first[1:])
    for size in sorted(set(map(len, groups))):
        alike = np.stack([group for group in groups if len(group) == size])
        step = max(BLOCK // size, 1)
        yield from (alike[start : start + step] for start in range(0, len(alike), step))
