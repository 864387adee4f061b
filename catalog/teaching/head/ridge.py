"""Ridge regression of class indicators, with exact held-out scores: a classifier that is fitted in closed form.

Of a linear smoother, what it would say of a row had it never seen the row's group follows from one fit (Allen's PRESS,
1974, for single rows): no fold is fitted again. So every figure of a taught model, its thresholds included, is measured
on all of its rows, each unseen.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from catalog.arrays import Floats

Ints = NDArray[np.int64]
Doubles = NDArray[np.float64]
Numbers = TypeVar("Numbers", Floats, Doubles)
Rows = Callable[[Ints], tuple[Floats, Floats]]
BLOCK = 2_048
STRIP = 128


class Solution(NamedTuple):
    """votes_SC: inputs x_S score x_S @ votes_SC. turned_SF: the inner products of the rows' inputs times it are H: how
    much of its scores each row decides.
    """

    votes_SC: Floats
    turned_SF: Floats


class Design:
    """The rows of a regression, for any penalty.

    rows: numbers of rows -> their inputs (B, S), and what the regression is to give (B, C), such as 1 for a row's class
    and 0 for any other. They are asked for in blocks, again and again, as the inputs of all together may not fit in
    memory. whitened_SF: from inputs to the features whose weights are penalised; upper triangular. groups_N: rows of a
    group are left out together; weight_N: of the rows, such as one over their class's count.
    """

    def __init__(self, rows: Rows, whitened_SF: Floats, groups_N: Ints, weight_N: Floats) -> None:
        self._rows, self._whitened_SF, self._groups_N = rows, whitened_SF, groups_N
        self._root_N1 = np.sqrt(weight_N / weight_N.mean())[:, None]
        features, classes = whitened_SF.shape[1], rows(np.arange(1))[1].shape[1]
        self._gram_FF, self._moment_FC = np.zeros((features, features)), np.zeros((features, classes))
        for numbers in blocks(len(groups_N)):
            x_BS, y_BC = self._weighted(numbers)
            x_BF = times_upper(x_BS, whitened_SF)
            self._gram_FF += x_BF.T @ x_BF  # sums over blocks in double precision
            self._moment_FC += x_BF.T @ y_BC

    def _weighted(self, numbers: Ints) -> tuple[Floats, Floats]:
        x_BS, y_BC = self._rows(numbers)
        root_B1 = self._root_N1[numbers]
        return x_BS * root_B1, y_BC * root_B1

    def solve(self, penalty: float) -> Solution:
        lower_FF = np.linalg.cholesky(self._gram_FF + penalty * np.eye(len(self._gram_FF)))
        turn_FF = inverse(lower_FF).T
        turned_SF = times_upper(self._whitened_SF.astype(np.float64), turn_FF)
        votes_SC = turned_SF @ (turn_FF.T @ self._moment_FC)
        return Solution(votes_SC.astype(np.float32), turned_SF.astype(np.float32))

    def held_out(self, found: Solution) -> Floats:
        """(N, C): what each row scores in a fit without its group."""
        held_out_NC = np.empty((len(self._groups_N), found.votes_SC.shape[1]), np.float32)
        for rows_XG in by_size(self._groups_N):
            numbers = rows_XG.ravel()
            x_BS, y_BC = self._weighted(numbers)
            turned_XGF = times_upper(x_BS, found.turned_SF).reshape(*rows_XG.shape, -1)
            residual_XGC = (y_BC - x_BS @ found.votes_SC).reshape(*rows_XG.shape, -1)
            left_out_BC = left_out(turned_XGF.astype(np.float64), residual_XGC).reshape(y_BC.shape)
            held_out_NC[numbers] = (y_BC - left_out_BC) / self._root_N1[numbers]
        return held_out_NC


def blocks(count: int) -> Iterator[Ints]:
    """The numbers below `count`, at most BLOCK at a time."""
    for start in range(0, count, BLOCK):
        yield np.arange(start, min(start + BLOCK, count))


def inverse(lower_FF: NDArray[np.floating]) -> Doubles:
    """Of a lower triangular matrix, by halves."""
    half = len(lower_FF) // 2
    if len(lower_FF) <= STRIP:
        return np.asarray(np.linalg.inv(lower_FF), np.float64)
    found_FF = np.zeros(lower_FF.shape)
    found_FF[:half, :half], found_FF[half:, half:] = inverse(lower_FF[:half, :half]), inverse(lower_FF[half:, half:])
    found_FF[half:, :half] = -found_FF[half:, half:] @ (lower_FF[half:, :half] @ found_FF[:half, :half])
    return found_FF


def times_upper(x_BS: Numbers, upper_SF: Numbers) -> Numbers:
    """The product with an upper triangular matrix, of which most zeros are left out."""
    product_BF = np.empty((len(x_BS), upper_SF.shape[1]), x_BS.dtype)
    for start in range(0, upper_SF.shape[1], STRIP):
        end = start + STRIP
        product_BF[:, start:end] = x_BS[:, :end] @ upper_SF[:end, start:end]
    return product_BF


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
    _, first_X, size_X = np.unique(groups_N[order_N], return_index=True, return_counts=True)
    for size in np.unique(size_X).tolist():
        alike_XG = order_N[first_X[size_X == size][:, None] + np.arange(size)]
        step = max(BLOCK // size, 1)
        yield from (alike_XG[start : start + step] for start in range(0, len(alike_XG), step))
