"""Products to be priced or written of, stored or not."""

from typing import Annotated

from pydantic import Field

from serving.api.schemas.analyze import Item
from serving.api.schemas.offers.pricing import Coverage
from serving.api.schemas.products import Currency, ProductType


class PriceRequest(Item):
    """A product, stored or not. `id`: a stored product of this id is not compared with."""

    currency: Annotated[Currency, Field(description="ISO 4217. By default the one that the most products have.")] = ""
    product_type: Annotated[ProductType, Field(description="Products of your own category are compared first.")] = ""
    coverage: Coverage = 0.9
