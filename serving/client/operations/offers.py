"""Operations for selling: prices, drafts and forecasts."""

from collections.abc import Mapping, Sequence
from typing import Unpack

from serving.api.schemas.offers.demand import DemandResponse
from serving.api.schemas.offers.drafts import ChannelName, DraftOut, Language
from serving.api.schemas.offers.pricing import PriceOut
from serving.client.asking import Asking
from serving.client.fields import ItemFields, given, with_uris
from serving.client.operations.products import product
from serving.client.steps import Steps, operation


class OfferOperations(Asking):
    @operation
    def suggest_price(
        self,
        *,
        currency: str | None = None,
        product_type: str | None = None,
        coverage: float | None = None,
        **fields: Unpack[ItemFields],
    ) -> Steps[PriceOut]:
        """What a product may cost, by stored products like it. coverage: the least probability, 0.5 to 0.99, with which
        the interval holds the price. id: a stored product of this id is not compared with.
        """
        options = given(currency=currency, product_type=product_type, coverage=coverage)
        return self._ask(PriceOut, "POST", "/v1/price", json=with_uris(fields) | options)

    @operation
    def get_product_price(self, id: str, *, coverage: float | None = None) -> Steps[PriceOut]:
        """What a stored product may cost, its own price left out."""
        return self._ask(PriceOut, "GET", f"{product(id)}/price", query=given(coverage=coverage))

    @operation
    def write_draft(
        self,
        *,
        channel: ChannelName | None = None,
        language: Language | None = None,
        brand: str | None = None,
        product_type: str | None = None,
        style: bool | None = None,
        **fields: Unpack[ItemFields],
    ) -> Steps[DraftOut]:
        """What a listing of a product may say within a channel's limits, each word with its source. style: have the
        description written by a tuned model or an endpoint, if the service has one.
        """
        options = given(channel=channel, language=language, brand=brand, product_type=product_type, style=style)
        return self._ask(DraftOut, "POST", "/v1/drafts", json=with_uris(fields) | options)

    @operation
    def write_product_draft(
        self,
        id: str,
        *,
        channel: ChannelName | None = None,
        language: Language | None = None,
        style: bool | None = None,
    ) -> Steps[DraftOut]:
        """The same for a stored product."""
        options = given(channel=channel, language=language, style=style)
        return self._ask(DraftOut, "POST", f"{product(id)}/draft", json=options)

    @operation
    def forecast_demand(
        self,
        histories: Mapping[str, Sequence[float]],
        *,
        horizon: int | None = None,
        coverage: float | None = None,
        lead_time_weeks: float | None = None,
        service_level: float | None = None,
    ) -> Steps[DemandResponse]:
        """Weekly sales ahead. histories: by product the units of each week, the oldest first; a stored product without
        any is forecast from those that are nearest to it.
        """
        options = given(
            horizon=horizon, coverage=coverage, lead_time_weeks=lead_time_weeks, service_level=service_level
        )
        rows = [{"id": id, "sales": list(sales)} for id, sales in histories.items()]
        return self._ask(DemandResponse, "POST", "/v1/demand", json={"histories": rows, **options})
