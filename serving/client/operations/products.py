"""Operations on products: analyze, embed, search, store."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Unpack

from serving.api.schemas.analyze import AnalyzeResponse, Part
from serving.api.schemas.embeddings import EmbeddingsResponse
from serving.api.schemas.overview import OverviewResponse
from serving.api.schemas.products import ProductOut
from serving.api.schemas.search import ProductsResponse, SearchResponse
from serving.client.asking import Asking, segment
from serving.client.fields import EmbeddingFields, Image, ItemFields, ProductFields, data_uri, given, with_uris
from serving.client.steps import Request, Steps, operation


class ProductOperations(Asking):
    @operation
    def analyze(
        self,
        products: Iterable[ItemFields],
        *,
        top_k: int | None = None,
        include: Sequence[Part] | None = None,
        embedding_dimensions: int | None = None,
        currency: str | None = None,
    ) -> Steps[AnalyzeResponse]:
        """Analyze products. Nothing is stored. The result of a product that cannot be read has its error. currency: of
        the suggested price, if `include` asks for it.
        """
        items = [with_uris(product) for product in products]
        options = given(top_k=top_k, include=include, embedding_dimensions=embedding_dimensions, currency=currency)
        return self._ask(AnalyzeResponse, "POST", "/v1/products/analyze", json={"items": items, **options})

    @operation
    def embed(
        self,
        inputs: str | EmbeddingFields | Sequence[str | EmbeddingFields],
        *,
        dimensions: int | None = None,
        model: str | None = None,
    ) -> Steps[EmbeddingsResponse]:
        """A vector of norm 1 for each input."""
        listed = [inputs] if isinstance(inputs, str | dict) else inputs
        body = {"input": [one if isinstance(one, str) else with_uris(one) for one in listed]}
        options = given(dimensions=dimensions, model=model)
        return self._ask(EmbeddingsResponse, "POST", "/v1/embeddings", json=body | options)

    @operation
    def search(
        self,
        text: str | None = None,
        *,
        image: Image | None = None,
        product_id: str | None = None,
        weights: Mapping[str, float] | None = None,
        filter: Mapping[str, Any] | None = None,
        limit: int | None = None,
        offset: int | None = None,
        facets: Sequence[str] | None = None,
        collapse: bool | None = None,
        sort: str | None = None,
        floor: bool | None = None,
        include_unavailable: bool | None = None,
        include: Sequence[Literal["evidence"]] | None = None,
    ) -> Steps[SearchResponse]:
        """Stored products similar to a text, an image, a stored product, or several of them. The best are first, unless
        `sort` is "newest", "price_asc" or "price_desc".
        """
        body = given(
            text=text,
            image=None if image is None else data_uri(image),
            product_id=product_id,
            weights=weights,
            filter=filter,
            limit=limit,
            offset=offset,
            facets=facets,
            collapse=collapse,
            sort=sort,
            floor=floor,
            include_unavailable=include_unavailable,
            include=include,
        )
        return self._ask(SearchResponse, "POST", "/v1/search", json=body)

    @operation
    def list_products(
        self,
        *,
        filter: Mapping[str, Any] | None = None,
        sort: str | None = None,
        limit: int | None = None,
        offset: int | None = None,
        facets: Sequence[str] | None = None,
    ) -> Steps[ProductsResponse]:
        """Stored products, without a query. sort: "newest" (default), "price_asc" or "price_desc"."""
        text = None if filter is None else json.dumps(dict(filter))
        query = given(filter=text, sort=sort, limit=limit, offset=offset, facets=facets)
        return self._ask(ProductsResponse, "GET", "/v1/products", query=query)

    @operation
    def export(
        self,
        target: str | os.PathLike[str],
        *,
        format: Literal["parquet", "jsonl", "csv"] | None = None,
        embeddings: bool | None = None,
    ) -> Steps[None]:
        """All stored products as a file at `target`, which appears whole or not at all. format: "parquet" (default)
        and "jsonl" hold everything, for `shelflens index load`; "csv" is for a sheet. embeddings: by default not in
        "csv". Raises DiskFull and FileNotWritable, too.
        """
        query = given(format=format, embeddings=embeddings)
        yield from self._send(Request("GET", "/v1/export", query, target=Path(target)))

    @operation
    def overview(self) -> Steps[OverviewResponse]:
        """Counts of stored products by department and by decision, and the last feed."""
        return self._ask(OverviewResponse, "GET", "/v1/overview")

    @operation
    def similar(
        self,
        id: str,
        *,
        filter: Mapping[str, Any] | None = None,
        limit: int | None = None,
        offset: int | None = None,
        collapse: bool | None = None,
        floor: bool | None = None,
        include_unavailable: bool | None = None,
        include: Sequence[Literal["evidence"]] | None = None,
    ) -> Steps[SearchResponse]:
        """Stored products similar to a stored one, nearest first, without itself."""
        text = None if filter is None else json.dumps(dict(filter))
        query = given(
            filter=text,
            limit=limit,
            offset=offset,
            collapse=collapse,
            floor=floor,
            include_unavailable=include_unavailable,
            include=include,
        )
        return self._ask(SearchResponse, "GET", f"{product(id)}/similar", query=query)

    @operation
    def get_product(self, id: str, *, embedding: bool = False) -> Steps[ProductOut]:
        """A stored product and its understanding."""
        return self._ask(ProductOut, "GET", product(id), query={"include": "embedding"} if embedding else {})

    @operation
    def put_product(self, id: str, **fields: Unpack[ProductFields]) -> Steps[ProductOut]:
        """Store a product, or replace it."""
        return self._ask(ProductOut, "PUT", product(id), json=with_uris(fields))

    @operation
    def patch_product(self, id: str, **fields: Unpack[ProductFields]) -> Steps[ProductOut]:
        """Change some fields of a stored product. Images stay unless `images` is given."""
        return self._ask(ProductOut, "PATCH", product(id), json=with_uris(fields))

    @operation
    def delete_product(self, id: str, *, erase: bool = False) -> Steps[None]:
        """Delete a product. erase: also remove it from the service's disk, within minutes."""
        yield from self._send(Request("DELETE", product(id), {"erase": "true"} if erase else {}))

    @operation
    def image(self, id: str, n: int = 0) -> Steps[bytes]:
        """The stored thumbnail of a product's image `n`, counted from 0, as WebP."""
        return (yield from self._send(Request("GET", f"{product(id)}/image", {"n": n}))).content


def product(id: str) -> str:
    return f"/v1/products/{segment(id)}"
