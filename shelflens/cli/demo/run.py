"""The service runs, the demo catalogue goes into it as a job, and there are requests to try."""

import json
import time
from collections import Counter
from pathlib import Path
from threading import Event
from typing import Any

import httpx
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from tqdm import tqdm

from catalog.errors import FileNotReadable
from catalog.feeds import open_feed
from serving.api.schemas.jobs import JobOut
from serving.api.schemas.judging.audit import FindingOut
from serving.api.schemas.products import ProductOut
from serving.client import Client
from serving.deployments.preflight import url
from serving.deployments.start import serve, stop
from serving.settings.load import read_settings
from shelflens.cli.demo.request import CATALOGUE, Question
from shelflens.cli.demo.shop import bring_in_shop, questions

FEEDS = ("products.csv", "faults.csv")
INDEX = "demo-index"
ANALYZE, SEARCH = "/v1/products/analyze", "/v1/search"


# Of an answer's fields, those that are printed.
SHOWN = frozenset(
    (
        "id",
        "title",
        "price",
        "currency",
        "score",
        "category",
        "alternatives",
        "tags",
        "attributes",
        "embedding",
        "evidence",
        "modalities_used",
        "decision",
    )
)


def results(answer: Any) -> str:
    """As JSON, a field a line, their embeddings cut short."""
    return "\n".join(map(_shortened, answer["results"]))


def _shortened(found: dict[str, Any]) -> str:
    if "understanding" in found:  # a stored product
        found = {**found, **found["understanding"], "alternatives": None}
    shown = {name: value for name, value in found.items() if name in SHOWN and value not in (None, [], {}, "")}
    if "embedding" in shown:
        head = ", ".join(str(number) for number in shown["embedding"][:4])
        shown["embedding"] = f"[{head}, … {len(shown['embedding'])} numbers]"
    fields = (f" {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in shown.items())
    return "{\n" + ",\n".join(fields) + "\n}"


QUESTIONS = (
    Question(
        "An image and a title: what is it, and which of the two says what?",
        ANALYZE,
        results,
        form={"title": "Runner 5, red", "include": "category,tags,attributes,evidence", "top_k": "2"},
        image="images/red-sneakers.jpg",
    ),
    Question(
        "An image without any words:",
        ANALYZE,
        results,
        form={"include": "category,attributes", "top_k": "2"},
        image="images/green-apple.jpg",
    ),
    Question(
        "Products of the catalogue like some words, below a price:",
        SEARCH,
        results,
        body={"text": "red shoes", "filter": {"price": {"lte": 90}}, "limit": 2},
    ),
    Question(
        "Words without an image, and an embedding of 64 numbers:",
        ANALYZE,
        results,
        body={
            "items": [{"id": "1", "title": "Leather handbag with a zip, tan"}],
            "top_k": 0,
            "include": ["category", "embedding"],
            "embedding_dimensions": 64,
        },
    ),
)


def run_demo(check: bool, port: int) -> None:
    """Start the service, bring the catalogue in, print requests to try; then wait for Ctrl-C, or with `check` ask them
    and end.

    Raises FileNotReadable outside a checkout of the repository, where there is no demo catalogue.
    """
    if not (CATALOGUE / FEEDS[0]).is_file():
        raise FileNotReadable("The demo catalogue is part of the repository, not of the installed package.")
    # The requests that it shows are to work as they stand, also where the folder has a file of API keys.
    settings = read_settings(
        port=port, host="127.0.0.1", index=INDEX, feeds=CATALOGUE, keys=Path("demo-keys.json"), log_level="error"
    )
    console = Console(highlight=False, soft_wrap=True)
    console.print("Starting the service on Ray Serve; this takes about half a minute.")
    started = time.monotonic()
    serve(settings, blocking=False)
    try:
        console.print(f"Ready after {time.monotonic() - started:.0f} seconds. Bringing in the demo catalogue.")
        with Client(url(settings)) as client:
            console.print(table([product for feed in FEEDS for product in bring_in(client, feed)]))
            console.print(health(look_through(client)))
            console.print(bring_in_shop(client))
        address = url(settings)
        console.print(f"\nOpen [bold]{address}[/bold] in a browser; see the views Health and Shop.")
        console.print(f"Or try these ({address}/docs has the rest):\n")
        with httpx.Client(base_url=address, timeout=60, trust_env=False) as plain:
            for question in (*QUESTIONS, *questions()):
                console.print(f"[bold]{escape(question.asks)}[/bold]\n{escape(question.curl(address))}")
                if check:
                    console.print(escape(question.tell(question.ask(plain))))
                console.print()
        if not check:
            console.print("Ctrl-C ends it.")
            Event().wait()
    except KeyboardInterrupt:
        console.print("Ending.")
    finally:
        stop()


def bring_in(client: Client, feed: str) -> list[ProductOut]:
    """The products of a feed of the demo, understood and stored; the second time, only looked up."""
    with tqdm(desc=feed, unit="product") as bar:

        def show(job: JobOut) -> None:
            bar.total = job.total
            bar.update(job.done - bar.n)

        job = client.wait_for_job(client.submit_job(source=feed).id, progress=show, every_seconds=0.2)
    if job.error:
        raise FileNotReadable(job.error.message)
    return [client.get_product(row.id) for row in open_feed(CATALOGUE / feed)]


def look_through(client: Client) -> dict[str, list[FindingOut]]:
    """What an audit finds of each product that has a fault planted in it."""
    client.wait_for_job(client.audit().id, every_seconds=0.2)
    planted = [row.id for row in open_feed(CATALOGUE / FEEDS[1])]
    return {id: client.findings(state="all", product=id).findings for id in planted}


def health(found: dict[str, list[FindingOut]]) -> Table:
    table = Table("product", "what the audit found", title="Products with a fault planted in them")
    for id, findings in found.items():
        table.add_row(id, "\n".join(escape(told(one, id)) for one in findings))
    return table


def told(finding: FindingOut, id: str) -> str:
    """Its sentence speaks of the first product that it is of, which need not be this one."""
    own = finding.product in ("", id)
    return finding.sentence if own else f"{finding.product}: {finding.sentence}"


def table(products: list[ProductOut]) -> Table:
    decisions = Counter(product.understanding.decision for product in products)
    caption = ", ".join(f"{decision}: {count}" for decision, count in decisions.most_common())
    table = Table("product", "category", "score", "known of it", title=f"{len(products)} products", caption=caption)
    for product in products:
        found = product.understanding
        known = [*(value.value for value in found.attributes.values()), *(tag.name for tag in found.tags)]
        path = " > ".join(found.category.path) if found.category else "not sure"
        score = f"{found.category.score:.2f}" if found.category else ""
        table.add_row(escape(product.title), path, score, ", ".join(known))
    return table
