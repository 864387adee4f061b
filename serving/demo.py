"""`shelflens demo`: the demo catalogue is ingested into an index, then the service runs, with requests to try."""

import json
import shlex
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import httpx
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from tqdm import tqdm

from catalog.cli.search import show
from catalog.errors import FileNotReadable
from catalog.feeds import open_feed
from catalog.index import ProductIndex, open_index
from catalog.ingest import LocalWorker, ingest
from catalog.ledger import Ledger, ledger_path
from catalog.pictures import PictureReader
from catalog.product import StoredProduct
from catalog.search import Example, Search, search
from catalog.understand import Understander
from serving.configuration import read_settings
from serving.deployments.start import serve, stop
from serving.preflight import url

CATALOGUE = Path(__file__).parent.parent / "assets" / "demo"
INDEX = "demo-index"
ROUTE = "/v1/products/analyze"


@dataclass(frozen=True)
class Question:
    """One request to try: as a form with a picture, or as JSON."""

    asks: str
    form: dict[str, str] = field(default_factory=dict)
    picture: str = ""
    body: dict[str, Any] = field(default_factory=dict)

    def curl(self, base: str) -> str:
        if self.body:
            parts = ["-H", "Content-Type: application/json", "-d", json.dumps(self.body)]
        else:
            shown = _shown(CATALOGUE / self.picture)
            parts = ["-F", f"image=@{shown}", *(x for n, v in self.form.items() for x in ("-F", f"{n}={v}"))]
        return shlex.join(["curl", "-s", base + ROUTE, *parts])

    def ask(self, client: httpx.Client) -> Any:
        if self.body:
            return client.post(ROUTE, json=self.body).raise_for_status().json()
        files = {"image": (Path(self.picture).name, (CATALOGUE / self.picture).read_bytes())}
        return client.post(ROUTE, data=self.form, files=files).raise_for_status().json()


SEARCH = "red shoes"
QUESTIONS = (
    Question(
        "A picture and a title: what is it, and which of the two says what?",
        form={"title": "Runner 5, red", "include": "category,tags,attributes,evidence", "top_k": "2"},
        picture="images/red-sneakers.jpg",
    ),
    Question(
        "A picture without any words:",
        form={"include": "category,attributes", "top_k": "2"},
        picture="images/green-apple.jpg",
    ),
    Question(
        "Words without a picture, and an embedding of 64 numbers:",
        body={
            "items": [{"id": "1", "title": "Leather handbag with a zip, tan"}],
            "top_k": 0,
            "include": ["category", "embedding"],
            "embedding_dimensions": 64,
        },
    ),
)


def run_demo(check: bool, port: int) -> None:
    """Bring the catalogue into an index, start the service, print requests to try; then wait for Ctrl-C, or with
    `check` ask them and end.

    Raises FileNotReadable outside a checkout of the repository, where there is no demo catalogue.
    """
    if not (CATALOGUE / "products.csv").is_file():
        raise FileNotReadable("The demo catalogue is part of the repository, not of the installed package.")
    # The requests that it shows are to work as they stand, also where the folder has a file of API keys.
    settings = read_settings(port=port, host="127.0.0.1", keys=Path("demo-keys.json"))
    console = Console(highlight=False, soft_wrap=True)
    understander = Understander.load(settings.model)
    with open_index(INDEX, understander.config.embedding_width) as index:
        console.print(table(ingest_catalogue(index, understander)))
        console.print(
            f"\nThey are in the index [bold]{INDEX}[/bold]. Search it by words, by --image or by --like ID:\n"
        )
        console.print(shlex.join(["shelflens", "search", "--index", INDEX, "--text", SEARCH]) + "\n")
        if check:
            show(search(Search((Example(SEARCH),), limit=3), index, understander))
    console.print("Starting the service on Ray Serve; this takes about half a minute.")
    serve(settings, blocking=False)
    try:
        with httpx.Client(base_url=url(settings), timeout=60, trust_env=False) as client:
            console.print(f"\nThe service answers at [bold]{url(settings)}/docs[/bold]. Three requests to try:\n")
            for question in QUESTIONS:
                console.print(f"[bold]{escape(question.asks)}[/bold]\n{escape(question.curl(url(settings)))}")
                if check:
                    console.print(escape(shortened(question.ask(client))))
                console.print()
        if not check:
            console.print("Ctrl-C ends it.")
            Event().wait()
    except KeyboardInterrupt:
        console.print("Ending.")
    finally:
        stop()


def ingest_catalogue(index: ProductIndex, understander: Understander) -> list[StoredProduct]:
    """The demo's products, understood and stored; the second time, only looked up."""
    feed = open_feed(CATALOGUE / "products.csv")
    worker = LocalWorker(understander, PictureReader(feed.root))
    with closing(Ledger(ledger_path(INDEX))) as ledger, tqdm(desc="demo catalogue", unit="product") as bar:
        run = ledger.begin(feed.fingerprint, index.identity)
        ingest(worker.results(feed, index.hashes), index, run, lambda tally: bar.update(tally.rows - bar.n))
    return [stored for stored in index.get([row.id for row in feed]) if stored]


def table(products: list[StoredProduct]) -> Table:
    decisions = Counter(stored.understanding.decision for stored in products)
    caption = ", ".join(f"{decision}: {count}" for decision, count in decisions.most_common())
    table = Table("product", "category", "score", "known of it", title=f"{len(products)} products", caption=caption)
    for stored in products:
        found = stored.understanding
        known = [value.name for value in (*found.attributes.values(), *found.tags)]
        path = " > ".join(found.category.path)
        table.add_row(escape(stored.product.title), path, f"{found.category.score:.2f}", ", ".join(known))
    return table


def shortened(answer: Any) -> str:
    """The answer's one result as JSON, a field a line, its embedding cut short."""
    result = {name: value for name, value in answer["results"][0].items() if value not in (None, [], {})}
    if "embedding" in result:
        shown = ", ".join(str(number) for number in result["embedding"][:4])
        result["embedding"] = f"[{shown}, … {len(result['embedding'])} numbers]"
    fields = (f" {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in result.items())
    return "{\n" + ",\n".join(fields) + "\n}"


def _shown(path: Path) -> str:
    """The path as seen from the working directory, if it lies below it."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
