"""Makes `events.csv` and `sales.csv`: what shoppers who do not exist looked at and bought in the demo's shop.

    python assets/demo/made_up.py

Each shopper has one or two tastes, and goes for their products in visits. Groceries are bought again each week. Sales
are counts of a week, with a season for what has one; two products are new and have three weeks only.
"""

import csv
import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

HERE = Path(__file__).parent
SHOPPERS, BEGIN, WEEKS = 40, datetime(2026, 5, 4, tzinfo=UTC), 8
TASTES = {
    "running": (13, 28, 31, 25, 18, 12),
    "office": (11, 15, 26, 23, 21, 4),
    "summer": (8, 17, 24, 18, 9, 30, 16),
    "weekend": (1, 2, 3, 6, 10, 14, 25),
    "breakfast": (46, 47, 48, 35, 32, 36),
    "kitchen": (39, 40, 41, 43, 44, 45, 37),
}
WEEKLY = {"breakfast", "kitchen"}
SALES_WEEKS, NEW, NEW_WEEKS = 52, (6, 41), 3
SUMMER, WINTER = {8, 9, 12, 17, 18, 24, 31, 39, 43}, {4, 6, 7, 27, 29, 36}
Row = tuple[str, ...]


def events(random: Random) -> Iterator[Row]:
    for shopper in range(1, SHOPPERS + 1):
        tastes = random.sample(sorted(TASTES), random.choice((1, 2)))
        for week in range(WEEKS):
            for taste in tastes:
                if random.random() < (0.7 if taste in WEEKLY else 0.25):
                    moment = BEGIN + timedelta(
                        weeks=week, days=random.randrange(7), minutes=random.randrange(600, 1300)
                    )
                    yield from visit(random, f"shopper-{shopper:02}", TASTES[taste], moment, taste in WEEKLY)


def visit(random: Random, shopper: str, liked: tuple[int, ...], moment: datetime, buys: bool) -> Iterator[Row]:
    for product in random.sample(liked, random.randint(2, 4)):
        kinds = ["view"]
        if random.random() < (0.8 if buys else 0.35):
            kinds += ["cart"] + ["purchase"] * (random.random() < 0.8)
        for kind in kinds:
            moment += timedelta(seconds=random.randint(10, 90))
            yield shopper, name(product), kind, moment.isoformat().replace("+00:00", "Z")


def sales(random: Random) -> Iterator[Row]:
    first = BEGIN - timedelta(weeks=SALES_WEEKS - WEEKS)
    for product in range(1, 49):
        level = random.uniform(12, 40) if product > 31 else random.uniform(2, 9)
        for week in range(SALES_WEEKS - NEW_WEEKS if product in NEW else 0, SALES_WEEKS):
            day = first + timedelta(weeks=week)
            turn = math.cos(2 * math.pi * (day.timetuple().tm_yday - 200) / 365)  # 1 in the middle of July
            season = 1 + 0.6 * turn * ((product in SUMMER) - (product in WINTER))
            sold = max(0, round(random.gauss(level * season, math.sqrt(level))))
            yield name(product), day.date().isoformat(), str(sold)


def name(product: int) -> str:
    return f"demo-{product:03}"


def write(file: str, columns: Row, rows: Iterator[Row]) -> None:
    with (HERE / file).open("w", newline="", encoding="utf-8") as opened:
        csv.writer(opened, lineterminator="\n").writerows((columns, *rows))


if __name__ == "__main__":
    made = sorted(events(Random(0)), key=lambda row: row[3])
    write("events.csv", ("id", "user", "product", "kind", "time"), ((f"e{n}", *row) for n, row in enumerate(made, 1)))
    write("sales.csv", ("product", "week", "units"), sales(Random(1)))
