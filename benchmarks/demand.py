"""Weekly demand of a grocer: forecasts of its last four weeks, and of products as if they were new.

    python -m benchmarks.demand --data-root DATA [--products 500] [--new 100] [--seed 0] [--end 53] [--cache FOLDER]

The products are the most often bought before the last four weeks, without fuel, whose units are not pieces. An error is
a mean absolute scaled error (Hyndman and Koehler 2006): by that of a naive forecast of one week within the history.
Beside `catalog.demand`: the same four weeks before (`seasonal naive`: of a season of a year the histories have one),
the last week, and AutoETS of statsforecast where it is installed, with a season of four weeks and without. `covered`:
how many weeks the 80 % intervals hold.

new: so many of the products, drawn by the seed, have no history; the others are the catalogue, with the shipped model's
embeddings of their type, size and category. `category mean`: the mean of its category's products in the last 13 weeks.
--end: the last week that is known; 49 is what the constants of `catalog.demand.cold` were chosen on.
"""

import argparse
import csv
import pickle
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from catalog.arrays import Floats
from catalog.demand import ENOUGH, forecast, from_neighbours, neighbours_of
from catalog.demand.cold import RECENT
from catalog.demand.methods import Doubles
from catalog.product import Product, Understanding
from catalog.understand import Understander

HORIZON = 4
SEASON = 4
COVERAGE = 0.8
FUEL = "GASOLINE"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--products", type=int, default=500)
    parser.add_argument("--new", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--end", type=int, default=53)
    parser.add_argument("--cache", type=Path, help="Folder where embeddings are kept between runs.")
    given = parser.parse_args()
    folder = given.data_root / "behaviour" / "completejourney"
    rows = {row["product_id"]: row for row in csv.DictReader((folder / "products.csv").open(encoding="utf-8"))}
    sales = weekly(folder / "transactions_sample.csv", rows, given.products, given.end)
    print(f"{len(sales)} products, {len(next(iter(sales.values()))) - HORIZON} weeks known, {HORIZON} asked")
    warm(sales)
    kept = given.cache / f"demand-{given.products}-{given.end}.pickle" if given.cache else None
    cold({id: rows[id] for id in sales}, sales, given.new, given.seed, kept)


def weekly(path: Path, rows: Mapping[str, dict[str, str]], count: int, end: int) -> dict[str, Doubles]:
    """(T,) of each product: units of the weeks 1 to `end`."""
    bought, units = Counter[str](), defaultdict[str, Doubles](lambda: np.zeros(end))
    for row in csv.DictReader(path.open(encoding="utf-8")):
        week, quantity = int(row["week"]), float(row["quantity"])
        product = rows.get(row["product_id"])
        if week <= end and quantity > 0 and product and not product["product_type"].startswith(FUEL):
            units[row["product_id"]][week - 1] += quantity
            bought[row["product_id"]] += week <= end - HORIZON
    return {id: units[id] for id, _ in bought.most_common(count)}


def scale(known_T: Doubles) -> float:
    return float(np.abs(np.diff(begun(known_T))).mean()) or 1.0


def begun(known_T: Doubles) -> Doubles:
    """From the first sale on, but for `ENOUGH` weeks: before it the product may not have been for sale."""
    return known_T[min(int(np.argmax(known_T > 0)), len(known_T) - ENOUGH) :]


def warm(sales: Mapping[str, Doubles]) -> None:
    known = [begun(each[:-HORIZON]) for each in sales.values()]
    true_NH = np.stack([each[-HORIZON:] for each in sales.values()])
    scale_N = np.array([scale(each) for each in known])
    start = time.process_time()
    found = [forecast(each, HORIZON, COVERAGE) for each in known]
    each_ms = 1000 * (time.process_time() - start) / len(known)
    inside = [(one.low_H <= true) & (true <= one.high_H) for one, true in zip(found, true_NH, strict=True)]
    show("ours, median", np.stack([one.median_H for one in found]), true_NH, scale_N)
    show("ours, mean", np.stack([one.mean_H for one in found]), true_NH, scale_N)
    print(f"{'':24} {each_ms:.1f} ms a product; covered {np.mean(inside):.1%} (80 % asked); {methods(found)}")
    show("seasonal naive", np.stack([each[-SEASON:] for each in known]), true_NH, scale_N)
    show("last week", np.stack([np.repeat(each[-1], HORIZON) for each in known]), true_NH, scale_N)
    for season in (1, SEASON):
        start = time.process_time()
        ets_NH = auto_ets(known, season)
        if ets_NH is not None:
            show(f"AutoETS, season {season}", ets_NH, true_NH, scale_N)
            print(f"{'':24} {1000 * (time.process_time() - start) / len(known):.1f} ms a product")


def methods(found: Sequence[Any]) -> str:
    return ", ".join(f"{name} {count}" for name, count in Counter(one.method for one in found).most_common(4))


def auto_ets(known: Sequence[Doubles], season: int) -> Doubles | None:
    """(N, H): None where statsforecast is not installed."""
    try:
        from statsforecast.models import AutoETS
    except ImportError:
        print("AutoETS: statsforecast is not installed")
        return None
    found = [AutoETS(season_length=season).forecast(each.astype(np.float64), HORIZON)["mean"] for each in known]
    return np.stack(found)


def show(way: str, said_NH: Doubles, true_NH: Doubles, scale_N: Doubles) -> None:
    error_N = np.abs(said_NH - true_NH).mean(axis=1) / scale_N
    print(f"{way:24} MASE {error_N.mean():.3f}  median {np.median(error_N):.3f}", flush=True)


def cold(
    rows: Mapping[str, dict[str, str]], sales: Mapping[str, Doubles], count: int, seed: int, kept: Path | None
) -> None:
    ids = list(sales)
    new = [ids[at] for at in np.random.default_rng(seed).choice(len(ids), count, replace=False)]
    others = {id: sales[id][:-HORIZON] for id in ids if id not in set(new)}
    vectors = embeddings(rows, kept)
    known = {id: vectors[id] for id in others}
    true_NH = np.stack([sales[id][-HORIZON:] for id in new])
    scale_N = np.array([scale(sales[id][:-HORIZON]) for id in new])
    found = [from_neighbours(neighbours_of(vectors[id], known), others, HORIZON, COVERAGE) for id in new]
    inside = [(one.low_H <= true) & (true <= one.high_H) for one, true in zip(found, true_NH, strict=True)]
    print(f"{len(new)} products as if new, {len(others)} with histories")
    show("ours, median", np.stack([one.median_H for one in found]), true_NH, scale_N)
    show("ours, mean", np.stack([one.mean_H for one in found]), true_NH, scale_N)
    print(f"{'':24} covered {np.mean(inside):.1%} (80 % asked)")
    by_kind: dict[str, list[Doubles]] = defaultdict(list)
    for id, each in others.items():
        by_kind[rows[id]["product_category"]].append(each[-RECENT:])
    everything = list(others.values())
    for name, middle in (("mean", np.mean), ("median", np.median)):
        said = [float(middle(by_kind.get(rows[id]["product_category"]) or everything)) for id in new]
        show(f"category {name}", np.repeat(np.array(said)[:, None], HORIZON, axis=1), true_NH, scale_N)


def embeddings(rows: Mapping[str, dict[str, str]], kept: Path | None) -> dict[str, Floats]:
    if kept and kept.exists():
        known: dict[str, Floats] = pickle.loads(kept.read_bytes())
        return known
    products = [
        Product(
            id=id,
            title=" ".join(filter(None, (row["product_type"], row["package_size"]))),
            description=" > ".join(filter(None, (row["department"], row["product_category"]))),
        )
        for id, row in rows.items()
    ]
    read = Understander.load().understand(products, evidence=False)
    found = {one.id: one.embedding for one in read if isinstance(one, Understanding)}
    if kept:
        kept.write_bytes(pickle.dumps(found))
    return found


if __name__ == "__main__":
    main()
