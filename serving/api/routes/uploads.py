"""Feeds that are larger than a request may be come in parts, and go on where they were cut off."""

from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.responses import Response

from catalog.errors import DiskFull
from serving.api import examples
from serving.api.context import Context, respond
from serving.api.openapi import Errors, binary_body, json_body, operation
from serving.api.parameters import UploadId
from serving.api.schemas.uploads import UploadOut, UploadProgress, UploadRequest, to_upload
from serving.errors import (
    BodyTooLarge,
    JobsNotReady,
    Overloaded,
    RequestInvalid,
    UploadNotFound,
    UploadOffsetWrong,
    UploadPartTooLong,
    UploadTooLarge,
)

Offset = Annotated[
    int,
    Header(
        ge=0, le=2**53, alias="Upload-Offset", description="Where the part starts: how many bytes are there already."
    ),
]
ASKING: Errors = (UploadNotFound, RequestInvalid, JobsNotReady)

router = APIRouter(tags=["uploads"])


@router.post(
    "/v1/uploads",
    response_model=UploadOut,
    **operation(
        "Begin an upload",
        examples.UPLOAD | {"received": 0},
        status=201,
        body=json_body(UploadRequest, examples.UPLOAD_REQUEST),
        raises=(UploadTooLarge, Overloaded, JobsNotReady, DiskFull),
    ),
)
async def begin_upload(context: Context, request: Request) -> Response:
    """For a feed that is larger than a request may be. Send its parts next, then name the upload in a job. One that
    nobody goes on with for a day is removed.
    """
    asked = await context.json(request, UploadRequest)
    upload = await context.jobs.begin_upload(asked.filename, asked.bytes)
    return respond(to_upload(upload, context.settings.part_bytes), 201)


@router.patch(
    "/v1/uploads/{id}",
    response_model=UploadProgress,
    **operation(
        "Send a part",
        {"received": examples.UPLOAD["received"]},
        body=binary_body("The next bytes of the file."),
        raises=(*ASKING, UploadOffsetWrong, UploadPartTooLong, DiskFull),
    ),
)
async def append_to_upload(context: Context, id: UploadId, request: Request, upload_offset: Offset) -> Response:
    """The next bytes of the file, at most `part_bytes` of them. They are on the disk when the answer comes. A part
    that was cut off left nothing: where the next one starts is `received` of the upload.
    """
    part, limit = await request.body(), context.settings.part_bytes
    if len(part) > limit:
        raise BodyTooLarge(f"The part has {len(part):,} bytes; the limit is {limit:,}.")
    upload = await context.jobs.append(id, upload_offset, part)
    return respond(UploadProgress(received=upload.received))


@router.get("/v1/uploads/{id}", **operation("How far an upload is", examples.UPLOAD, raises=ASKING))
async def get_upload(context: Context, id: UploadId) -> UploadOut:
    """How much of an upload is there, to go on with it."""
    return to_upload(await context.jobs.upload(id), context.settings.part_bytes)


@router.delete("/v1/uploads/{id}", **operation("Forget an upload", status=204, raises=ASKING))
async def delete_upload(context: Context, id: UploadId) -> None:
    """Remove an upload that no job has taken."""
    await context.jobs.remove_upload(id)
