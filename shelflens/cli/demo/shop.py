"""The demo's shop: shoppers, reviews, documents and sales that are all made up, and what comes of them."""

import csv
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from serving.client import Client
from serving.client.operations.reviews import ReviewFields
from serving.client.operations.shoppers import EventFields
from shelflens.cli.demo.request import CATALOGUE, Question

EVENTS, REVIEWS, SALES = CATALOGUE / "events.csv", CATALOGUE / "reviews.csv", CATALOGUE / "sales.csv"
DOCUMENTS = CATALOGUE / "documents"
EVENTS_AT_ONCE = 1_000
NEW, OLD_WEEKS = "demo-041", 26  # a product that was just listed; weeks of the others that are sent


def bring_in_shop(client: Client) -> str:
    """Keep what shoppers did, reviews and documents. The second time nothing is new. -> a sentence that says so."""
    events = [event(row) for row in rows(EVENTS)]
    for start in range(0, len(events), EVENTS_AT_ONCE):
        client.add_events(events[start : start + EVENTS_AT_ONCE])
    reviews: dict[str, list[ReviewFields]] = defaultdict(list)
    for row in rows(REVIEWS):
        rating, moment = float(row["rating"]), f"{row['date']}T12:00:00Z"
        reviews[row["product"]].append({"id": row["id"], "text": row["text"], "rating": rating, "written_at": moment})
    for product, some in reviews.items():
        client.add_reviews(product, some)
    documents = sorted(DOCUMENTS.iterdir())
    for path in documents:
        client.add_document(path)
    count = sum(map(len, reviews.values()))
    shoppers = len({one["user_id"] for one in events})
    return f"{shoppers} shoppers, {count} reviews and {len(documents)} documents are in, all of them made up."


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def event(row: Mapping[str, str]) -> EventFields:
    found: Any = {"id": row["id"], "user_id": row["user"], "product_id": row["product"]}
    return found | {"kind": row["kind"], "time": row["time"]}


def histories() -> list[dict[str, Any]]:
    """Sales of groceries a week, as a forecast takes them. A new product has three weeks only."""
    sold: dict[str, list[int]] = defaultdict(list)
    for row in rows(SALES) if SALES.is_file() else ():
        sold[row["product"]].append(int(row["units"]))
    chosen = ("demo-048", NEW, "demo-039", "demo-040", "demo-042", "demo-043")
    return [{"id": id, "sales": sold[id][-OLD_WEEKS:]} for id in chosen]


def recommended(answer: Any) -> str:
    lines = []
    for one in answer["recommendations"]:
        why = one["reason"]
        of = f" {why['title'] or why['product_id']}" if why["product_id"] else ""
        lines.append(f"{one['product']['title']}  ({why['source']}{of})")
    return "\n".join(lines)


def together(answer: Any) -> str:
    return "\n".join(f"{one['product']['title']}  ({one['times']} times)" for one in answer["products"])


def aspects(answer: Any) -> str:
    return "\n".join(
        f"{one['name']}: {one['negative']} of {one['reviews']} negative, such as: "
        + next((said["text"] for said in one["sentences"] if said["sentiment"] == "negative"), "-")
        for one in answer["aspects"][:3]
    )


def answers(answer: Any) -> str:
    if not answer["answered"]:
        return str(answer["message"])
    best = answer["answers"][0]
    return f"{best['text']}  ({best['document'] or best['source']} {best['name']}, {best['score']:.2f})"


def drafted(answer: Any) -> str:
    bullets = "\n".join(f"- {one['text']}" for one in answer["bullets"])
    return f"{answer['title']['text']}  ({answer['title']['length']} of {answer['title']['limit']})\n{bullets}"


def priced(answer: Any) -> str:
    if answer["reason"]:
        return str(answer["reason"])
    compared = ", ".join(one["title"] for one in answer["comparables"][:3])
    return f"{answer['low']} to {answer['high']} {answer['currency']}, compared with: {compared}"


def forecast(answer: Any) -> str:
    return "\n".join(
        f"{one['id']}: {one['mean']} a week by {one['method']}; order again at {one['reorder_point']:.0f}"
        if not one["reason"]
        else f"{one['id']}: {one['reason']}"
        for one in answer["forecasts"][:2]
    )


def edges(answer: Any) -> str:
    return "\n".join(
        f"{one['subject']} {one['predicate']} {one['object']}  ({one['by']}, {one['score']:.2f})"
        for one in answer["edges"][:6]
    )


def intents(answer: Any) -> str:
    return "\n".join(f"{one['intent']} ({one['score']:.2f})" for one in answer["results"])


def questions() -> tuple[Question, ...]:
    """They need the demo's files, so they are made when they are asked for."""
    messages = ["Where is my parcel?", "The strap broke after a week. I want my money back.", "这双鞋的尺码偏小"]
    return (
        Question("What may this shopper want next?", "/v1/users/shopper-08/recommendations?limit=4", recommended),
        Question("What is bought together with milk?", "/v1/products/demo-046/bought-together?limit=3", together),
        Question("What do reviews say of the handbag?", "/v1/products/demo-019/reviews/summary", aspects),
        Question("What are these messages about?", "/v1/intents", intents, body={"texts": messages}),
        Question(
            "A question about a product, and one that a document answers:",
            "/v1/products/demo-024/ask",
            answers,
            body={"question": "Do the lenses block UV light?"},
        ),
        Question("", "/v1/ask", answers, body={"question": "How long does delivery take?"}),
        Question(
            "A listing of a product within a channel's limits, from verified words alone:",
            "/v1/products/demo-013/draft",
            drafted,
            body={"channel": "ebay"},
        ),
        Question("What may the navy T-shirt cost?", "/v1/products/demo-001/price?coverage=0.8", priced),
        Question(
            "How much of two products will be sold, the second of which is new?",
            "/v1/demand",
            forecast,
            body={"histories": histories()},
        ),
        Question("What is known of a product, and from where?", "/v1/products/demo-013/knowledge", edges),
    )
