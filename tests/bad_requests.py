"""Requests that must be refused, each with the status and the code of its refusal."""

from tests.bad_bodies import bad_bodies
from tests.bad_fields import bad_fields
from tests.bad_http import bad_http
from tests.wire_request import BadRequest


def bad_requests() -> list[BadRequest]:
    """They need a service that holds one product, `stored`, and stays as it is."""
    return [*bad_http(), *bad_bodies(), *bad_fields()]
