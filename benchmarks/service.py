"""What the service adds to the model: seconds for one request, and throughput with many clients. It starts the service
itself, with one replica on a free port of the loopback, and stops it.

    python benchmarks/service.py [--data FOLDER] [--bodies multipart|json] [--model FOLDER] [--json FILE]

SHELFLENS_LAYOUT=separate measures proxies and a gateway in processes of their own.

The clients are connections of one asyncio thread that send requests made beforehand, one after the other each, with
one image and a title. The model alone is `Understander.understand` in this process, decoding included, with the same
products; its batches have the size that answers most. Neither keeps anything of the images, which come again. Both
take turns, a round each, since a machine has other work, too: a figure is the median of its rounds.
"""

import argparse
import asyncio
import base64
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.traffic import DEMO, Address, free_port
from catalog import Product, Understander
from catalog.feeds.formats.folders import IMAGES
from serving.deployments.start import serve, stop
from serving.settings.schema import Settings

PATH = "/v1/products/analyze"
BATCH_SIZES = (4, 8, 16, 32)
BOUNDARY = "shelflens"


def read_products(folder: Path, count: int) -> list[Product]:
    """`count` products of the folder's images, repeated where they are fewer."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in IMAGES)
    if not paths:
        raise SystemExit(f"There are no pictures in {folder}.")
    step = max(1, len(paths) // count)
    chosen = [paths[index * step % len(paths)] for index in range(count)]
    return [Product(path.stem, path.stem.replace("-", " "), images=(path.read_bytes(),)) for path in chosen]


def request(product: Product, bodies: str) -> bytes:
    """A whole HTTP request."""
    if bodies == "json":
        images = ["data:;base64," + base64.b64encode(data).decode() for data in product.images]
        item = {"id": product.id, "title": product.title, "images": images}
        kind, body = "application/json", json.dumps({"items": [item]}).encode()
    else:
        kind = f"multipart/form-data; boundary={BOUNDARY}"
        title = f'--{BOUNDARY}\r\ncontent-disposition: form-data; name="title"\r\n\r\n{product.title}\r\n'
        image = f'--{BOUNDARY}\r\ncontent-disposition: form-data; name="image"; filename="a"\r\n\r\n'
        body = title.encode() + image.encode() + product.images[0] + f"\r\n--{BOUNDARY}--\r\n".encode()
    head = f"POST {PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Client:
    """One connection that asks one thing after another."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(self, request: bytes) -> float:
        """Seconds until the whole answer is there."""
        started = time.perf_counter()
        self.writer.write(request)
        head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        body = await self.reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
        seconds = time.perf_counter() - started
        if b" 200 " not in head.split(b"\r\n")[0]:
            raise SystemExit(f"The service answered: {body[:200]!r}")
        return seconds


async def ask_all(address: Address, requests: list[bytes], clients: int) -> tuple[list[float], float]:
    """Every request once, spread over the clients: seconds of each, and of all."""
    opened = [Client(*await asyncio.open_connection(*address)) for _ in range(clients)]
    waiting = iter(requests)
    seconds: list[float] = []

    async def run(client: Client) -> None:
        for asked in waiting:
            seconds.append(await client.ask(asked))

    started = time.perf_counter()
    await asyncio.gather(*(run(client) for client in opened))
    total = time.perf_counter() - started
    for client in opened:
        client.writer.close()
    return seconds, total


def one_by_one(model: Understander, products: list[Product]) -> list[float]:
    """Seconds of each product, asked alone."""
    seconds = []
    for product in products:
        started = time.perf_counter()
        model.understand([product])
        seconds.append(time.perf_counter() - started)
    return seconds


def in_batches(model: Understander, products: list[Product], size: int) -> float:
    """Products a second."""
    started = time.perf_counter()
    for start in range(0, len(products), size):
        model.understand(products[start : start + size])
    return len(products) / (time.perf_counter() - started)


def best_size(model: Understander, products: list[Product]) -> int:
    rates = {size: max(in_batches(model, products[:64], size) for _ in range(2)) for size in BATCH_SIZES}
    return max(rates, key=rates.__getitem__)


def measure(
    model: Understander, address: Address, products: list[Product], bodies: str, options: Any
) -> dict[str, Any]:
    requests = [request(product, bodies) for product in products]
    few = len(products) // 4
    size = best_size(model, products)
    alone: list[float] = []
    lone: list[float] = []
    busy: list[float] = []
    in_process, service = [], []
    asyncio.run(ask_all(address, requests[: 2 * options.clients], options.clients))
    for _ in range(options.rounds):
        alone += one_by_one(model, products[:few])
        lone += asyncio.run(ask_all(address, requests[:few], 1))[0]
        in_process.append(in_batches(model, products, size))
        seconds, total = asyncio.run(ask_all(address, requests, options.clients))
        busy += seconds
        service.append(len(requests) / total)
    ratios = [ours / theirs for ours, theirs in zip(service, in_process, strict=True)]
    return {
        "products": len(products),
        "picture_bytes": round(statistics.mean(len(product.images[0]) for product in products)),
        "bodies": bodies,
        "clients": options.clients,
        "model_alone_ms": milliseconds(alone),
        "service_ms": milliseconds(lone),
        "overhead_p50_ms": 1000 * (statistics.median(lone) - statistics.median(alone)),
        "batch_size_in_process": size,
        "in_process_per_second": in_process,
        "service_per_second": service,
        "service_over_in_process": statistics.median(ratios),
        "service_busy_ms": milliseconds(busy),
    }


def milliseconds(seconds: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return {"p50": 1000 * cuts[49], "p95": 1000 * cuts[94], "p99": 1000 * cuts[98]}


def markdown(report: dict[str, Any]) -> str:
    clients = report["clients"]
    rows = [
        ("model alone, one product, ms p50, p95", "{p50:.1f}, {p95:.1f}".format(**report["model_alone_ms"])),
        ("service, one client, ms p50, p95", "{p50:.1f}, {p95:.1f}".format(**report["service_ms"])),
        ("overhead of the service, ms p50", f"{report['overhead_p50_ms']:.1f}"),
        (
            f"model alone, batches of {report['batch_size_in_process']}, products a second",
            f"{statistics.median(report['in_process_per_second']):.1f}",
        ),
        (f"service, {clients} clients, products a second", f"{statistics.median(report['service_per_second']):.1f}"),
        ("service over model alone", f"{report['service_over_in_process']:.3f}"),
        (f"service, {clients} clients, ms p50, p95", "{p50:.0f}, {p95:.0f}".format(**report["service_busy_ms"])),
    ]
    title = f"{report['products']} products, {report['picture_bytes']:,} bytes a picture, {report['bodies']}"
    return "\n".join([f"| {title} | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


def main() -> None:
    parser = argparse.ArgumentParser(description="The service against the model alone.")
    parser.add_argument("--data", type=Path, default=DEMO, help="a folder with pictures, at any depth")
    parser.add_argument("--model", type=Path, help="a model folder; without one, the shipped model")
    parser.add_argument("--bodies", choices=("multipart", "json"), default="multipart")
    parser.add_argument("--products", type=int, default=128, help="requests a round")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    products = read_products(arguments.data, arguments.products)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(port=free_port(), model=arguments.model, index=f"{folder}/index", cache_megabytes=0)
        model = Understander.load(settings.model, cache_megabytes=0)
        serve(settings, blocking=False)
        try:
            report = measure(model, Address(settings.host, settings.port), products, arguments.bodies, arguments)
        finally:
            stop()
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")
    print(markdown(report))


if __name__ == "__main__":
    main()
