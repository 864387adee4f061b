"""What a user would write around `Understander`: one process of FastAPI, a thread a request, no batches.

python -m benchmarks.servers_fastapi PORT [MODEL]
"""

import base64
import sys
from typing import Any

import uvicorn
from fastapi import FastAPI

from catalog import Product, Understander
from catalog.product import Understanding

PATH = "/v1/products/analyze"


def product(item: dict[str, Any]) -> Product:
    return Product(title=item["title"], images=tuple(base64.b64decode(uri.split(",")[1]) for uri in item["images"]))


def answer(found: object) -> dict[str, Any]:
    assert isinstance(found, Understanding)
    return {
        "category": found.category.path if found.category else None,
        "tags": {tag.name: tag.score for tag in found.tags},
        "attributes": {name: value.name for name, value in found.attributes.items()},
    }


def main() -> None:
    app, model = FastAPI(), Understander.load(*sys.argv[2:], cache_megabytes=0)

    @app.get("/readyz")
    def ready() -> str:
        return "ready"

    @app.post(PATH)
    def analyze(body: dict[str, Any]) -> list[dict[str, Any]]:
        return [answer(found) for found in model.understand([product(item) for item in body["items"]])]

    uvicorn.run(app, port=int(sys.argv[1]), log_level="warning")


if __name__ == "__main__":
    main()
