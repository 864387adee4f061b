"""Parameters of several routes."""

from typing import Annotated

from fastapi import Path

# No control characters and no separators of lines: what a feed refuses in ids, too (catalog.feeds.rows).
PLAIN = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]+$"

ProductId = Annotated[str, Path(max_length=256, pattern=PLAIN, description="Yours; it may hold slashes.")]
ModelId = Annotated[str, Path(max_length=64, pattern=PLAIN, description="A model's version, as /v1/models lists it.")]
UploadId = Annotated[str, Path(max_length=64, pattern=PLAIN, description="As the upload was given it.")]
JobId = Annotated[str, Path(max_length=64, pattern=PLAIN, description="As the job was given it.")]
