"""Objects behind Serve handles, with their own methods and our errors."""

import asyncio
import logging
from collections.abc import Awaitable, Collection, Sequence
from typing import Any, cast

from grpc import StatusCode
from grpc.aio import AioRpcError
from ray.exceptions import RayActorError, RayTaskError
from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError, ReplicaUnavailableError
from ray.serve.handle import DeploymentHandle, DeploymentResponse, DeploymentResponseGenerator

from catalog.errors import CatalogError
from catalog.model.preprocess import Prepared
from serving.calls import Call
from serving.errors import IndexNotReady, JobsNotReady, MessageTooLarge, ModelFailed, ModelNotReady, Overloaded
from serving.inference.analyzer import Analyzer, Answered, ModelInfo
from serving.inference.models import Models
from serving.jobs.jobs_api import JobsApi
from serving.portions import portions
from serving.storage.store_api import StoreApi


class ReplicaLost(Exception):
    """A replica is not there, or went while it was asked."""


LOST = (ReplicaLost, RayActorError, DeploymentUnavailableError, ReplicaUnavailableError)
# What gRPC says when the other side is gone: not there, ending, or cut off in the middle.
GONE = (StatusCode.UNAVAILABLE, StatusCode.CANCELLED)
CUT_OFF = "Stream removed"

logger = logging.getLogger(__name__)


def remote(handle: DeploymentHandle[Any], lost: type[CatalogError], once: Collection[str] = ()) -> Call:
    """Calls asynchronous methods of a replica. What a replica was doing when it was lost another one does again, once:
    more often, and a request that kills replicas would kill them all.

    lost: what to raise when no replica answers; once: methods that must not be repeated.
    """
    # By gRPC: a call of Ray's own takes what is above 100 kB through its object store. Serve's setting for it is
    # read where and when Serve is imported, which here was before it was set.
    by_grpc = handle.options(_by_reference=False)

    async def call(method: str, *args: object, **options: object) -> Any:
        try:
            return await reply(getattr(by_grpc, method).remote(*args, **options))
        except LOST:
            if method in once:
                raise lost from None
        try:
            return await reply(getattr(by_grpc, method).remote(*args, **options))
        except LOST:
            raise lost from None

    return call


class RemoteAnalyzer:
    """Many images go to the replicas in portions, which several of them may work on."""

    def __init__(self, handle: DeploymentHandle[Any]) -> None:
        self._call = remote(handle, ModelNotReady)

    async def describe(self) -> ModelInfo:
        return await self._call("describe")

    async def analyze(
        self, products: Sequence[Prepared], top_k: int, evidence: bool, patient: bool = False
    ) -> Answered:
        async def answered(portion: Sequence[Prepared]) -> Answered:
            try:
                found: Answered = await self._call("analyze", portion, top_k, evidence, patient)
            except MessageTooLarge as error:
                return Answered([error for _ in portion], [])
            return found

        parts = list(portions(products, lambda product: product.pixels_NCHW.nbytes + len(product.text)))
        found = await together([answered(part) for part in parts])
        answers = [answer for part in found for answer in part.answers]
        return Answered(answers, [facts for part in found for facts in part.facts])


async def together(asked: Sequence[Awaitable[Answered]]) -> list[Answered]:
    """All answers, or the first error; the others are then not waited for."""
    tasks = [asyncio.ensure_future(one) for one in asked]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


async def reply(response: DeploymentResponse[Any] | DeploymentResponseGenerator[Any]) -> Any:
    """A replica's answer, or one of our errors: Ray's hold the traceback in their message. Raises LOST."""
    assert isinstance(response, DeploymentResponse)
    try:
        return await response
    except asyncio.CancelledError:
        response.cancel()  # type: ignore[no-untyped-call]  # else the replica would go on
        raise
    except BackPressureError:
        raise Overloaded from None
    except RayTaskError as error:
        raise error.cause if isinstance(error.cause, CatalogError) else ModelFailed() from None
    except (CatalogError, *LOST):
        raise
    except AioRpcError as error:
        raise of_transport(error) from None
    except Exception:
        # By gRPC an error of the replica arrives as itself, not as a RayTaskError.
        raise ModelFailed from None


def of_transport(error: AioRpcError) -> Exception:
    """What an error between two processes means. Its words are gRPC's, so they go into the log alone."""
    details = error.details() or ""
    if error.code() in GONE or (error.code() is StatusCode.UNKNOWN and CUT_OFF in details):
        return ReplicaLost()
    logger.error("a message did not pass: %s", error.code().name, extra={"fields": {"grpc": details[:200]}})
    return MessageTooLarge() if error.code() is StatusCode.RESOURCE_EXHAUSTED else ModelFailed()


def remote_models(model: DeploymentHandle[Any], shadow: DeploymentHandle[Any] | None) -> Models:
    shadowing = remote_analyzer(shadow) if shadow else None
    return Models(remote_analyzer(model), shadowing)


def remote_analyzer(handle: DeploymentHandle[Any]) -> Analyzer:
    return cast(Analyzer, RemoteAnalyzer(handle))


def remote_store(index: DeploymentHandle[Any]) -> StoreApi:
    return StoreApi(remote(index, IndexNotReady, once=("delete", "take_back")))


def remote_jobs(jobs: DeploymentHandle[Any]) -> JobsApi:
    return JobsApi(remote(jobs, JobsNotReady, once=("submit", "cancel", "begin_upload", "append")))
