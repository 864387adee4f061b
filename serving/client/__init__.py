"""A typed client of the HTTP API, synchronous and for asyncio.

    from serving.client import Client

    with Client("http://127.0.0.1:8000") as client:
        client.put_product("shirt-1", title="Red striped shirt", images=["shirt.jpg"], price=29.9, currency="EUR")
        for product in client.search(text="striped shirt").results:
            print(product.id, product.score)

`AsyncClient` has the same methods as coroutines. Results are the models of `serving.api.schemas`.
"""

from serving.client.clients import AsyncClient, Client
from serving.client.errors import ClientError, RequestFailed, ServiceTimeout, ServiceUnreachable
from serving.client.fields import EmbeddingFields, Image, ItemFields, ProductFields, VariantFields
from serving.client.steps import Retries

__all__ = [
    "AsyncClient",
    "Client",
    "ClientError",
    "EmbeddingFields",
    "Image",
    "ItemFields",
    "ProductFields",
    "RequestFailed",
    "Retries",
    "ServiceTimeout",
    "ServiceUnreachable",
    "VariantFields",
]
