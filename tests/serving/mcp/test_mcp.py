"""The catalogue as tools, asked by the official client of the protocol."""

import asyncio
import shutil
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from serving.client import AsyncClient
from serving.mcp.embedded import embedded
from serving.mcp.server import mcp_server
from serving.settings.schema import Settings
from tests.support.malformed.images import encode, speckled
from tests.support.tiny import tiny_onnx_folder

READING = ["understand", "search", "similar", "get_product", "overview", "audit_findings"]
WRITING = ["store_product", "delete_product", "judge_finding"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_onnx_folder(tmp_path_factory.mktemp("mcp") / "model")


def connecting(model: Path, folder: Path) -> Callable[[], AbstractAsyncContextManager[AsyncClient]]:
    return partial(embedded, Settings(model=model, index=str(folder / "index"), batch_wait_seconds=0.001))


def asked(model: Path, folder: Path, session: Callable[[Client], Awaitable[None]], write: bool = True) -> None:
    async def run() -> None:
        async with Client(mcp_server(connecting(model, folder), folder, write)) as client:
            await session(client)

    asyncio.run(run())


async def answer(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    assert isinstance(result.structured_content, dict)
    return result.structured_content


async def error(client: Client, tool: str, **arguments: Any) -> str:
    result = await client.call_tool(tool, arguments)
    assert result.is_error
    return str(getattr(result.content[0], "text", ""))


def test_a_catalogue_is_filled_searched_and_corrected(model: Path, tmp_path: Path) -> None:
    (tmp_path / "shoe.png").write_bytes(encode(speckled(40, 40), "PNG"))

    async def session(client: Client) -> None:
        said = await answer(client, "understand", title="red shoe", images=["shoe.png"])
        assert said["modalities_used"] == ["image", "text"]
        for number in (1, 2):
            await answer(
                client, "store_product", id=str(number), title=f"red shoe {number}", price=12.5, currency="EUR"
            )
        found = await answer(client, "search", text="red shoe", filter={"price": {"lte": 20}})
        assert {one["id"] for one in found["results"]} == {"1", "2"}
        assert [one["id"] for one in (await answer(client, "similar", id="1"))["results"]] == ["2"]
        assert (await answer(client, "get_product", id="1"))["title"] == "red shoe 1"
        assert (await answer(client, "overview"))["products"] == 2
        assert (await answer(client, "audit_findings"))["findings"] == []
        await answer(client, "delete_product", id="1")
        assert "[product_not_found]" in await error(client, "get_product", id="1")

    asked(model, tmp_path, session)


def test_what_is_wrong_is_told_with_its_code(model: Path, tmp_path: Path) -> None:
    async def session(client: Client) -> None:
        assert "[image_not_found]" in await error(client, "understand", images=["none.png"])
        assert "[image_outside_root]" in await error(client, "understand", images=["../../etc/passwd"])
        assert "[product_empty]" in await error(client, "understand")
        assert "[filter_invalid]" in await error(client, "search", text="shoe", filter={"no": "such"})
        assert "limit" in await error(client, "search", text="shoe", limit=1000)
        assert "[finding_not_found]" in await error(client, "judge_finding", id="0" * 16, verdict="dismissed")

    asked(model, tmp_path, session)


def test_nothing_is_changed_unless_it_is_allowed(model: Path, tmp_path: Path) -> None:
    async def session(client: Client) -> None:
        tools = (await client.list_tools()).tools
        assert [tool.name for tool in tools] == READING
        assert all(tool.annotations and tool.annotations.read_only_hint for tool in tools)
        assert await error(client, "store_product", id="1", title="x")

    asked(model, tmp_path, session, write=False)


@pytest.mark.slow
def test_the_command_speaks_on_standard_input_and_output(model: Path, tmp_path: Path) -> None:
    command = ["-m", "shelflens", "mcp", "--write", "--model", str(model), "--index", str(tmp_path / "index")]
    python = shutil.which(sys.executable)
    assert python

    async def run() -> None:
        async with Client(StdioServerParameters(command=python, args=command, cwd=str(Path.cwd()))) as client:
            assert [tool.name for tool in (await client.list_tools()).tools] == READING + WRITING
            await answer(client, "store_product", id="1", title="red shoe")
            assert (await answer(client, "search", text="shoe"))["results"][0]["id"] == "1"

    asyncio.run(run())
