"""From a client of httpx to the application under test, with no network between."""

import asyncio

import httpx
from fastapi.testclient import TestClient


class Through(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """The test client's application, which runs in that client's own event loop. Keeps the requests it passed on."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.passed: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.passed.append(request)
        answer = self.client.request(
            request.method, str(request.url), content=request.read(), headers=request.headers.multi_items()
        )
        headers = [(name, value) for name, value in answer.headers.multi_items() if name != "content-encoding"]
        return httpx.Response(answer.status_code, headers=headers, content=answer.content)  # decoded already

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        return await asyncio.to_thread(self.handle_request, request)
