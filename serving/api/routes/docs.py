"""/docs: Swagger UI over our OpenAPI document, its files out of an installed package: no other host is asked."""

from importlib.util import find_spec
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse, HTMLResponse, Response

from serving.errors import NotFound

# Addresses are relative to the page, so that they hold behind a proxy that adds to the path.
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Shelflens API</title>
<link rel="icon" href="docs/favicon.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<main id="docs"></main>
<script src="docs/swagger-ui.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
# The badge of a validator would be asked of another host.
START = """window.ui = SwaggerUIBundle({
  url: "openapi.json", dom_id: "#docs", deepLinking: true, displayRequestDuration: true, validatorUrl: null,
});
"""
PACKAGE = "fastapi_swagger"
FILES = {
    "swagger-ui.js": ("swagger-ui-bundle.js", "text/javascript"),
    "swagger-ui.css": ("swagger-ui.css", "text/css"),
    "favicon.png": ("favicon-32x32.png", "image/png"),
}
KEPT = {"cache-control": "max-age=86400"}

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def docs() -> HTMLResponse:
    return HTMLResponse(PAGE)


@router.get("/docs/{name}")
async def file(name: str) -> Response:
    if name == "start.js":
        return Response(START, media_type="text/javascript", headers=KEPT)
    if name not in FILES:
        raise NotFound
    source, media_type = FILES[name]
    return FileResponse(folder() / source, media_type=media_type, headers=KEPT)


def folder() -> Path:
    """Where the package keeps Swagger UI's files. It is found, not imported: its code is not needed."""
    spec = find_spec(PACKAGE)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "resources"
