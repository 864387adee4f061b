"""Products to be priced or written of, stored or not."""

from typing import Annotated

from pydantic import Field

from catalog.product import Product
from serving.api.schemas.analyze import Item
from serving.api.schemas.offers.drafts import DraftOptions
from serving.api.schemas.offers.pricing import Coverage
from serving.api.schemas.products import Currency, ProductType, Short


class PriceRequest(Item):
    """A product, stored or not. `id`: a stored product of this id is not compared with."""

    currency: Annotated[Currency, Field(description="ISO 4217. By default the one that the most products have.")] = ""
    product_type: Annotated[ProductType, Field(description="Products of your own category are compared first.")] = ""
    coverage: Coverage = 0.9


class DraftRequest(DraftOptions, Item):
    """A product that is not stored. What the model says of it counts where it is accepted unseen (`auto`)."""

    brand: Short = ""
    product_type: ProductType = ""

    def to_listed(self) -> Product:
        """As the merchant gave it, without images."""
        attributes = {name: tuple(values) for name, values in self.attributes.items()}
        return Product(
            self.id,
            self.title,
            self.description,
            brand=self.brand,
            product_type=self.product_type,
            attributes=attributes,
        )
