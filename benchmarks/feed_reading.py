"""How fast feeds are read, without a model, as CSV and as XML: rows a second, peak memory, and the shortest reader.

    python benchmarks/feed_reading.py [--rows 100000]

The rows have Google Merchant's columns, with made-up products. Seconds are of the processor, as only one core reads.
The shortest reader is what a user would write: `csv.DictReader`, and `float` of the price. It reads nothing but that.
"""

import argparse
import csv
import random
import resource
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from xml.sax.saxutils import escape

from catalog.feeds import open_feed

COLUMNS = (
    *(
        "id",
        "title",
        "description",
        "link",
        "image_link",
        "price",
        "sale_price",
        "brand",
        "color",
        "gender",
        "availability",
    ),
    *("product_type", "gtin"),
)
THINGS = ("Trail shoe", "Oak table", "Rain jacket", "Steel kettle", "Wool scarf", "Desk lamp", "Bücherregal", "Gürtel")
HEAD = '<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel><title>shop</title>\n'


def rows(count: int) -> Iterator[dict[str, str]]:
    draw = random.Random(0)
    for number in range(count):
        thing = draw.choice(THINGS)
        yield {
            "id": f"A{number}",
            "title": f"{thing} {draw.choice(('red', 'blue', 'green'))} {number}",
            "description": f"<p>{thing}, washable &amp; light. {'Sturdy. ' * draw.randint(0, 20)}</p>",
            "link": f"https://shop.example/{number}",
            "image_link": f"https://shop.example/{number}.jpg",
            "price": f"{draw.uniform(1, 2000):.2f} EUR",
            "sale_price": "",
            "brand": draw.choice(("Kestrel", "Halden", "Söder & Co")),
            "color": draw.choice(("Red", "Blue", "Green")),
            "gender": "unisex",
            "availability": "in_stock",
            "product_type": "Home > Things",
            "gtin": "4006381333931",
        }


def write_csv(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows(count))


def write_xml(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(HEAD)
        for row in rows(count):
            cells = "".join(f"<g:{name}>{escape(cell)}</g:{name}>" for name, cell in row.items())
            file.write(f"<item>{cells}</item>\n")
        file.write("</channel></rss>\n")


def shortest(path: Path) -> Iterator[float]:
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            with suppress(ValueError):
                yield float(row["price"].split()[0])


def rate(items: Iterable[object], count: int) -> float:
    started = time.process_time()
    found = sum(1 for _ in items)
    assert found == count
    return count / (time.process_time() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    count = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        table, document = Path(folder) / "feed.csv", Path(folder) / "feed.xml"
        write_csv(table, count)
        write_xml(document, count)
        rates = {"CSV": rate(open_feed(table), count), "XML": rate(open_feed(document), count)}
        alternative = rate(shortest(table), count)
    print("| feed | rows a second | of csv.DictReader and float |\n|---|---|---|")
    for name, found in rates.items():
        print(f"| {name} | {found:,.0f} | {found / alternative:.3f} |")
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB for {count:,} rows")


if __name__ == "__main__":
    main()
