"""The tools: each is an operation of the service's client, with fewer options and a shorter answer.

Without `write` no tool changes anything. Images are files of one folder. An error is the service's own, with its code.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import wraps
from pathlib import Path
from typing import Any, Literal

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from pydantic import BaseModel

import catalog
from catalog.errors import CatalogError
from catalog.images import ImageReader
from serving.client import AsyncClient
from serving.client.errors import RequestFailed

INSTRUCTIONS = """A product catalogue of a shop. Search it in plain words, with a filter such as
{"category": "aa-8", "price": {"lte": 50}, "brand": "Acme"}. A category, tag or attribute that an answer lacks is
not known: do not guess it. decision "review" means that a person has not yet confirmed the category."""
READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
WRITES = ToolAnnotations(read_only_hint=False, idempotent_hint=True, open_world_hint=False)
# Of what a tool answers: a vector says nothing to who reads, and takes most of the space.
LEFT_OUT = {"embedding"}

Answer = dict[str, Any]
Tool = Callable[..., Awaitable[BaseModel | None]]


def mcp_server(
    connect: Callable[[], AbstractAsyncContextManager[AsyncClient]], images: Path, write: bool = False
) -> MCPServer:
    """connect: opens the client, for as long as the server runs. images: the folder that image paths start from and
    stay in.
    """
    tools = Tools(ImageReader(images))

    @asynccontextmanager
    async def lifespan(_: MCPServer) -> AsyncIterator[None]:
        async with connect() as tools.client:
            yield

    server = MCPServer("shelflens", version=catalog.__version__, instructions=INSTRUCTIONS, lifespan=lifespan)
    reads: tuple[Tool, ...] = (tools.understand, tools.search, tools.similar, tools.get_product, tools.overview)
    writes: tuple[Tool, ...] = (tools.store_product, tools.delete_product, tools.judge_finding)
    for tool in (*reads, tools.audit_findings):
        server.tool(annotations=READS)(told(tool))
    for tool in writes if write else ():
        server.tool(annotations=WRITES)(told(tool))
    return server


def told(tool: Tool) -> Callable[..., Awaitable[Answer]]:
    """The tool with its answer as JSON, and its error as the protocol wants it: in words, with the code."""

    @wraps(tool)
    async def answered(*args: Any, **options: Any) -> Answer:
        try:
            answer = await tool(*args, **options)
        except CatalogError as error:
            raise ToolError(f"{error.message} [{error.code}]") from None
        return without(answer.model_dump(mode="json", exclude_none=True)) if answer else {}

    answered.__annotations__["return"] = Answer
    return answered


def without(value: Any) -> Any:
    """The same without what is `LEFT_OUT`, at any depth."""
    if isinstance(value, dict):
        return {name: without(inner) for name, inner in value.items() if name not in LEFT_OUT}
    return [without(inner) for inner in value] if isinstance(value, list) else value


class Tools:
    """Their docstrings are what an assistant reads of them."""

    client: AsyncClient

    def __init__(self, images: ImageReader) -> None:
        self._images = images

    async def understand(self, title: str = "", description: str = "", images: Sequence[str] = ()) -> BaseModel:
        """What a product is, by its title, description and images (paths): category, tags and attributes with their
        scores. Nothing is stored.
        """
        read = [self._images.read(path) for path in images]
        answer = await self.client.analyze([{"title": title, "description": description, "images": read}])
        result = answer.results[0]
        if result.error:
            raise RequestFailed(result.error.message, code=result.error.code)
        return result

    async def search(
        self,
        text: str = "",
        image: str = "",
        filter: dict[str, Any] | None = None,
        limit: int = 10,
        offset: int = 0,
        sort: Literal["", "newest", "price_asc", "price_desc"] = "",
    ) -> BaseModel:
        """Stored products by words, by an image (path), or both; the best first unless sorted."""
        shown = self._images.read(image) if image else None
        return await self.client.search(
            text or None, image=shown, filter=filter, limit=limit, offset=offset, sort=sort or None
        )

    async def similar(self, id: str, limit: int = 10) -> BaseModel:
        """Stored products like a stored one."""
        return await self.client.similar(id, limit=limit)

    async def get_product(self, id: str) -> BaseModel:
        """A stored product with all that is known of it."""
        return await self.client.get_product(id)

    async def overview(self) -> BaseModel:
        """How many products are stored, by department and by how sure their category is."""
        return await self.client.overview()

    async def audit_findings(self, code: str = "", product: str = "", limit: int = 20) -> BaseModel:
        """What the last audit found wrong and nobody has judged yet, the gravest first: listed twice, contradictions,
        missing values with a proposal. code: of one kind; product: an id.
        """
        return await self.client.findings(code=code or None, product=product or None, limit=limit)

    async def store_product(
        self,
        id: str,
        title: str,
        description: str = "",
        brand: str = "",
        price: float | None = None,
        currency: str = "",
        images: Sequence[str] = (),
        attributes: dict[str, str] | None = None,
    ) -> BaseModel:
        """Store a product under its id, in the place of one that has it."""
        return await self.client.put_product(
            id,
            title=title,
            description=description or None,
            brand=brand or None,
            price=price,
            currency=currency or None,
            images=[self._images.read(path) for path in images],
            attributes=attributes,
        )

    async def delete_product(self, id: str) -> None:
        """Take a stored product out."""
        await self.client.delete_product(id)

    async def judge_finding(
        self, id: str, verdict: Literal["accepted", "corrected", "dismissed"], value: str = ""
    ) -> BaseModel:
        """Say that a finding of the audit is so, is so with another value, or is no fault."""
        if verdict == "accepted":
            return await self.client.accept_finding(id)
        if verdict == "dismissed":
            return await self.client.dismiss_finding(id)
        return await self.client.correct_finding(id, value)
