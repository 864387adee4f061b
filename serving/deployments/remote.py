"""Objects behind Serve handles, with their own methods and our errors."""

import asyncio
import logging
from collections.abc import Awaitable, Collection, Iterator, Sequence
from typing import Any, TypeVar

from grpc import StatusCode
from grpc.aio import AioRpcError
from ray import serve as ray_serve
from ray.exceptions import RayActorError, RayTaskError
from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError, ReplicaUnavailableError
from ray.serve.handle import DeploymentHandle, DeploymentResponse, DeploymentResponseGenerator

from catalog.errors import CatalogError
from catalog.evidence import Explanation
from catalog.model.preprocess import Prepared
from catalog.taxonomy.tree import Taxonomy
from serving.calls import Call
from serving.errors import IndexNotReady, JobsNotReady, MessageTooLarge, ModelFailed, ModelNotReady, Overloaded
from serving.inference.backend import Answer, ModelInfo
from serving.inference.batcher import BatchResult
from serving.inference.models import Models
from serving.jobs.jobs_api import JobsApi
from serving.portions import portions
from serving.storage.store_api import StoreApi

APPLICATION, GATEWAY = "shelflens", "Gateway"


class ReplicaLost(Exception):
    """A replica is not there, or went while it was asked."""


LOST = (ReplicaLost, RayActorError, DeploymentUnavailableError, ReplicaUnavailableError)
# What gRPC says when the other side is gone: not there, ending, or cut off in the middle.
GONE = (StatusCode.UNAVAILABLE, StatusCode.CANCELLED)
CUT_OFF = "Stream removed"

T = TypeVar("T")

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


class RemoteBackend:
    """A `ModelBackend` of several replicas. Many images go to them in portions, which several may work on."""

    def __init__(self, handle: DeploymentHandle[Any]) -> None:
        self._call = remote(handle, ModelNotReady)

    async def describe(self, taught: str = "") -> ModelInfo:
        info: ModelInfo = await self._call("describe", taught)
        return info

    async def taxonomy(self, taught: str = "") -> Taxonomy:
        taxonomy: Taxonomy = await self._call("taxonomy", taught)
        return taxonomy

    async def understand(
        self, products: Sequence[Prepared], top_k: int, evidence: bool, low_priority: bool = False, taught: str = ""
    ) -> BatchResult[Answer]:
        async def understood(portion: Sequence[Prepared]) -> BatchResult[Answer]:
            how = (top_k, evidence, low_priority, taught)
            try:
                result: BatchResult[Answer] = await self._call("understand", portion, *how)
            except MessageTooLarge as error:
                return BatchResult([error for _ in portion], [])
            return result

        parts = in_portions(products)
        results = await all_or_first_error([understood(part) for part in parts])
        answers = [answer for result in results for answer in result.answers]
        return BatchResult(answers, [facts for result in results for facts in result.facts])

    async def explain(self, products: Sequence[Prepared], taught: str = "") -> list[Explanation | None]:
        results = await all_or_first_error([self._call("explain", part, taught) for part in in_portions(products)])
        return [explanation for result in results for explanation in result]


def in_portions(products: Sequence[Prepared]) -> Iterator[list[Prepared]]:
    return portions(products, lambda product: product.pixels_NCHW.nbytes + len(product.text))


async def all_or_first_error(calls: Sequence[Awaitable[T]]) -> list[T]:
    """All results, or the first error; the other calls are then cancelled."""
    tasks = [asyncio.ensure_future(call) for call in calls]
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
    return Models(RemoteBackend(model), RemoteBackend(shadow) if shadow else None)


def gateway() -> DeploymentHandle[Any]:
    """The deployment that answers HTTP, for one that it is bound to itself."""
    return ray_serve.get_deployment_handle(GATEWAY, APPLICATION, _check_exists=False)


def remote_store(index: DeploymentHandle[Any]) -> StoreApi:
    return StoreApi(remote(index, IndexNotReady, once=StoreApi.ONCE))


def remote_jobs(jobs: DeploymentHandle[Any]) -> JobsApi:
    return JobsApi(remote(jobs, JobsNotReady, once=JobsApi.ONCE))
