"""Feeds that come in parts: what is asked for, and how far one has come."""

from typing import Annotated

from pydantic import BaseModel, Field

from serving.api.schemas.schema import Schema
from serving.jobs.uploads import Upload


class UploadRequest(Schema):
    """A file that is to come in parts."""

    filename: Annotated[str, Field(max_length=1_024, description="Its end says the format where the content does not.")]
    bytes: Annotated[int, Field(ge=1, le=2**53, description="The size of the whole file.")]


class UploadOut(BaseModel):
    """received: bytes that are there, which is where the next part starts."""

    id: str
    filename: str
    bytes: int
    received: int
    part_bytes: Annotated[int, Field(description="The most that one part may have.")]


class UploadProgress(BaseModel):
    received: Annotated[int, Field(description="Bytes that are there, which is where the next part starts.")]


def to_upload(upload: Upload, part_bytes: int) -> UploadOut:
    return UploadOut(
        id=upload.id,
        filename=upload.filename,
        bytes=upload.bytes,
        received=upload.received,
        part_bytes=part_bytes,
    )
