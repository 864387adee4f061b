"""Resumable uploads: a feed too large for one request is sent in parts, from the offset that the service reports."""

import os
from pathlib import Path, PurePath

from catalog.errors import FileNotReadable
from serving.api.schemas.uploads import UploadOut, UploadProgress
from serving.client.asking import Asking, segment
from serving.client.errors import RequestFailed, ServiceTimeout
from serving.client.steps import Request, Steps, operation

# Bytes. A part that times out is sent again in smaller parts, down to this size.
SMALLEST_PART = 64 * 1024


class Content:
    """A feed in memory or in a file. A file is read in parts. Raises FileNotReadable."""

    def __init__(self, file: bytes | str | os.PathLike[str], filename: str | None = None) -> None:
        self._data = file if isinstance(file, bytes) else None
        self._path = None if isinstance(file, bytes) else Path(file)
        self.filename = filename or ("feed" if self._path is None else PurePath(self._path).name)
        self.size = len(self._data) if self._data is not None else self._file_size()

    def read(self, start: int, count: int) -> bytes:
        if self._path is None:
            return (self._data or b"")[start : start + count]
        try:
            with self._path.open("rb") as file:
                file.seek(start)
                return file.read(count)
        except OSError:
            raise self._unreadable() from None

    def _file_size(self) -> int:
        assert self._path is not None
        try:
            return self._path.stat().st_size
        except (OSError, ValueError):
            raise self._unreadable() from None

    def _unreadable(self) -> FileNotReadable:
        return FileNotReadable(f"The file {self._path} cannot be read.")


class UploadOperations(Asking):
    @operation
    def upload(self, file: bytes | str | os.PathLike[str], *, filename: str | None = None) -> Steps[UploadOut]:
        """Upload a feed in parts, for a later job. file: a local path, or the content with a `filename`. After a lost
        connection the upload resumes.
        """
        return self._uploaded(Content(file, filename))

    @operation
    def get_upload(self, id: str) -> Steps[UploadOut]:
        """The state of an upload, with the number of bytes received."""
        return self._ask(UploadOut, "GET", address(id))

    @operation
    def delete_upload(self, id: str) -> Steps[None]:
        """Delete an upload that no job has used."""
        yield from self._send(Request("DELETE", address(id)))

    def _uploaded(self, content: Content) -> Steps[UploadOut]:
        body = {"filename": content.filename, "bytes": content.size}
        upload = yield from self._ask(UploadOut, "POST", "/v1/uploads", json=body)
        part = upload.part_bytes
        while upload.received < content.size:
            data = content.read(upload.received, part)
            if not data:
                raise FileNotReadable(f"The file {content.filename} was truncated while it was being sent.")
            try:
                headers = {"Upload-Offset": str(upload.received)}
                sent = yield from self._ask(UploadProgress, "PATCH", address(upload.id), content=data, headers=headers)
                upload = upload.model_copy(update={"received": sent.received})
            except (RequestFailed, ServiceTimeout) as error:
                part = smaller(part, error)
                upload = yield from self._ask(UploadOut, "GET", address(upload.id))
        return upload


def smaller(part: int, error: RequestFailed | ServiceTimeout) -> int:
    """The size of the next part after an error. Raises the error if the upload cannot resume."""
    code = error.code
    if code == "upload_offset_wrong":  # the part had arrived, and only its answer was lost
        return part
    if code in ("body_timeout", "deadline_exceeded", "service_timeout") and part > SMALLEST_PART:
        return max(SMALLEST_PART, part // 2)
    raise error


def address(id: str) -> str:
    return f"/v1/uploads/{segment(id)}"
