"""A plain class behind a Serve handle, with its own methods and our errors."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Any, cast

from grpc.aio import AioRpcError
from ray.exceptions import RayActorError, RayTaskError
from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError, ReplicaUnavailableError
from ray.serve.handle import DeploymentHandle, DeploymentResponse, DeploymentResponseGenerator

from catalog.errors import CatalogError
from serving.analyzer import Analyzer
from serving.errors import IndexNotReady, JobsNotReady, ModelFailed, ModelNotReady, Overloaded
from serving.jobs.jobs import Jobs
from serving.models import Models
from serving.shelf import Shelf

LOST = (RayActorError, DeploymentUnavailableError, ReplicaUnavailableError, AioRpcError)


class Remote:
    """Passes each asynchronous method on to a replica. What a replica was doing when it was lost another one does
    again, once: more often, and a request that kills replicas would kill them all.
    """

    def __init__(self, handle: DeploymentHandle[Any], lost: type[CatalogError], once: Collection[str] = ()) -> None:
        """lost: what to raise when no replica answers; once: methods that must not be repeated."""
        # By gRPC: a call of Ray's own takes what is above 100 kB through its object store. Serve's setting for it is
        # read where and when Serve is imported, which here was before it was set.
        self._handle = handle.options(_by_reference=False)
        self._lost, self._once = lost, once

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        method = getattr(self._handle, name)

        async def call(*args: object, **options: object) -> Any:
            try:
                return await reply(method.remote(*args, **options))
            except LOST:
                if name in self._once:
                    raise self._lost from None
            try:
                return await reply(method.remote(*args, **options))
            except LOST:
                raise self._lost from None

        return call


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
    except Exception:
        # By gRPC an error of the replica arrives as itself, not as a RayTaskError.
        raise ModelFailed from None


def remote_models(model: DeploymentHandle[Any], shadow: DeploymentHandle[Any] | None) -> Models:
    shadowing = remote_analyzer(shadow) if shadow else None
    return Models(remote_analyzer(model), shadowing)


def remote_analyzer(handle: DeploymentHandle[Any]) -> Analyzer:
    return cast(Analyzer, Remote(handle, ModelNotReady))


def remote_shelf(index: DeploymentHandle[Any]) -> Shelf:
    return cast(Shelf, Remote(index, IndexNotReady, once=("delete",)))


def remote_jobs(jobs: DeploymentHandle[Any]) -> Jobs:
    return cast(Jobs, Remote(jobs, JobsNotReady, once=("submit", "cancel")))
