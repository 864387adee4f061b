"""Forecasts of many products together: by their own histories, or by those of the others."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from catalog.arrays import Floats
from catalog.demand.cold import Neighbour, from_neighbours, neighbours_of
from catalog.demand.forecast import ENOUGH, Forecast, forecast
from catalog.demand.methods import Doubles
from catalog.demand.stock import Stock, stock

Reason = Literal["", "not_stored", "no_neighbours"]


class History(NamedTuple):
    """sales_T: units a week, the oldest first; each history of a file ends with the file's last week."""

    id: str
    sales_T: Doubles


class Terms(NamedTuple):
    """What is asked of each: weeks ahead, the share of weeks that an interval holds; see `stock` for the others."""

    horizon: int = 4
    coverage: float = 0.8
    lead_weeks: float = 2.0
    service_level: float = 0.95


class Outlook(NamedTuple):
    """forecast, stock: None for a `reason`: a new product that is not stored, or that has no others to be like.
    neighbours: of a cold start, the nearest first.
    """

    id: str
    forecast: Forecast | None
    stock: Stock | None
    neighbours: tuple[Neighbour, ...] = ()
    reason: Reason = ""


def needs_neighbours(histories: Sequence[History]) -> bool:
    return any(len(one.sales_T) < ENOUGH for one in histories)


def outlooks(histories: Sequence[History], embeddings: Mapping[str, Floats], terms: Terms) -> list[Outlook]:
    """embeddings: (E,) of stored products by id, which only short histories need."""
    known = {one.id: one.sales_T for one in histories if len(one.sales_T) >= ENOUGH}
    return [_outlook(one, known, embeddings, terms) for one in histories]


def _outlook(one: History, known: Mapping[str, Doubles], embeddings: Mapping[str, Floats], terms: Terms) -> Outlook:
    near: list[Neighbour] = []
    if len(one.sales_T) >= ENOUGH:
        found = forecast(one.sales_T, terms.horizon, terms.coverage)
    elif one.id not in embeddings:
        return Outlook(one.id, None, None, reason="not_stored")
    else:
        near = neighbours_of(embeddings[one.id], {id: embeddings[id] for id in known if id in embeddings})
        if not near:
            return Outlook(one.id, None, None, reason="no_neighbours")
        found = from_neighbours(near, known, terms.horizon, terms.coverage)
    return Outlook(one.id, found, stock(found, terms.lead_weeks, terms.service_level), tuple(near))
