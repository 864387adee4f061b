"""A feed of ids and prices alone changes the offers of products that are stored, and nothing else of them."""

from collections.abc import Iterator, Sequence
from contextlib import closing

from catalog.feeds import Row
from catalog.ingest.ledger import Failure, Ledger, Run
from catalog.ingest.run import IngestRun
from catalog.product import Product
from tests.support.ingest_shop import Shop


class Offers:
    """Rows of a feed that has a part of the offer alone."""

    def __init__(self, fields: Sequence[str], *products: Product) -> None:
        self.fingerprint = repr(products)
        self._rows = [
            Row(line, product, (), {"id": product.id}, offer_fields=frozenset(fields))
            for line, product in enumerate(products, 2)
        ]

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)


def ingested(shop: Shop, feed: Offers) -> tuple[Run, list[Failure]]:
    shop.understander.read = 0
    with shop.index() as index, closing(Ledger(shop.location / "ledger.sqlite")) as ledger:
        run = IngestRun(feed, index, ledger)
        run.execute(shop.worker())
        return run.run, list(run.run.failures())


def test_prices_are_new_and_all_else_stays(shop: Shop) -> None:
    shop.ingest()
    with shop.index() as index:
        [before] = index.get(["Shirt-red-0"])
    prices = Offers(
        ["price", "currency"],
        Product("Shirt-red-0", price=1.5, currency="EUR"),
        Product("Shirt-red-1", price=11.0, currency="EUR"),
        Product("unknown", price=2.0, currency="EUR"),
    )
    run, failures = ingested(shop, prices)
    assert run.tally.outcomes == {"offer_updated": 1, "unchanged": 1, "failed": 1}
    assert [(f.line, f.id, f.code) for f in failures] == [(4, "unknown", "product_not_found")]
    assert shop.understander.read == 0
    with shop.index() as index:
        [after] = index.get(["Shirt-red-0"])
    assert before
    assert after
    assert (after.product.price, after.product.title, after.product.brand) == (1.5, "red Shirt 0", "Halden")
    assert after.image_refs == before.image_refs
    assert after.hashes._replace(offer="") == before.hashes._replace(offer="")


def test_the_whole_feed_again_finds_what_the_prices_changed(shop: Shop) -> None:
    shop.ingest()
    ingested(shop, Offers(["price"], Product("Shirt-red-0", price=1.5)))
    assert shop.ingest().tally.outcomes == {"unchanged": 23, "offer_updated": 1}
    shop.rows[0]["price"] = "1.5 EUR"
    shop.write()
    shop.ingest()
    run, _ = ingested(shop, Offers(["price"], Product("Shirt-red-0", price=1.5)))
    assert run.tally.outcomes == {"unchanged": 1}


def test_attributes_that_are_not_given_stay(shop: Shop) -> None:
    shop.ingest()
    ingested(shop, Offers(["attributes"], Product("Shirt-red-0", attributes={"size": "M", "fit": "slim"})))
    ingested(shop, Offers(["attributes"], Product("Shirt-red-0", attributes={"size": "L"})))
    with shop.index() as index:
        [found] = index.get(["Shirt-red-0"])
    assert found
    assert found.product.attributes == {"size": "L", "fit": "slim"}
