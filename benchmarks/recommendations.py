"""What recommendations find, beside popularity and item-kNN, and how long they take.

    python -m benchmarks.recommendations --data-root DIR [--only baskets cold sequences speed] [--vectors FILE]
        [--products 200000] [--index FOLDER] [--json FILE]

baskets: of completejourney, a grocer: the products of every basket of the last weeks, from what the household bought
before it; counts and weights are of the weeks before. cold: those of them that nobody had bought, among their like.
sequences: of amazon_beauty, ids alone: the last product of each of the sequences among all products, from those before;
both counts are of everything but the last. speed: one event and the recommendation that knows it, and recommendations
alone, over an index of made-up products. --vectors: a file for the vectors of products, which are made once.

Settings were chosen on weeks 41 to 46 of completejourney, with `--train-until 40 --test-until 46`; nothing was chosen
on amazon_beauty.
"""

import argparse
import csv
import json
import math
import random
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from catalog import Understander
from catalog.arrays import Floats
from catalog.behaviour.events import Event
from catalog.behaviour.log import EventLog
from catalog.behaviour.mixture import fit
from catalog.behaviour.recommend import ReadOnce, Wanted, chosen, weighed, weights_for
from catalog.behaviour.shop import Behaviour
from catalog.behaviour.shoppers import decayed, shopper_vector
from catalog.behaviour.sources import HISTORY, STEP, Sources, situation
from catalog.index.filters import Filter
from catalog.index.listing import Sort
from catalog.index.product_index import ProductIndex, open_index
from catalog.product import ContentHashes, Product, StoredProduct, Understanding

PARTS = ("baskets", "cold", "sequences", "speed")
NEIGHBOURS = 100  # of item-kNN
AT = 20
# HR@10 and NDCG@10 of SASRec on this data, full ranking: Rajput et al. 2023 (TIGER), table 1.
SASREC = {"hit rate@10": 0.0605, "NDCG@10": 0.0318}
DAY = 86_400.0
SHOPPERS = 2_000  # of speed


class Stock:
    """A catalogue in memory, compared exactly."""

    def __init__(self, ids: Sequence[str], vectors_NE: Floats) -> None:
        self.ids, self.vectors_NE = list(ids), vectors_NE
        self.at = {id: place for place, id in enumerate(self.ids)}

    def vectors(self, ids: Sequence[str]) -> dict[str, Floats]:
        return {id: self.vectors_NE[self.at[id]] for id in ids if id in self.at}

    def nearest(self, embedding: Floats, limit: int, filter: Filter | None = None) -> list[tuple[str, float]]:
        cosines_N = self.vectors_NE @ embedding
        best = np.argsort(-cosines_N, kind="stable")[:limit]
        return [(self.ids[place], float(cosines_N[place])) for place in best]

    def for_sale(self, ids: Sequence[str], filter: Filter | None = None) -> list[str]:
        return [id for id in ids if id in self.at]

    def readable(self, ids: Sequence[str], vectors: Mapping[str, Floats]) -> dict[str, StoredProduct]:
        return {id: stored(id, vectors[id]) for id in ids}

    def browse(self, filter: Filter | None = None, sort: Sort = "newest", limit: int = 10) -> list[StoredProduct]:
        return []


class ItemKnn:
    """Cosines of the columns of products in the table of who came to what, each with its nearest neighbours."""

    def __init__(self, events: Iterable[Event]) -> None:
        buyers: dict[str, set[str]] = defaultdict(set)
        bought: dict[str, set[str]] = defaultdict(set)
        for event in events:
            buyers[event.product].add(event.shopper)
            bought[event.shopper].add(event.product)
        self._buyers, self._bought = buyers, bought
        self._near: dict[str, dict[str, float]] = {}

    def scores(self, products: Iterable[str]) -> Counter[str]:
        found: Counter[str] = Counter()
        for product in set(products):
            found.update(self._neighbours(product))
        return found

    def _neighbours(self, product: str) -> Mapping[str, float]:
        if product not in self._near:
            both = Counter(other for buyer in self._buyers.get(product, ()) for other in self._bought[buyer])
            del both[product]
            own = len(self._buyers.get(product, ()))
            cosines = {other: count / math.sqrt(own * len(self._buyers[other])) for other, count in both.items()}
            best = sorted(cosines, key=lambda other: (-cosines[other], other))[:NEIGHBOURS]
            self._near[product] = {other: cosines[other] for other in best}
        return self._near[product]


def stored(id: str, vector_E: Floats, title: str = "") -> StoredProduct:
    understanding = Understanding(
        id=id, category=None, alternatives=(), tags=(), attributes={}, embedding=vector_E, modalities_used=("text",),
        decision="review",
    )  # fmt: skip
    return StoredProduct(Product(id=id, title=title), understanding, ContentHashes("", "", ""), "made up", ())


@contextmanager
def event_log(events: Iterable[Event]) -> Iterator[EventLog]:
    memory = Path("/dev/shm")
    where = tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None)
    with where as folder, closing(EventLog(Path(folder) / "events.sqlite")) as log:
        log.add(events)
        yield log


def grocer(folder: Path) -> tuple[list[tuple[int, Event]], dict[str, dict[str, str]]]:
    """-> purchases with their weeks, in the order of time, and the rows of the products that occur."""
    with (folder / "transactions_sample.csv").open() as file:
        rows = list(csv.DictReader(file))
    events = []
    for number, row in enumerate(rows):
        moment = float(row["transaction_timestamp"])
        event = Event(row["household_id"], "purchase", row["product_id"], moment, "", f"{number:06}")
        events.append((int(row["week"]), event))
    used = {event.product for _, event in events}
    with (folder / "products.csv").open() as file:
        products = {row["product_id"]: row for row in csv.DictReader(file) if row["product_id"] in used}
    return sorted(events, key=lambda one: (one[1].time, one[1].id)), products


def words(row: Mapping[str, str]) -> str:
    said = (row["product_type"], row["product_category"], row["package_size"])
    return ", ".join(filter(None, said)).lower() or row["department"].lower()


def word_vectors(products: Mapping[str, Mapping[str, str]], cache: Path | None) -> Stock:
    """Of the shipped model, by words alone."""
    if cache and cache.exists():
        with np.load(cache) as kept:
            return Stock(kept["ids"].tolist(), kept["vectors"])
    texts = list(dict.fromkeys(map(words, products.values())))
    found = dict(zip(texts, Understander.load().embed(texts), strict=True))
    vectors_NE = np.stack([found[words(row)] for row in products.values()]).astype(np.float32)
    if cache:
        np.savez(cache, ids=np.array(list(products)), vectors=vectors_NE)
    return Stock(list(products), vectors_NE)


def baskets(
    events: Sequence[tuple[int, Event]], since: int, until: int
) -> Iterator[tuple[list[Event], float, set[str]]]:
    """Of the weeks behind `since`: what the household bought before, when it came, and what it bought then."""
    before: dict[str, list[Event]] = defaultdict(list)
    grouped: dict[tuple[float, str], list[tuple[int, Event]]] = defaultdict(list)
    for week, event in events:
        grouped[event.time, event.shopper].append((week, event))
    for (moment, shopper), some in sorted(grouped.items()):
        if since < some[0][0] <= until:
            yield before[shopper][-HISTORY:], moment, {event.product for _, event in some}
        before[shopper] += [event for _, event in some]


def mean_recall(found: Sequence[Sequence[str]], wanted: Sequence[set[str]]) -> float:
    shares = [len(set(some[:AT]) & sought) / len(sought) for some, sought in zip(found, wanted, strict=True)]
    return round(sum(shares) / len(shares), 4)


def next_baskets(folder: Path, stock: Stock, since: int, until: int) -> dict[str, Any]:
    events, _ = grocer(folder)
    train = [event for week, event in events if week <= since]
    asked = list(baskets(events, since, until))
    knn = ItemKnn(train)
    popular = [product for product, _ in Counter(event.product for event in train).most_common(AT)]
    found: dict[str, list[Sequence[str]]] = defaultdict(list)
    with event_log(train) as log:
        mixture, sources = fit(log, stock), Sources(log, stock)
        for history, moment, _ in asked:
            now = situation(history, moment)
            given, weights = sources.read(now), weights_for(now, mixture)
            for name, diversity in (("recommendations", 0.1), ("without diversity", 0.0)):
                some = chosen(given, weights, now, Wanted(limit=AT, diversity=diversity), ReadOnce(stock))
                found[name].append([one.stored.id for one in some])
            found["popularity"].append(popular)
            scores = knn.scores(event.product for event in history)
            found["item-kNN"].append(sorted(scores, key=lambda id: (-scores[id], id))[:AT])
    figures = {name: mean_recall(some, [sought for *_, sought in asked]) for name, some in found.items()}
    return {"baskets": len(asked), f"recall@{AT}": figures, "weights": mixture._asdict()}


def cold_products(folder: Path, stock: Stock, since: int, until: int) -> dict[str, Any]:
    events, products = grocer(folder)
    train = [event for week, event in events if week <= since]
    known = {event.product for event in train}
    cold = sorted({event.product for week, event in events if since < week <= until} - known & stock.at.keys())
    cold = [product for product in cold if product in stock.at and product not in known]
    places = [stock.at[product] for product in cold]
    new = Stock(cold, stock.vectors_NE[places])
    types = Counter(products[event.product]["product_type"] for event in train if event.product in products)
    by_type = sorted(cold, key=lambda id: (-types[products[id]["product_type"]], id))[:AT]
    found: dict[str, list[Sequence[str]]] = defaultdict(list)
    wanted = []
    for history, _, sought in baskets(events, since, until):
        if not (history and (target := sought & set(cold))):
            continue
        speaking = list(dict.fromkeys(event.product for event in reversed(history)))[:10]
        vector = shopper_vector(stock.vectors(speaking), decayed(speaking, STEP))
        found["recommendations"].append([] if vector is None else [id for id, _ in new.nearest(vector, AT)])
        found["popularity of the product's type"].append(by_type)
        wanted.append(target)
    figures = {name: mean_recall(some, wanted) for name, some in found.items()}
    figures["popularity (knows none of them: chance)"] = round(AT / len(cold), 4)
    return {"products": len(cold), "baskets": len(wanted), f"recall@{AT}": figures}


def last_of_sequences(path: Path) -> dict[str, Any]:
    sequences = [line.split() for line in path.read_text().splitlines()]

    def events(shopper: str, products: Sequence[str]) -> list[Event]:
        return [
            Event(shopper, "view", product, 1e9 + place * DAY, "", f"{shopper}-{place}")
            for place, product in enumerate(products)
        ]

    train = [event for shopper, *products, _ in sequences for event in events(shopper, products)]
    knn = ItemKnn(train)
    popular = [product for product, _ in Counter(event.product for event in train).most_common(200)]
    places: dict[str, list[int | None]] = defaultdict(list)
    empty = Stock([], np.zeros((0, 1), np.float32))
    with event_log(train) as log:
        mixture, sources = fit(log, empty), Sources(log, empty)
        for shopper, *products, target in sequences:
            now = situation(events(shopper, products), 1e9 + len(products) * DAY)
            scored = {id: score for id, (score, _) in weighed(sources.read(now), mixture.first).items()}
            seen = set(products)
            places["recommendations"].append(place_of(target, scored, set()))
            places["recommendations of what is new to the shopper"].append(place_of(target, scored, seen))
            places["item-kNN"].append(place_of(target, knn.scores(products), seen))
            left = [product for product in popular if product not in seen]
            places["popularity"].append(left.index(target) if target in left[:10] else None)
    table: dict[str, Any] = {name: ranking(some) for name, some in places.items()}
    return {"sequences": len(sequences), "found": table | {"SASRec, published": SASREC}, "weights": mixture.first}


def place_of(target: str, scores: Mapping[str, float], without: set[str]) -> int | None:
    """Among the best ten, from 0."""
    if target in without or target not in scores:
        return None
    own = (-scores[target], target)
    better = sum((-score, id) < own for id, score in scores.items() if id not in without)
    return better if better < 10 else None


def ranking(places: Sequence[int | None]) -> dict[str, float]:
    hits = [place for place in places if place is not None]
    gain = sum(1 / math.log2(place + 2) for place in hits)
    return {"hit rate@10": round(len(hits) / len(places), 4), "NDCG@10": round(gain / len(places), 4)}


def speed(index: ProductIndex, state: Path) -> dict[str, Any]:
    """Milliseconds in this process. Each shopper stays within 60 products, some of which are others', too."""
    ids = [id for some in index.ids() for id in some]
    dice, now = random.Random(0), time.time()
    dice.shuffle(ids)

    def event(shopper: int, moment: float) -> Event:
        return Event(f"s{shopper}", "view", ids[(20 * shopper + dice.randrange(60)) % len(ids)], moment)

    with closing(Behaviour(state, index)) as shop:
        shop.add(event(shopper, now - 30 * DAY * dice.random()) for shopper in range(SHOPPERS) for _ in range(20))
        shop.learn()
        asking = [dice.randrange(SHOPPERS) for _ in range(1_000)]

        def event_and_answer(shopper: int) -> None:
            shop.add([event(shopper, time.time())])
            shop.recommend(f"s{shopper}", Wanted())

        alone = [timed(partial(shop.recommend, f"s{shopper}", Wanted(), now)) for shopper in asking]
        both = [timed(partial(event_and_answer, shopper)) for shopper in asking]
    return {
        "products": len(ids),
        "events": 20 * SHOPPERS,
        "recommendations, ms": percentiles(alone),
        "one event and the recommendations that know it, ms": percentiles(both),
    }


def fill(index: ProductIndex, products: int) -> None:
    """Made-up products, in a thousand heaps."""
    draw = np.random.default_rng(0)
    heaps_HE = draw.normal(size=(1_000, 256))
    for start in range(0, products, 2_000):
        noisy_NE = heaps_HE[np.arange(start, start + 2_000) % 1_000] + 0.7 * draw.normal(size=(2_000, 256))
        unit_NE = (noisy_NE / np.linalg.norm(noisy_NE, axis=1, keepdims=True)).astype(np.float32)
        index.upsert([stored(f"p{start + n}", vector_E, f"Product {start + n}") for n, vector_E in enumerate(unit_NE)])
    index.wait_until_indexed(1_800)


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds by the clock, and of all this process's threads on the processor."""
    start, worked = time.perf_counter(), time.process_time()
    work()
    return 1_000 * (time.perf_counter() - start), 1_000 * (time.process_time() - worked)


def percentiles(taken: Sequence[tuple[float, float]]) -> dict[str, float]:
    clock, processor = zip(*taken, strict=True)
    parts = {f"p{part}": float(np.percentile(clock, part)) for part in (50, 95, 99)}
    parts |= {f"processor p{part}": float(np.percentile(processor, part)) for part in (50, 95)}
    return {name: round(value, 2) for name, value in parts.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--vectors", type=Path, default=None)
    parser.add_argument("--products", type=int, default=200_000)
    parser.add_argument("--index", default=None, help="Of speed: one that is there; its products stay as they are.")
    parser.add_argument("--train-until", type=int, default=46, help="The last week that is learnt from.")
    parser.add_argument("--test-until", type=int, default=53)
    parser.add_argument("--json", type=Path, default=None)
    arguments = parser.parse_args()
    grocery = arguments.data_root / "behaviour" / "completejourney"
    weeks = (arguments.train_until, arguments.test_until)
    figures: dict[str, Any] = {}
    if {"baskets", "cold"} & set(arguments.only):
        stock = word_vectors(grocer(grocery)[1], arguments.vectors)
        if "baskets" in arguments.only:
            figures["baskets"] = next_baskets(grocery, stock, *weeks)
        if "cold" in arguments.only:
            figures["cold"] = cold_products(grocery, stock, *weeks)
    if "sequences" in arguments.only:
        figures["sequences"] = last_of_sequences(arguments.data_root / "behaviour" / "amazon_beauty" / "sequences.txt")
    if "speed" in arguments.only:
        with tempfile.TemporaryDirectory() as folder, open_index(arguments.index or f"{folder}/index", 256) as index:
            if not index.count():
                fill(index, arguments.products)
            figures["speed"] = speed(index, Path(folder) / "behaviour.sqlite")
    text = json.dumps(figures, indent=1)
    print(text)
    if arguments.json:
        arguments.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
