"""`shelflens demo`: the demo catalogue goes through the running service, then three requests to try."""

import base64
import csv
import json
import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import httpx
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from tqdm import tqdm

from catalog.errors import FileNotReadable
from serving.deployments import serve, stop
from serving.preflight import url
from serving.settings import read_settings

CATALOGUE = Path(__file__).parent.parent / "assets" / "demo"
ROUTE = "/v1/products/analyze"
BATCH = 16


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
    """Start the service, let it understand the catalogue, print three requests; then wait for Ctrl-C, or with `check`
    ask them and end.

    Raises FileNotReadable outside a checkout of the repository, where there is no demo catalogue.
    """
    if not (CATALOGUE / "products.csv").is_file():
        raise FileNotReadable("The demo catalogue is part of the repository, not of the installed package.")
    settings = read_settings(port=port)
    console = Console(highlight=False, soft_wrap=True)
    console.print("Starting the service on Ray Serve; this takes about half a minute.")
    serve(settings, blocking=False)
    try:
        with httpx.Client(base_url=url(settings), timeout=60, trust_env=False) as client:
            console.print(understand_catalogue(client))
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


def understand_catalogue(client: httpx.Client) -> Table:
    """Send the demo's products as a client would. -> a table of what came back."""
    rows = list(csv.DictReader((CATALOGUE / "products.csv").read_text(encoding="utf-8").splitlines()))
    batches = [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]
    results: list[dict[str, Any]] = []
    for batch in tqdm(batches, desc="demo catalogue", unit="batch"):
        body = {"items": [item(row) for row in batch], "include": ["category", "tags", "attributes"]}
        results += client.post(ROUTE, json=body).raise_for_status().json()["results"]
    decisions = Counter(result["decision"] for result in results)
    caption = ", ".join(f"{decision}: {count}" for decision, count in decisions.most_common())
    table = Table("product", "category", "score", "known of it", title=f"{len(rows)} products", caption=caption)
    for row, result in zip(rows, results, strict=True):
        table.add_row(*cells(row["title"], result))
    return table


def item(row: dict[str, str]) -> dict[str, Any]:
    links = [row["image_link"], *row["additional_image_link"].split(",")]
    images = ["data:image/jpeg;base64," + base64.b64encode(data).decode() for data in pictures(links)]
    return {"id": row["id"], "title": row["title"], "description": row["description"], "images": images}


def pictures(links: list[str]) -> Iterator[bytes]:
    for link in links:
        if link:
            yield (CATALOGUE / link).read_bytes()


def cells(title: str, result: dict[str, Any]) -> tuple[str, str, str, str]:
    if result["error"]:
        return escape(title), f"[red]{escape(result['error']['message'])}[/red]", "", ""
    known = [value["value"] for value in result["attributes"].values()] + [tag["name"] for tag in result["tags"]]
    category = result["category"]
    return escape(title), " > ".join(category["path"]), f"{category['score']:.2f}", ", ".join(known)


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
