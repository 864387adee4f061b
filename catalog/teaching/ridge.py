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
BLOCK = 2_048


class Fit(NamedTuple):
    """weight_FC: a row x_F scores x_F @ weight_FC. held_out_NC: what each row scores in a fit without its group."""

    weight_FC: Floats
    held_out_NC: Floats


class Design:
    """The rows of a regression, decomposed once for every penalty.

    x_NF: features; groups_N: rows of one group are left out together; weight_N: of the rows, such as one over their
    class's count.
    """

    def __init__(self, x_NF: Floats, groups_N: Ints, weight_N: Floats) -> None:
        self._root_N1 = np.sqrt(weight_N / weight_N.mean())[:, None]
        self._x_NF = (x_NF * self._root_N1).astype(np.float64)
        power_F, self._axes_FF = np.linalg.eigh(self._x_NF.T @ self._x_NF)
        self._power_F = np.maximum(power_F, 0)
        self._turned_NF = self._x_NF @ self._axes_FF
        self._groups = list(by_size(groups_N))

    def fit(self, target_NC: Floats, penalty: float) -> Fit:
        """target_NC: what the regression is to give, such as 1 for a row's class and 0 for any other."""
        y_NC = target_NC * self._root_N1
        shrunk_F = 1 / (self._power_F + penalty)
        weight_FC = self._axes_FF @ (shrunk_F[:, None] * (self._turned_NF.T @ y_NC))
        residual_NC = y_NC - self._x_NF @ weight_FC
        left_out_NC = np.empty_like(residual_NC)
        for rows_XG in self._groups:
            left_out_NC[rows_XG] = self._left_out(rows_XG, residual_NC[rows_XG], shrunk_F)
        held_out_NC = (y_NC - left_out_NC) / self._root_N1
        return Fit(weight_FC.astype(np.float32), held_out_NC.astype(np.float32))

    def _left_out(self, rows_XG: Ints, residual_XGC: Floats, shrunk_F: Floats) -> Floats:
        """The residuals of X groups' rows by fits without them: (1 - H)^-1 of those with them, H being how much a group
        decides of its own scores. Of more rows than features, by Woodbury's identity.
        """
        own_XGF = self._turned_NF[rows_XG]
        turned_XFG = own_XGF.transpose(0, 2, 1)
        if rows_XG.shape[1] <= own_XGF.shape[2]:
            own_XGG = (own_XGF * shrunk_F) @ turned_XFG
            return np.linalg.solve(np.eye(rows_XG.shape[1]) - own_XGG, residual_XGC)
        rest_XFF = np.diag(1 / shrunk_F) - turned_XFG @ own_XGF
        return residual_XGC + own_XGF @ np.linalg.solve(rest_XFF, turned_XFG @ residual_XGC)


def by_size(groups_N: Ints) -> Iterator[Ints]:
    """(X, G) rows of X groups with G rows each; at most about BLOCK rows together."""
    order_N = np.argsort(groups_N, kind="stable")
    _, first = np.unique(groups_N[order_N], return_index=True)
    groups = np.split(order_N, first[1:])
    for size in sorted(set(map(len, groups))):
        alike = np.stack([group for group in groups if len(group) == size])
        step = max(BLOCK // size, 1)
        yield from (alike[start : start + step] for start in range(0, len(alike), step))
