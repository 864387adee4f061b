"""The deployment that answers HTTP and holds the model: a request reaches the model without leaving the process."""

import asyncio
from pathlib import Path
from socket import socket
from typing import Any

import uvicorn
from ray.serve.handle import DeploymentHandle
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.api.app import build_app
from serving.api.services import Services
from serving.deployments.listener import shared_socket
from serving.deployments.model import ModelReplica
from serving.deployments.preflight import check_messages
from serving.deployments.remote import RemoteBackend, remote_jobs, remote_store
from serving.inference.models import Models
from serving.middleware.header_timeout import HeaderTimeoutProtocol
from serving.middleware.stack import joined_middlewares
from serving.settings.schema import Settings

KEEP_ALIVE_SECONDS = 60
# For clients to come back on other connections. Whoever is idle for so long opens another one anyway.
DRAIN_SECONDS = 1.0
LOOK_SECONDS = 0.02


class JoinedGateway(ModelReplica):
    """A copy of the model behind the routes. Jobs ask it as they ask a `ModelReplica`."""

    async def __init__(  # type: ignore[misc]
        self,
        settings: Settings,
        listener: Path,
        shadow: DeploymentHandle[Any] | None,
        index: DeploymentHandle[Any],
        jobs: DeploymentHandle[Any],
    ) -> None:
        """Awaited by Serve. listener: the path of a `Listener`. Raises ConfigInvalid, ServiceNotStarted."""
        check_messages(settings)
        super().__init__(settings, settings.model, index)
        models = Models(self, RemoteBackend(shadow) if shadow else None)
        services = Services(models, remote_store(index), remote_jobs(jobs))
        app = build_app(services, settings, joined_middlewares(settings))
        HeaderTimeoutProtocol.header_timeout = settings.header_timeout_seconds
        self.server = HttpServer(app, shared_socket(listener))
        await self.server.start()

    async def __del__(self) -> None:
        """Awaited by Serve when it stops the replica."""
        await self.server.close()


class HttpServer:
    """uvicorn in the running event loop, on a socket from which other processes may take connections, too."""

    def __init__(self, app: ASGIApp, listening: socket) -> None:
        self._app = app
        self._listening = listening
        self._closing = False
        self._uvicorn = uvicorn.Server(
            uvicorn.Config(
                self._answer,
                interface="asgi3",
                http=HeaderTimeoutProtocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
            )
        )

    async def start(self) -> None:
        self._serving = asyncio.create_task(self._uvicorn.serve(sockets=[self._listening]))
        while not self._uvicorn.started:
            await asyncio.sleep(LOOK_SECONDS)

    async def close(self) -> None:
        """Take no further connection, and end each with its next answer. Idle ones end after DRAIN_SECONDS."""
        for server in self._uvicorn.servers:
            server.close()
        self._closing = True
        deadline = asyncio.get_running_loop().time() + DRAIN_SECONDS
        while self._uvicorn.server_state.connections and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(LOOK_SECONDS)
        self._uvicorn.should_exit = True
        await self._serving

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def last(message: Message) -> None:
            if message["type"] == "http.response.start" and self._closing:
                message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
            await send(message)

        await self._app(scope, receive, last)
