"""What stands before the routes, from the outside in: `Access` (log, metrics, trace), `Gate` (keys, limits), `Door`
(body, deadline). The same three stand before the application and, on Ray Serve, also in its proxy, which then
does the work and has two more of its own behind them (`serving.proxy`).
"""

from starlette.middleware import Middleware
from uvicorn.config import HTTP_PROTOCOLS

from serving.access import Access
from serving.configuration import read_settings
from serving.door import Door
from serving.gate import Gate
from serving.keys import Keys
from serving.limits import ClientLimits
from serving.logs import start_logs
from serving.metrics import Metrics
from serving.patience import ImpatientProtocol
from serving.proxy import Turnstile, UntilRouted
from serving.settings import Settings
from serving.tracing import tracer


def front(settings: Settings, outer: bool = False) -> list[Middleware]:
    """In the order in which they are wrapped around an application: the last is the outermost. For `outer` see `Door`.

    Raises KeysDamaged, or InvalidConfig where tracing cannot be done.
    """
    limits = ClientLimits(settings.rate_per_minute, settings.concurrent_per_key)
    return [
        Middleware(Door, settings=settings, outer=outer),
        Middleware(Gate, settings=settings, keys=Keys(settings.keys), limits=limits),
        Middleware(Access, metrics=Metrics(), tracer=tracer(settings)),
    ]


def proxy_middlewares() -> list[Middleware]:
    """Called by Ray Serve in its proxy process (RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH).

    Serve offers no limit on the time that headers take and builds its uvicorn server with the protocol "auto", so
    that name is pointed at ours; uvicorn looks it up when the server is made, which is after this call.
    """
    settings = read_settings()
    start_logs(settings)
    ImpatientProtocol.header_timeout = settings.header_timeout_seconds
    HTTP_PROTOCOLS["auto"] = "serving.patience:ImpatientProtocol"
    inner = [Middleware(UntilRouted), Middleware(Turnstile, most=settings.most_under_way)]
    return [*inner, *front(settings, outer=True)]
