"""A running service as a vector store of LangChain, and so as a retriever.

from shelflens.langchain import ProductStore
retriever = ProductStore().as_retriever(search_kwargs={"k": 5, "filter": {"price": {"lte": 50}}})
"""

import uuid
from collections.abc import Iterable, Sequence
from typing import Any, Self

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore

from serving.api.schemas.products import ProductOut
from serving.client import Client
from serving.client.errors import RequestFailed
from serving.client.fields import ProductFields

# Of a document's metadata; all others are attributes of the product.
FIELDS = ProductFields.__annotations__.keys() - {"title", "description", "images", "variants"}
OFFER = ("brand", "price", "currency", "link", "availability", "product_type")


class ProductStore(VectorStore):
    """Each document is a stored product: its text the title, then the description on the next lines. The service embeds
    texts and queries itself, so it takes no `Embeddings`.

    Methods raise what those of `Client` do.
    """

    def __init__(self, client: Client | None = None) -> None:
        """client: by default of the service on this machine, with the key in SHELFLENS_API_KEY."""
        self.client = client or Client()

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> list[str]:
        """metadatas: fields of a product (brand, price, …), and attributes under any other name."""
        listed = list(texts)
        names = ids or [uuid.uuid4().hex for _ in listed]
        given: list[dict[str, Any]] = metadatas or [{} for _ in listed]
        for id, text, metadata in zip(names, listed, given, strict=True):
            title, _, description = text.partition("\n")
            fields: Any = {name: value for name, value in metadata.items() if name in FIELDS}
            attributes = {name: value for name, value in metadata.items() if name not in FIELDS and name != "id"}
            self.client.put_product(id, title=title, description=description, attributes=attributes, **fields)
        return list(names)

    def similarity_search(self, query: str, k: int = 4, **options: Any) -> list[Document]:
        """options: as of `Client.search`, such as filter and include_unavailable."""
        return [document for document, _ in self.similarity_search_with_score(query, k, **options)]

    def similarity_search_with_score(self, query: str, k: int = 4, **options: Any) -> list[tuple[Document, float]]:
        """With the similarity of each, 0 to 1, the best first. Products that are unlike the query are left out."""
        found = self.client.search(query, limit=k, **options)
        return [(as_document(product), product.score) for product in found.results]

    def _select_relevance_score_fn(self) -> Any:
        return float

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """Those that are stored."""
        found = []
        for id in ids:
            try:
                found.append(as_document(self.client.get_product(id)))
            except RequestFailed as error:
                if error.code != "product_not_found":
                    raise
        return found

    def delete(self, ids: list[str] | None = None, **_: Any) -> bool:
        """Whether all were stored. Raises ValueError without ids: nothing deletes a whole catalogue by an omission."""
        if ids is None:
            raise ValueError("Name the ids to delete.")
        there = [document.id for document in self.get_by_ids(ids)]
        for id in there:
            self.client.delete_product(str(id))
        return len(there) == len(set(ids))

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings | None = None,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        client: Client | None = None,
        **_: Any,
    ) -> Self:
        """embedding: not used, as the service has its own."""
        store = cls(client)
        store.add_texts(texts, metadatas, ids=ids)
        return store


def as_document(product: ProductOut) -> Document:
    """metadata: what is known of the product, without what is not."""
    category = product.understanding.category
    known: dict[str, Any] = {name: getattr(product, name) for name in OFFER}
    known |= {"category": " > ".join(category.path) if category else "", "decision": product.understanding.decision}
    known |= {name: value.value for name, value in product.understanding.attributes.items()} | product.attributes
    return Document(
        "\n".join(filter(None, (product.title, product.description))),
        id=product.id,
        metadata={name: value for name, value in known.items() if value not in (None, "", [])},
    )
