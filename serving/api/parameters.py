"""Parameters of several routes."""

from typing import Annotated

from fastapi import Path

from serving.api.schemas.schema import PLAIN as PLAIN  # routes and schemas take it from here

ProductId = Annotated[str, Path(max_length=256, pattern=PLAIN, description="Yours; it may hold slashes.")]
ModelId = Annotated[str, Path(max_length=64, pattern=PLAIN, description="A model's version, as /v1/models lists it.")]
UploadId = Annotated[str, Path(max_length=64, pattern=PLAIN, description="As the upload was given it.")]
UserId = Annotated[str, Path(max_length=256, pattern=PLAIN, description="As in the events; it may hold slashes.")]
JobId = Annotated[str, Path(max_length=64, pattern=PLAIN, description="As the job was given it.")]
