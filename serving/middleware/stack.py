"""The middleware before the routes, from the outside in: `AccessLogMiddleware` (log, metrics, trace), `AuthMiddleware`
(keys, rate limits), `RequestGuardMiddleware` (body, deadline).

The application has these three. Ray Serve's proxy has them, too: there they do the work, and the proxy adds two of its
own behind them (`serving.middleware.proxy`). Where the process of the model answers clients itself, the application
also has the one of these that limits concurrency.
"""

from starlette.middleware import Middleware
from uvicorn.config import HTTP_PROTOCOLS

from serving.middleware.access_log import AccessLogMiddleware
from serving.middleware.api_keys import Keys, key_place
from serving.middleware.auth import AuthMiddleware
from serving.middleware.guard import RequestGuardMiddleware
from serving.middleware.header_timeout import HeaderTimeoutProtocol
from serving.middleware.proxy import ConcurrencyLimitMiddleware, RetryUntilRoutedMiddleware
from serving.middleware.rate_limits import ClientLimits
from serving.settings.load import read_settings
from serving.settings.schema import Settings
from serving.telemetry.logs import start_logs
from serving.telemetry.metrics import Metrics
from serving.telemetry.tracing import tracer


def shared_middlewares(settings: Settings, outer: bool = False) -> list[Middleware]:
    """The three of the application and the proxy, the outermost last. For `outer` see `RequestGuardMiddleware`.

    Raises KeysDamaged, StateUnavailable, or ConfigInvalid where tracing cannot be done.
    """
    limits = ClientLimits(settings.rate_per_minute, settings.concurrent_per_key)
    return [
        Middleware(RequestGuardMiddleware, settings=settings, outer=outer),
        Middleware(AuthMiddleware, settings=settings, keys=Keys(key_place(settings)), limits=limits),
        Middleware(AccessLogMiddleware, metrics=Metrics(), tracer=tracer(settings)),
    ]


def joined_middlewares(settings: Settings) -> list[Middleware]:
    """Of an application that needs no proxy, the outermost last. Raises what `shared_middlewares` does."""
    limit = Middleware(ConcurrencyLimitMiddleware, limit=settings.max_in_flight)
    return [limit, *shared_middlewares(settings)]


def proxy_middlewares() -> list[Middleware]:
    """Called by Ray Serve in its proxy process (RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH).

    Serve offers no limit on the time that headers take and builds its uvicorn server with the protocol "auto", so
    that name is pointed at ours; uvicorn looks it up when the server is made, which is after this call.
    """
    settings = read_settings()
    start_logs(settings)
    HeaderTimeoutProtocol.header_timeout = settings.header_timeout_seconds
    HTTP_PROTOCOLS["auto"] = "serving.middleware.header_timeout:HeaderTimeoutProtocol"
    inner = [
        Middleware(RetryUntilRoutedMiddleware),
        Middleware(ConcurrencyLimitMiddleware, limit=settings.max_in_flight),
    ]
    return [*inner, *shared_middlewares(settings, outer=True)]
