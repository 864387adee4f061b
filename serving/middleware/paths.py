"""The service's addresses: what they need of an API key, and their names in logs and metrics.

They are known without the routes, as Ray Serve's proxy refuses requests before any route is found, and is not to
load the routes with all that they import. A test holds this list against the routes.
"""

import re
from collections.abc import Iterator

# Ray Serve's proxy answers it itself: "success" where it can pass requests on. KubeRay sends none to a pod before.
PROXY_HEALTH = "/-/healthz"
OPEN = ("/", "/healthz", "/readyz", PROXY_HEALTH, "/docs", "/openapi.json", "/favicon.ico")
OPEN_FOLDERS = ("/page/", "/docs/")

PATTERNS = (
    "/",
    "/healthz",
    "/readyz",
    "/metrics",
    "/docs",
    "/docs/{name}",
    "/openapi.json",
    "/page/{name}",
    "/v1/products/analyze",
    "/v1/products",
    "/v1/products/{id}",
    "/v1/products/{id}/image",
    "/v1/products/{id}/similar",
    "/v1/products/{id}/bought-together",
    "/v1/events",
    "/v1/recommendations",
    "/v1/users/{id}",
    "/v1/users/{id}/events",
    "/v1/users/{id}/recommendations",
    "/v1/products/{id}/reviews",
    "/v1/products/{id}/reviews/summary",
    "/v1/intents",
    "/v1/products/{id}/price",
    "/v1/products/{id}/draft",
    "/v1/drafts",
    "/v1/price",
    "/v1/products/{id}/ask",
    "/v1/products/{id}/knowledge",
    "/v1/ask",
    "/v1/documents",
    "/v1/documents/{id}",
    "/v1/knowledge",
    "/v1/demand",
    "/v1/embeddings",
    "/v1/search",
    "/v1/overview",
    "/v1/export",
    "/v1/taxonomy",
    "/v1/taxonomy/map",
    "/v1/taxonomy/map/confirmed",
    "/v1/taxonomy/map/confirmed/{id}",
    "/v1/taxonomy/map/sheet",
    "/v1/taxonomy/map/tree",
    "/v1/jobs",
    "/v1/jobs/{id}",
    "/v1/jobs/{id}/errors",
    "/v1/jobs/{id}/warnings",
    "/v1/jobs/{id}/cancel",
    "/v1/jobs/preview",
    "/v1/sources",
    "/v1/uploads",
    "/v1/uploads/{id}",
    "/v1/feedback",
    "/v1/feedback/batch",
    "/v1/feedback/alike",
    "/v1/feedback/proposals",
    "/v1/feedback/training-set",
    "/v1/feedback/{id}",
    "/v1/review",
    "/v1/review/{id}/alike",
    "/v1/audit",
    "/v1/audit/findings",
    "/v1/audit/findings/{id}",
    "/v1/audit/patch",
    "/v1/audit/corrected",
    "/v1/models",
    "/v1/models/comparison",
    "/v1/models/{id}",
    "/v1/models/{id}/activate",
)
UNKNOWN = "other"
# What a key of the scope "read" may do. Whatever is not here it may not, so that a new route is closed to it at first.
POSTS_THAT_READ = (
    "/v1/demand",
    "/v1/products/analyze",
    "/v1/products/{id}/draft",
    "/v1/drafts",
    "/v1/embeddings",
    "/v1/price",
    "/v1/search",
    "/v1/recommendations",
    "/v1/ask",
    "/v1/products/{id}/ask",
    "/v1/intents",
)
GETS = (
    "/metrics",
    "/v1/products",
    "/v1/products/{id}",
    "/v1/products/{id}/image",
    "/v1/products/{id}/similar",
    "/v1/products/{id}/bought-together",
    "/v1/users/{id}/recommendations",
    "/v1/products/{id}/reviews",
    "/v1/products/{id}/reviews/summary",
    "/v1/products/{id}/price",
    "/v1/products/{id}/knowledge",
    "/v1/documents",
    "/v1/knowledge",
    "/v1/overview",
    "/v1/export",
    "/v1/taxonomy",
    "/v1/taxonomy/map",
    "/v1/taxonomy/map/confirmed",
    "/v1/taxonomy/map/sheet",
    "/v1/taxonomy/map/tree",
    "/v1/jobs",
    "/v1/jobs/{id}",
    "/v1/jobs/{id}/errors",
    "/v1/jobs/{id}/warnings",
    "/v1/feedback",
    "/v1/feedback/proposals",
    "/v1/feedback/training-set",
    "/v1/review",
    "/v1/review/{id}/alike",
    "/v1/audit",
    "/v1/audit/findings",
    "/v1/audit/patch",
    "/v1/models",
    "/v1/models/comparison",
)

_FIXED = frozenset(pattern for pattern in PATTERNS if "{" not in pattern)
# The longest first: what is between the slashes may itself hold slashes.
_OTHERS = [
    (pattern, re.compile(re.sub(r"\{\w+\}", ".+", pattern)))
    for pattern in sorted(PATTERNS, key=len, reverse=True)
    if "{" in pattern
]


def pattern_of(path: str) -> str:
    """/v1/products/7 -> /v1/products/{id}. Of a few names only, whatever clients ask for."""
    return next(patterns_of(path), UNKNOWN)


def patterns_of(path: str) -> Iterator[str]:
    """All that fit, the closest first."""
    if path in _FIXED:
        yield path
    yield from (pattern for pattern, form in _OTHERS if form.fullmatch(path))


def is_open(path: str) -> bool:
    """Whether everyone may come here, also where API keys are needed."""
    return path in OPEN or path.startswith(OPEN_FOLDERS)


def only_reads(method: str, path: str) -> bool:
    """Whether a key of the scope "read" suffices: by the method and the route together, as one path may be of several
    routes. (PUT /v1/products/analyze stores a product whose id is "analyze".)
    """
    if method == "POST":
        return any(pattern in POSTS_THAT_READ for pattern in patterns_of(path))
    return method in ("GET", "HEAD", "OPTIONS") and any(pattern in GETS for pattern in patterns_of(path))
