"""Requests that must be refused, each with the status and the code of its refusal."""

from tests.bad_bodies import bad_bodies
from tests.bad_fields import bad_fields
from tests.bad_http import bad_http
from tests.bad_jobs import bad_jobs
from tests.wire_request import BadRequest


def bad_requests() -> list[BadRequest]:
    """They need a service that holds one product, `stored`, and one job, of `good.csv` with the key `used`."""
    return [*bad_http(), *bad_bodies(), *bad_fields(), *bad_jobs()]
