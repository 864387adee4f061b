"""What is expected of a product without a history: what the products that are nearest to it sold lately."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from catalog.arrays import Floats
from catalog.demand.forecast import Forecast
from catalog.demand.methods import Doubles

# Chosen on the grocer's weeks 46 to 49 (benchmarks/demand.py --end 49), as the temperature is.
NEAREST = 40
TEMPERATURE = 0.3
RECENT = 13  # weeks


class Neighbour(NamedTuple):
    """similarity: the cosine of both embeddings."""

    id: str
    similarity: float


def neighbours_of(embedding: Floats, others: Mapping[str, Floats]) -> list[Neighbour]:
    """The nearest first. embedding: (E,); others: by id."""
    if not others:
        return []
    similarity_N = np.stack(list(others.values())) @ embedding
    order = np.argsort(-similarity_N, kind="stable")[:NEAREST]
    ids = list(others)
    return [Neighbour(ids[at], float(similarity_N[at])) for at in order]


def from_neighbours(
    neighbours: Sequence[Neighbour], histories: Mapping[str, Doubles], horizon: int, coverage: float = 0.8
) -> Forecast:
    """The weeks of the neighbours, each weighed by likeness, are the distribution of a week of the new product.

    neighbours: at least one, with a history each.
    """
    similarity_N = np.array([one.similarity for one in neighbours])
    weight_N = np.exp((similarity_N - similarity_N.max()) / TEMPERATURE)
    weeks = [histories[one.id][-RECENT:] for one in neighbours]
    sales_M = np.concatenate(weeks)
    weight_M = np.concatenate([np.full(len(each), w / len(each)) for each, w in zip(weeks, weight_N, strict=True)])
    weight_M /= weight_M.sum()
    mean = float(weight_M @ sales_M)
    spread = float(np.sqrt(weight_M @ (sales_M - mean) ** 2))
    shares = (0.5, (1 - coverage) / 2, (1 + coverage) / 2)
    median, low, high = (weighted_quantile(sales_M, weight_M, share) for share in shares)
    mean_H, median_H, low_H, high_H = (np.full(horizon, number) for number in (mean, median, low, high))
    return Forecast("nearest products", coverage, mean_H, median_H, low_H, high_H, spread, len(sales_M))


def weighted_quantile(value_N: Doubles, weight_N: Doubles, share: float) -> float:
    """weight_N: of sum 1."""
    order = np.argsort(value_N, kind="stable")
    at = int(np.searchsorted(np.cumsum(weight_N[order]), share - 1e-9))
    return float(value_N[order][min(at, len(order) - 1)])
