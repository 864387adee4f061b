"""What passes between processes: in which portions, in which pieces, and what a failure of it means."""

import asyncio
import pickle
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from starlette.types import Message

from serving.deployments.remote import ReplicaLost, of_transport
from serving.error_responses import to_response
from serving.errors import MessageTooLarge, ModelFailed
from serving.middleware.pieces import PIECE, in_pieces
from serving.portions import portions
from tests.support.services import free_port

LIMIT = 1_000_000


def test_portions_keep_the_order_and_have_a_size() -> None:
    sizes = [4, 4, 4, 20, 1, 9, 1]
    assert list(portions(sizes, lambda size: size, limit=10)) == [[4, 4], [4], [20], [1, 9], [1]]
    assert list(portions([], len)) == []


async def failing(ask: Callable[[grpc.aio.UnaryUnaryMultiCallable], Any], answers: bytes = b"") -> Exception:
    """What an error means that a real server of gRPC, or a real client, answered with."""

    async def handle(request: bytes, _: object) -> bytes:
        if request == b"fail":
            raise ValueError(request)
        return answers

    server = grpc.aio.server(options=[("grpc.max_receive_message_length", LIMIT)])
    methods = {"ask": grpc.unary_unary_rpc_method_handler(handle)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test", methods),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(
            f"127.0.0.1:{port}", options=[("grpc.max_receive_message_length", LIMIT)]
        ) as channel:
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await ask(channel.unary_unary("/test/ask"))
            return of_transport(raised.value)
    finally:
        await server.stop(0)


@pytest.mark.parametrize(("request_bytes", "answer_bytes"), [(LIMIT + 1, 1), (1, LIMIT + 1)])
def test_what_is_too_large_is_no_lost_replica(request_bytes: int, answer_bytes: int) -> None:
    error = asyncio.run(failing(lambda method: method(bytes(request_bytes)), bytes(answer_bytes)))
    assert isinstance(error, MessageTooLarge)
    status, headers, body = to_response(error)
    assert (status, body.error.code, headers) == (413, "message_too_large", {})
    assert "Try again" not in body.error.message


def test_a_failure_of_the_other_side_is_no_lost_replica() -> None:
    assert isinstance(asyncio.run(failing(lambda method: method(b"fail"))), ModelFailed)


def test_who_does_not_listen_is_a_lost_replica() -> None:
    async def ask() -> Exception:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{free_port()}") as channel:
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await channel.unary_unary("/test/ask")(b"")
            return of_transport(raised.value)

    assert isinstance(asyncio.run(ask()), ReplicaLost)


def test_a_large_answer_waits_until_it_is_taken() -> None:
    """As Ray Serve takes it: it never makes the application wait, and pickles all that came meanwhile."""
    body = bytes(range(256)) * 20_000  # five pieces

    async def run() -> tuple[list[int], bytes]:
        queue: list[Message] = []

        async def put(message: Message) -> None:
            queue.append(message)

        sending = asyncio.create_task(send_all(in_pieces(put)))
        waiting, arrived = list[int](), b""
        while not sending.done() or queue:
            await asyncio.sleep(0)
            taken, queue[:] = pickle.loads(pickle.dumps(queue)), []
            waiting += [sum(len(message.get("body", b"")) for message in taken)]
            arrived += b"".join(message.get("body", b"") for message in taken)
        await sending
        return waiting, arrived

    async def send_all(send: Callable[[Message], Any]) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b"end", "more_body": False})

    waiting, arrived = asyncio.run(run())
    assert arrived == body + b"end"
    assert max(waiting) <= PIECE


def test_a_small_answer_does_not_wait() -> None:
    sent: list[Message] = []

    async def put(message: Message) -> None:
        sent.append(message)

    message: Message = {"type": "http.response.body", "body": b"whole"}
    asyncio.run(in_pieces(put)(message))  # type: ignore[arg-type]
    assert sent == [message]
