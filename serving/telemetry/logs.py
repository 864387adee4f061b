"""What the service writes down: one line of JSON on stderr for each request, and for whatever fails.

No line repeats what a product says, an API key, or the path of a file. So of an exception it has the kind and the
places in the code, but not the words, which may quote its input; those are there at the level debug.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from traceback import walk_tb

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from serving.settings.schema import Settings
from serving.telemetry.log_relay import TerminalHandler

ROOTS = ("serving", "catalog")
DEEPEST = 40

access = logging.getLogger("serving.middleware.access_log")
_request_id: ContextVar[str] = ContextVar("request_id", default="")


def request_id() -> str:
    """Of the request under way; empty outside of one. Behind the gateway Ray Serve hands it on."""
    serve = sys.modules.get("ray.serve.context")
    return _request_id.get() or (str(serve._get_serve_request_context().request_id) if serve else "")


@contextmanager
def of_request(id: str) -> Iterator[None]:
    """Every line written inside names the request."""
    token = _request_id.set(id)
    try:
        yield
    finally:
        _request_id.reset(token)


def start_logs(settings: Settings) -> None:
    """Have the loggers of this process write as the settings say. A second call replaces what the first set up."""
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[
            add_fields,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            shown_exception if settings.log_level == "debug" else quiet_exception,
            renderer(settings),
        ],
        use_get_message=True,
    )
    handler = TerminalHandler()
    handler.setFormatter(formatter)
    for name in ROOTS:
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(settings.log_level.upper())
        logger.propagate = False


def renderer(settings: Settings) -> Processor:
    if settings.log_format == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())


def add_fields(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """The request's id, and the fields that a line was given with `extra={"fields": …}`."""
    record: logging.LogRecord = event["_record"]
    if id := request_id():
        event["request_id"] = id
    event.update(getattr(record, "fields", {}))
    return event


def quiet_exception(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """An exception as its kind and where it came from, innermost last: serving.api.context:prepared:94."""
    found = event.pop("exc_info", None)
    if isinstance(found, tuple) and isinstance(found[1], BaseException):
        event["exception"] = type(found[1]).__name__
        event["places"] = [
            f"{frame.f_globals.get('__name__', '?')}:{frame.f_code.co_name}:{line}"
            for frame, line in walk_tb(found[1].__traceback__)
        ][-DEEPEST:]
    return event


def shown_exception(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """The same with the exception's words."""
    found = event.get("exc_info")
    message = str(found[1]) if isinstance(found, tuple) else ""
    event = quiet_exception(logger, method, event)
    if message:
        event["words"] = message
    return event
