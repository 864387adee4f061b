"""The page: its files, read once. Only files that were read are served, so no path leads anywhere else."""

import gzip
import hashlib
from functools import cache
from pathlib import Path
from typing import NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import Response

from serving.errors import NotFound

FOLDER = Path(__file__).parents[2] / "page"
INDEX = "index.html"
MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
METHODS = ["GET", "HEAD"]
# Nothing from another host, no script or style within the page, and no text of a product ever taken for markup, which
# the last one has the browser enforce.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' blob: data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "object-src 'none'",
        "require-trusted-types-for 'script'",
    )
)
HEADERS = {
    "Cache-Control": "no-cache",  # kept, but asked about each time: a new release shows at once
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


router = APIRouter(include_in_schema=False)


class PageFile(NamedTuple):
    """A file of the page. gzipped: its content again, a third as large. digest: of its content."""

    content: bytes
    gzipped: bytes
    media_type: str
    digest: str


@cache
def read_files(folder: Path = FOLDER) -> dict[str, PageFile]:
    """Every file of the page by its name."""
    files = {}
    for path in sorted(folder.iterdir()):
        if path.suffix in MEDIA_TYPES:
            content = path.read_bytes()
            digest = hashlib.sha256(content).hexdigest()[:32]
            files[path.name] = PageFile(content, gzip.compress(content, 9, mtime=0), MEDIA_TYPES[path.suffix], digest)
    return files


def respond(file: PageFile, request: Request) -> Response:
    """The file, or 304 where the browser has it."""
    zipped = "gzip" in request.headers.get("accept-encoding", "")
    etag = f'"{file.digest}-gzip"' if zipped else f'"{file.digest}"'
    headers = {**HEADERS, "ETag": etag, "Vary": "Accept-Encoding"}
    known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    if known & {etag, "*"}:
        return Response(status_code=304, headers=headers)
    if zipped:
        headers["Content-Encoding"] = "gzip"
    return Response(file.gzipped if zipped else file.content, media_type=file.media_type, headers=headers)


@router.api_route("/", methods=METHODS)
async def page(request: Request) -> Response:
    return respond(read_files()[INDEX], request)


@router.api_route("/page/{name}", methods=METHODS)
async def file(name: str, request: Request) -> Response:
    files = read_files()
    if name not in files:
        raise NotFound
    return respond(files[name], request)
