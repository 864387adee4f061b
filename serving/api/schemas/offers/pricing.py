"""What a product may cost: answers of /v1/price, of a stored product, and of an analysis."""

from typing import Annotated

from pydantic import BaseModel, Field

from catalog.pricing import Reason, Suggestion
from serving.api.schemas.schema import rounded

Coverage = Annotated[
    float, Field(ge=0.5, le=0.99, description="The least probability with which the interval holds the price.")
]
CENTS = 2


class ComparableOut(BaseModel):
    """A stored product with a price in the same currency."""

    id: str
    title: str
    price: float
    similarity: Annotated[float, Field(ge=0, le=1, description="The cosine of both embeddings.")]


class PriceOut(BaseModel):
    """What the product may cost, by the prices of stored products like it. low, median, high: null for a `reason`."""

    currency: str
    coverage: float
    low: float | None
    median: float | None
    high: float | None
    reason: Annotated[
        Reason,
        Field(
            description="Why there is no price: `too_few_comparables`: fewer than five stored products in this currency"
            " are like it; `too_few_priced`: too few of them have prices for this coverage; `nothing_readable`:"
            " nothing of the product can be read."
        ),
    ]
    comparables: Annotated[list[ComparableOut], Field(description="At most 20, the nearest first.")]
    calibrated_on: Annotated[int, Field(description="How many stored prices the coverage was measured on.")]


def to_price(found: Suggestion) -> PriceOut:
    ends = found.interval._asdict() if found.interval else dict.fromkeys(("low", "median", "high"))
    return PriceOut(
        currency=found.currency,
        coverage=found.coverage,
        **{name: None if price is None else round(price, CENTS) for name, price in ends.items()},
        reason=found.reason,
        comparables=[
            ComparableOut(**one._asdict() | {"similarity": rounded(one.similarity)}) for one in found.comparables
        ],
        calibrated_on=found.calibrated_on,
    )
