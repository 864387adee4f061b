"""What pretraining reads of a feed, and how it holds products out."""

from pathlib import Path

import pytest
import torch

from catalog.errors import TooFewProducts
from catalog.feeds import open_feed
from catalog.images import ImageReader
from catalog.ingest.pipeline import LocalWorker
from catalog.model.checkpoint import load_model
from catalog.model.runtime.pytorch import TorchRuntime
from catalog.understand import Understander
from tests.support.shop_feed import write_shop
from tests.support.tiny import tiny_folder
from training.pretrain.catalogue import Catalogue, Groups, Item, read_catalogue, sampled, split


def catalogue_of(groups: list[int]) -> Catalogue:
    items = [Item(str(row), f"title {row}", f"title {row}", "", group) for row, group in enumerate(groups)]
    count = len(items)
    return Catalogue(items, [torch.zeros(1, 4).half()] * count, torch.zeros(count, 4), torch.ones(count).bool(), count)


def read(feed: Path, model: Path, max_products: int = 1_000) -> Catalogue:
    checkpoint = load_model(model)
    worker = LocalWorker(Understander(checkpoint, TorchRuntime(checkpoint.model)), ImageReader(feed.parent))
    return read_catalogue(open_feed(feed), worker, checkpoint.model, checkpoint.tokenizer, 0, max_products)


def test_products_that_share_a_key_are_one_group() -> None:
    groups = Groups()
    for number, keys in enumerate((["image a", "title x"], ["title y"], ["image a"], ["title y", "title x"], [])):
        groups.of(number, keys)
    assert [groups.root(number) for number in range(5)] == [0, 0, 0, 0, 4]


def test_no_group_is_on_both_sides_and_none_is_held_out_twice() -> None:
    catalogue = catalogue_of([row - row % 2 for row in range(400)])
    train, held = split(catalogue, seed=0)
    of_train, of_held = ([catalogue.items[row].group for row in rows] for rows in (train, held))
    assert not set(of_train) & set(of_held)
    assert len(held) == len(set(of_held)) == 80
    assert split(catalogue, seed=0) == (train, held) != split(catalogue, seed=1)


def test_a_group_of_half_the_shop_is_trained_on() -> None:
    train, held = split(catalogue_of([0] * 200 + list(range(200, 400))), seed=0)
    assert set(range(200)) <= set(train)
    assert len(held) == 80


def test_a_shop_of_one_image_cannot_be_split() -> None:
    with pytest.raises(TooFewProducts, match=r"Only 0 products .* can be held out"):
        split(catalogue_of([0] * 400), seed=0)


def test_a_large_feed_is_sampled_and_keeps_its_bad_rows(tmp_path: Path) -> None:
    feed = tmp_path / "feed.csv"
    lines = [f"{number},red shirt {number},{'red' if number == 7 else ''}\n" for number in range(50)]
    feed.write_text("id,title,attributes\n" + "".join(lines), encoding="utf-8")
    count, rows = sampled(open_feed(feed), 0, 10)
    assert (count, len(rows)) == (50, 11)
    assert [row.line for row in rows] == sorted(row.line for row in rows)
    assert "7" in {row.id for row in rows}
    lines_of = {seed: [row.line for row in sampled(open_feed(feed), seed, 10)[1]] for seed in (0, 1)}
    assert lines_of[0] == [row.line for row in rows] != lines_of[1]


def test_a_feed_is_read_as_an_ingest_reads_it(tmp_path: Path) -> None:
    feed = write_shop(tmp_path / "shop", products=210)
    with feed.open("a", encoding="utf-8") as file:
        file.write('{"id": "p0", "title": "red shoe"}\n{"id": "gone", "title": "red shoe", "image": "gone.png"}\n')
        file.write('{"id": "red", "title": "red apple", "attributes": "red"}\n')
    catalogue = read(feed, tiny_folder(tmp_path / "model"))
    assert (catalogue.rows, len(catalogue.items), len(catalogue.pairs)) == (213, 211, 210)
    assert {row.code for row in catalogue.failures} == {"row_id_duplicate", "row_invalid"}
    assert len({item.type for item in catalogue.items if item.type}) == 12
    catalogue.save(tmp_path / "kept.pt")
    again = Catalogue.load(tmp_path / "kept.pt")
    assert again.items == catalogue.items
    assert [row[:4] for row in again.failures] == [row[:4] for row in catalogue.failures]
    torch.testing.assert_close(again.images([3, 200]).pooled_BD, catalogue.images([3, 200]).pooled_BD)


def test_tokens_are_kept_for_a_fusion_that_reads_them(tmp_path: Path) -> None:
    feed = write_shop(tmp_path / "shop", products=200)
    late, cross = (read(feed, tiny_folder(tmp_path / fusion, fusion)) for fusion in ("late", "cross"))
    assert late.images([0, 1]).tokens_BTD.shape == (2, 1, 24)
    assert cross.images([0, 1]).tokens_BTD.shape == (2, 17, 24)


def test_too_few_products_are_refused(tmp_path: Path) -> None:
    feed = write_shop(tmp_path / "shop", products=199)
    with pytest.raises(TooFewProducts, match=r"The feed has 199 products .* needs at least 200"):
        read(feed, tiny_folder(tmp_path / "model"))
