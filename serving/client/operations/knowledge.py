"""Questions about products, documents beside them, and the graph of what is known."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from catalog.knowledge import Scope
from serving.api.schemas.knowledge.ask import AskResponse
from serving.api.schemas.knowledge.graph import DocumentOut, DocumentsResponse, EdgesResponse, ProductKnowledge
from serving.client.asking import Asking, segment
from serving.client.fields import given, read_file
from serving.client.steps import Request, Steps, operation


class KnowledgeOperations(Asking):
    @operation
    def ask(
        self,
        question: str,
        *,
        product_id: str | None = None,
        filter: Mapping[str, Any] | None = None,
        reword: bool | None = None,
    ) -> Steps[AskResponse]:
        """What answers a question about a product, by default about the whole catalogue: word for word, or nothing.
        filter: as of `search`, of the whole catalogue. reword: also have the first answer in a sentence, if the service
        has an endpoint for that.
        """
        path = "/v1/ask" if product_id is None else f"/v1/products/{segment(product_id)}/ask"
        body = {"question": question} | given(filter=filter, reword=reword)
        return self._ask(AskResponse, "POST", path, json=body)

    @operation
    def add_document(
        self,
        file: bytes | str | os.PathLike[str],
        *,
        name: str | None = None,
        scope: Scope | None = None,
        target: str | None = None,
    ) -> Steps[DocumentOut]:
        """Keep a document (Markdown, HTML, plain text, PDF) whose sentences answer questions. name: of the file, which
        bytes need. scope, target: what it is about, by default the whole shop. Raises FileNotReadable, too.
        """
        content = file if isinstance(file, bytes) else read_file(file)
        query: dict[str, Any] = {"name": name or ("" if isinstance(file, bytes) else Path(file).name)}
        query |= given(scope=scope, target=target)
        headers = {"Content-Type": "application/octet-stream"}
        return self._ask(DocumentOut, "POST", "/v1/documents", query=query, content=content, headers=headers)

    @operation
    def documents(self, *, after: int | None = None, limit: int | None = None) -> Steps[DocumentsResponse]:
        """The documents, in the order in which they came. after: from the page before."""
        return self._ask(DocumentsResponse, "GET", "/v1/documents", query=given(after=after, limit=limit))

    @operation
    def delete_document(self, id: int) -> Steps[None]:
        """Its sentences answer no question any more."""
        yield from self._send(Request("DELETE", f"/v1/documents/{id}", repeatable=False))

    @operation
    def knowledge(
        self,
        *,
        subject: str | None = None,
        predicate: str | None = None,
        object: str | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> Steps[EdgesResponse]:
        """Edges of the graph that fit a pattern, each with its evidence. after: from the page before, of which one may
        be empty while there are more.
        """
        query = given(subject=subject, predicate=predicate, object=object, after=after, limit=limit)
        return self._ask(EdgesResponse, "GET", "/v1/knowledge", query=query)

    @operation
    def product_knowledge(self, id: str) -> Steps[ProductKnowledge]:
        """All edges from a product, and the product as schema.org/Product."""
        return self._ask(ProductKnowledge, "GET", f"/v1/products/{segment(id)}/knowledge")
