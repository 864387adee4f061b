"""Bulk ingest: a feed goes in whole, again for nothing, and on from where it was cut off."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from catalog.errors import DiskFull, IndexDamaged, IndexOfOtherModel
from catalog.feeds import open_feed
from catalog.index.filters import parse_filter
from catalog.ingest.dry_run import dry_run
from catalog.ingest.ledger import Ledger
from catalog.ingest.pipeline import Results, ingest
from tests.support.catalogue import draw_product
from tests.support.ingest_shop import CHUNK, Counting, Shop
from tests.support.malformed.images import encode
from tests.support.tiny import tiny_onnx_folder


def test_a_feed_goes_in_whole_and_is_stored_as_it_was_understood(shop: Shop) -> None:
    run = shop.ingest()
    assert run.tally.outcomes == {"added": 24}
    assert shop.understander.read == 24
    with shop.index() as index:
        assert index.count() == 24
        [stored] = index.get(["Shirt-red-1"])
        assert stored is not None
        assert (stored.product.title, stored.product.price, stored.product.currency) == ("red Shirt 1", 11.0, "EUR")
        assert stored.image_refs == ("Shirt-red.png",)
        assert stored.understanding.modalities_used == ("image", "text")
    assert run.tally.understood == run.tally.categories.total() == 24


def test_the_same_feed_again_costs_the_model_nothing(shop: Shop) -> None:
    shop.ingest()
    run = shop.ingest()
    assert run.tally.outcomes == {"unchanged": 24}
    assert shop.understander.read == 0


def test_a_new_price_or_brand_costs_the_model_nothing_and_is_found(shop: Shop) -> None:
    shop.ingest()
    shop.rows[3] |= {"price": "99.50 EUR", "brand": "Fjell"}
    shop.write()
    run = shop.ingest()
    assert run.tally.outcomes == {"unchanged": 23, "offer_updated": 1}
    assert shop.understander.read == 0
    with shop.index() as index:
        assert index.count(parse_filter({"price": {"gte": 99, "lte": 100}, "brand": "Fjell"})) == 1


def test_words_that_contradict_a_field_are_noted_until_the_field_is_mended(shop: Shop) -> None:
    for row in shop.rows:
        row["colour"] = ""
    shop.rows[0] |= {"title": "red shirt 1", "colour": "Black"}
    shop.write()
    shop.ingest()
    with shop.index() as index:
        [stored] = index.get([shop.rows[0]["id"]])
    assert stored
    assert "title_and_field_differ" in stored.contradictions
    assert stored.understanding.decision != "auto"
    shop.rows[0]["colour"] = "Red"
    shop.write()
    assert shop.ingest().tally.outcomes["offer_updated"] == 1
    with shop.index() as index:
        [stored] = index.get([shop.rows[0]["id"]])
    assert stored
    assert "title_and_field_differ" not in stored.contradictions


def test_new_text_or_a_new_image_is_understood(shop: Shop) -> None:
    shop.ingest()
    shop.rows[0]["title"] = "green plain shirt"
    shop.write()
    draw_product("Pear", "blue").save(shop.folder / "images" / "Apple-red.png")  # the image of two products
    run = shop.ingest()
    assert run.tally.outcomes == {"unchanged": 21, "updated": 3}
    assert shop.understander.read == 3


def test_another_model_understands_everything_anew_in_an_index_of_its_own(shop: Shop, tmp_path: Path) -> None:
    shop.ingest()
    made_by = shop.understander.version
    shop.understander = Counting.load(tiny_onnx_folder(tmp_path / "other", "cross"))
    with pytest.raises(IndexOfOtherModel, match=f"holds vectors of the model {made_by}, not of"):
        shop.ingest()
    shop.location = shop.folder / "new"
    assert shop.ingest().tally.outcomes == {"added": 24}


def test_several_images_are_one_product(shop: Shop) -> None:
    shop.rows[0]["additional_image_link"] = "Shirt-green.png,Shirt-blue.png"
    shop.write()
    shop.ingest()
    with shop.index() as index:
        [stored] = index.get([shop.rows[0]["id"]])
    assert stored is not None
    assert stored.image_refs == ("Shirt-red.png", "Shirt-green.png", "Shirt-blue.png")


def test_bad_rows_fail_alone_and_come_in_once_corrected(shop: Shop) -> None:
    shop.strict = True
    (shop.folder / "images" / "cut.png").write_bytes(encode(draw_product("Shoe", "red"), "PNG")[:60])
    shop.rows[2]["image_link"] = "../secret.png"
    shop.rows[5]["image_link"] = "cut.png"
    shop.rows[7]["id"] = ""
    shop.rows[9]["image_link"] = "missing.png"
    shop.rows[11]["id"] = shop.rows[10]["id"]
    shop.rows[13] |= {"title": "", "image_link": ""}
    shop.write()
    run = shop.ingest()
    assert run.tally.outcomes == {"added": 18, "failed": 6}
    assert [(f.line, f.code) for f in shop.failures] == [
        (4, "image_outside_root"),
        (7, "image_corrupt"),
        (9, "row_id_missing"),
        (11, "image_not_found"),
        (13, "row_id_duplicate"),
        (15, "product_empty"),
    ]

    lines = [json.loads(line) for line in (shop.folder / "failed.jsonl").read_text(encoding="utf-8").splitlines()]
    for line in lines:
        line["row"] |= {"image_link": "Shoe-red.png", "price": "5 EUR"}
    lines[2]["row"]["id"], lines[4]["row"]["id"] = "given-id", "new-id"
    corrected = shop.folder / "corrected.jsonl"
    corrected.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    assert shop.ingest(corrected).tally.outcomes == {"added": 6}
    with shop.index() as index:
        assert index.count() == 24


def test_a_product_whose_price_cannot_be_read_is_stored_and_told(shop: Shop) -> None:
    shop.rows[2]["price"], shop.rows[5]["price"] = "cheap", "10 - 20 EUR"
    shop.write()
    run = shop.ingest()
    assert run.tally.outcomes == {"added": 24}
    assert run.tally.warnings == {"row_price_invalid": 2}
    with shop.index() as index:
        assert [stored and stored.product.price for stored in index.get([shop.rows[2]["id"], shop.rows[5]["id"]])] == [
            None,
            None,
        ]


def test_an_interrupted_ingest_goes_on_where_it_stopped(shop: Shop) -> None:
    source = open_feed(shop.feed)
    shop.understander.read = 0

    def interrupted(results: Results) -> Results:
        for number, chunk in enumerate(results):
            if number == 3:
                raise KeyboardInterrupt("Ctrl-C")
            yield chunk

    with shop.index() as index, closing(Ledger(shop.location / "ledger.sqlite")) as ledger:
        run = ledger.begin(source.fingerprint, index.identity)
        with pytest.raises(KeyboardInterrupt, match="Ctrl-C"):
            ingest(interrupted(shop.worker().results(source, index.hashes, 0)), index, run)
        assert run.position == index.count() == 3 * CHUNK
    again = shop.ingest()
    assert again.number == run.number
    assert again.tally.outcomes == {"added": 24}
    assert shop.understander.read == 24 - 3 * CHUNK


def test_a_dry_run_tells_what_would_happen_and_stores_nothing(shop: Shop) -> None:
    shop.rows[2]["image_link"] = "missing.png"
    shop.rows[3]["image_link"] = ""
    shop.rows[4]["title"] = ""
    shop.rows[5] |= {"title": "", "image_link": "missing.png"}
    shop.write()
    found = dry_run(open_feed(shop.feed), lambda ids: [None] * len(ids), shop.worker())
    assert found.outcomes == {"added": 23, "failed": 1}
    assert found.modalities == {"image+text": 20, "text": 2, "image": 1}
    assert [(f.line, f.code) for f in found.failures] == [(7, "image_not_found")]
    assert [(w.line, w.code) for w in found.warnings] == [(4, "image_not_found")]
    assert found.codes == {"image_not_found": 1}
    assert found.seconds > 0
    assert not shop.location.exists()


def test_a_dry_run_times_the_model_on_products_it_reads_for_the_first_time(shop: Shop) -> None:
    titles = {str(row["title"]) for row in shop.rows}
    shop.understander.texts.clear()
    dry_run(open_feed(shop.feed), lambda ids: [None] * len(ids), shop.worker())
    # Each of them once: else a model that remembers would answer at once, and that would be timed.
    read = shop.understander.texts
    assert titles < set(read)
    assert len(set(read)) == len(read) == 2 * len(titles)


def test_an_index_folder_that_is_gone_is_filled_from_the_beginning(shop: Shop) -> None:
    shop.ingest()
    os.rename(shop.location, shop.folder / "gone")
    assert shop.ingest().tally.outcomes == {"added": 24}


def test_a_feed_that_is_cut_in_a_line_keeps_what_came_before_and_goes_on_once_mended(shop: Shop) -> None:
    whole = shop.feed.read_bytes()
    shop.feed.write_bytes(whole[:-20])
    assert shop.ingest().tally.outcomes == {"added": 23, "failed": 1}
    assert [(f.line, f.code) for f in shop.failures] == [(25, "row_ragged")]
    shop.feed.write_bytes(whole)
    assert shop.ingest().tally.outcomes == {"unchanged": 23, "added": 1}


def stored_until(shop: Shop, moment: int, act: Callable[[], object]) -> None:
    """Ingest, and do something before a chunk is stored."""
    source = open_feed(shop.feed)

    def disturbed(results: Results) -> Results:
        for number, chunk in enumerate(results):
            if number == moment:
                act()
            yield chunk

    with shop.index() as index, closing(Ledger(shop.location / "ledger.sqlite")) as ledger:
        run = ledger.begin(source.fingerprint, index.identity)
        ingest(disturbed(shop.worker().results(source, index.hashes, run.position)), index, run)


def test_an_index_folder_removed_in_the_middle_is_told_and_filled_again(shop: Shop) -> None:
    removed = shop.location.with_name("removed")  # at once: a flush may be writing to the folder
    with pytest.raises(IndexDamaged, match="The folder of the index was removed while it was open"):
        stored_until(shop, 3, lambda: shop.location.rename(removed))
    shutil.rmtree(shop.location, ignore_errors=True)
    assert shop.ingest().tally.outcomes == {"added": 24}


@pytest.mark.slow
def test_a_full_disk_is_told_and_the_ingest_goes_on_once_there_is_room(shop: Shop, small_disk: Path) -> None:
    shop.location, filling = small_disk / "index", small_disk / "filling"
    with pytest.raises(DiskFull, match="What was stored before is intact"):
        stored_until(shop, 3, lambda: filling.write_bytes(b"x" * shutil.disk_usage(small_disk).free))
    filling.unlink()
    with shop.index() as index:
        before = index.count()
    assert 2 * CHUNK <= before <= 3 * CHUNK
    run = shop.ingest()
    assert run.tally.outcomes["added"] + run.tally.outcomes["unchanged"] == 24
    with shop.index() as index:
        assert index.count() == 24


KILLED = """
import sys
from contextlib import closing
from pathlib import Path
from catalog.feeds import open_feed
from catalog.index import open_index
from catalog.ingest.ledger import Ledger
from catalog.ingest.pipeline import LocalWorker
from catalog.ingest.run import IngestRun
from catalog.images import ImageReader
from catalog.understand import Understander

folder, model, chunk = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
feed, understander = open_feed(folder / "feed.csv"), Understander.load(model)
with open_index(folder / "index", understander.config.embedding_width) as index:
    with closing(Ledger(folder / "ledger.sqlite")) as ledger:
        run = IngestRun(feed, index, ledger)
        print("started", flush=True)
        run.execute(LocalWorker(understander, ImageReader(folder / "images"), chunk=chunk))
"""


@pytest.mark.slow
def test_kill_9_at_any_moment_loses_nothing_doubles_nothing_and_repeats_at_most_a_chunk(
    shop: Shop, tmp_path: Path
) -> None:
    """Twelve kills in one ingest. A row that was stored but not yet recorded is one that the next run repeats."""
    shop.rows = [row | {"id": f"{row['id']}-{copy}"} for copy in range(75) for row in shop.rows]
    shop.write()
    model, chunk = tiny_onnx_folder(tmp_path / "model"), 8
    moments, kills = random.Random(0), 0
    repeated: list[int] = []
    while True:
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(shop.folder), str(model), str(chunk)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        if kills < 12:
            time.sleep(moments.uniform(0.0, 0.4))
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.communicate()
        with shop.index() as index, closing(Ledger(shop.folder / "ledger.sqlite")) as ledger:
            stored = [product.id for batch in index.scan() for product in batch]
            if process.returncode == 0:
                break
            run = ledger.begin(open_feed(shop.feed).fingerprint, index.identity)
            repeated.append(len(stored) - run.position)
    assert kills == 12
    assert all(0 <= rows <= chunk for rows in repeated), repeated
    assert sorted(stored) == sorted(row["id"] for row in shop.rows)
