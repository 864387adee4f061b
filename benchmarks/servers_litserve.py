"""`Understander` behind LitServe, which makes batches of the requests that wait.

python -m benchmarks.servers_litserve PORT [MODEL]
"""

import sys
from typing import Any

import litserve.server
from litserve import LitAPI, LitServer

from benchmarks.servers_fastapi import PATH, answer, product
from catalog import Product, Understander

BATCH = 16


class Api(LitAPI):  # type: ignore[misc]
    def setup(self, device: str) -> None:
        self.model = Understander.load(*sys.argv[2:], cache_megabytes=0)

    def decode_request(self, request: dict[str, Any]) -> Product:
        return product(request["items"][0])

    def batch(self, inputs: list[Product]) -> list[Product]:
        return inputs

    def predict(self, products: list[Product]) -> list[Any]:
        return list(self.model.understand(products))

    def unbatch(self, output: list[Any]) -> list[Any]:
        return output

    def encode_response(self, output: Any) -> dict[str, Any]:
        return answer(output)


if __name__ == "__main__":
    litserve.server._MCP_AVAILABLE = False  # LitServe 0.2.19 does not start beside release 2 of the package mcp
    api = Api(max_batch_size=BATCH, batch_timeout=0.01, api_path=PATH)
    LitServer(api, accelerator="cpu", healthcheck_path="/readyz").run(port=int(sys.argv[1]), generate_client_file=False)
