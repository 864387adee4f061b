"""Requests that must be refused, each with the status and the code of its refusal."""

from tests.support.malformed.bodies import bad_bodies
from tests.support.malformed.fields import bad_fields
from tests.support.malformed.http import bad_http
from tests.support.malformed.jobs import bad_jobs
from tests.support.malformed.wire_request import BadRequest


def bad_requests() -> list[BadRequest]:
    """They need a service that holds one product, `stored`, and one job, of `good.csv` with the key `used`."""
    return [*bad_http(), *bad_bodies(), *bad_fields(), *bad_jobs()]
