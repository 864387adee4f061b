"""The queue: what contradicts itself comes first, in whatever order."""

from dataclasses import replace

import pytest

from catalog.index.product_index import open_index
from serving.storage.review.feedback import QueueOrder
from serving.storage.review.informative import InformativeOrder
from serving.storage.review.waiting import QueueQuery, read
from tests.support.stored import WIDTH, quick_folder, stored_product

DOUBTFUL = {"3", "7", "8", "11"}


@pytest.mark.parametrize("order", ["stored", "surest", "least_sure", "informative"])
@pytest.mark.parametrize("limit", [1, 3, 4, 5, 20])
def test_what_contradicts_itself_comes_first_and_each_product_once(order: QueueOrder, limit: int) -> None:
    products = [stored_product(str(number), decision="review") for number in range(12)]
    found: list[str] = []
    with quick_folder() as folder, open_index(folder, WIDTH) as index:
        index.upsert(
            [replace(one, contradictions=("title_and_field_differ",) if one.id in DOUBTFUL else ()) for one in products]
        )
        ranking, after = InformativeOrder(index), ""
        while True:
            page, after = read(index, ranking, QueueQuery(limit, after, order))
            assert len(page) <= limit
            found += [one.id for one in page]
            if not after:
                break
    assert {*found[: len(DOUBTFUL)]} == DOUBTFUL
    assert sorted(found) == sorted(one.id for one in products)
