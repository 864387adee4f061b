"""POST /v1/demand."""

from typing import Annotated

from pydantic import BaseModel, Field

from catalog.demand import Outlook, Reason
from serving.api.schemas.schema import Schema, rounded

MAX_HISTORIES, MAX_WEEKS = 512, 520
Units = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
DIGITS = 3


class HistoryIn(Schema):
    """What was sold of a product in each week, the oldest first, up to the last whole week."""

    id: Annotated[str, Field(min_length=1, max_length=256, description="Of a stored product, for a cold start.")]
    sales: Annotated[list[Units], Field(max_length=MAX_WEEKS, description="Units a week. Empty: it is new.")] = []


class DemandRequest(Schema):
    """Histories, and what is asked of each. Products with fewer than eight weeks are forecast from those of the others
    that are stored and nearest to them.
    """

    histories: Annotated[list[HistoryIn], Field(min_length=1, max_length=MAX_HISTORIES)]
    horizon: Annotated[int, Field(ge=1, le=26, description="Weeks ahead.")] = 4
    coverage: Annotated[float, Field(ge=0.5, le=0.95, description="The share of weeks that intervals hold.")] = 0.8
    lead_time_weeks: Annotated[float, Field(ge=0, le=52, description="From an order to its arrival.")] = 2.0
    service_level: Annotated[
        float, Field(ge=0.5, le=0.999, description="The probability not to run out meanwhile.")
    ] = 0.95


class NeighbourOut(BaseModel):
    id: str
    similarity: Annotated[float, Field(ge=-1, le=1, description="The cosine of both embeddings.")]


class DemandOut(BaseModel):
    """Of one product, units of each week ahead. mean: what is expected; median, low, high: quantiles. All are null for
    a `reason`. tested: on how many errors of the past, or weeks of neighbours, the interval rests.
    """

    id: str
    method: str | None
    mean: list[float] | None
    median: list[float] | None
    low: list[float] | None
    high: list[float] | None
    tested: int
    safety_stock: float | None
    reorder_point: float | None
    neighbours: Annotated[list[NeighbourOut], Field(description="Of a cold start, the nearest first.")]
    reason: Annotated[
        Reason,
        Field(
            description="Why there is no forecast: `not_stored`: it is new, and no stored product, so nothing is near"
            " it; `no_neighbours`: it is new, and no other product of the request is stored with a history."
        ),
    ] = ""


class DemandResponse(BaseModel):
    """coverage: of the intervals. forecasts: in the order of the request."""

    coverage: float
    forecasts: list[DemandOut]


def to_demand(told: Outlook) -> DemandOut:
    found, needed = told.forecast, told.stock
    quantiles: dict[str, list[float] | None] = dict.fromkeys(("mean", "median", "low", "high"))
    if found:
        quantiles = {name: [round(float(one), DIGITS) for one in getattr(found, f"{name}_H")] for name in quantiles}
    return DemandOut(
        id=told.id,
        method=found.method if found else None,
        tested=found.tested if found else 0,
        safety_stock=round(needed.safety_stock, DIGITS) if needed else None,
        reorder_point=round(needed.reorder_point, DIGITS) if needed else None,
        neighbours=[
            NeighbourOut(id=one.id, similarity=max(-1.0, min(1.0, rounded(one.similarity)))) for one in told.neighbours
        ],
        reason=told.reason,
        **quantiles,
    )
