"""An image that cannot be read costs no more than itself, and is said."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from catalog.errors import ImageFetchFailed, ImageUrlRefused
from catalog.images import ImageReader, ImageRef
from catalog.ingest import ledger
from catalog.product import StoredProduct
from tests.support.catalogue import draw_product
from tests.support.ingest_shop import Shop
from tests.support.malformed.images import encode


class Unreachable:
    """A folder of images, of which some cannot be had now."""

    def __init__(self, folder: Path, lost: Sequence[str], error: Callable[[], Exception] = ImageFetchFailed) -> None:
        self._images, self.lost, self._error = ImageReader(folder), lost, error

    def settled(self, refs: Sequence[ImageRef]) -> Sequence[ImageRef]:
        return self._images.settled(refs)

    def read(self, ref: ImageRef) -> bytes:
        if ref.where in self.lost:
            raise self._error()
        return self._images.read(ref)


def stored(shop: Shop, number: int = 0) -> StoredProduct:
    with shop.index() as index:
        [found] = index.get([str(shop.rows[number]["id"])])
    assert found
    return found


def test_a_product_is_stored_with_its_words_and_its_good_images(shop: Shop) -> None:
    (shop.folder / "images" / "bad.png").write_bytes(b"no image at all, but words")
    (shop.folder / "images" / "cut.png").write_bytes(encode(draw_product("Shoe", "red"), "PNG")[:60])
    shop.rows[0]["additional_image_link"] = "bad.png,Shirt-green.png"
    shop.rows[1]["image_link"] = "missing.png"
    shop.rows[2] |= {"image_link": "https://cdn.example.com/x.png", "additional_image_link": "Shirt-blue.png"}
    shop.rows[3] |= {"title": "", "image_link": "cut.png", "additional_image_link": "Shirt-red.png"}
    shop.rows[4] |= {"title": "", "image_link": "cut.png", "additional_image_link": "missing.png"}
    shop.write()
    run = shop.ingest()
    assert run.tally.outcomes == {"added": 23, "failed": 1}
    assert [(f.line, f.code) for f in shop.failures] == [(6, "image_not_found")]
    assert [(w.line, w.id, w.code) for w in shop.warnings] == [
        (2, "Shirt-red-0", "image_format_unsupported"),
        (3, "Shirt-red-1", "image_not_found"),
        (4, "Shirt-green-0", "image_url_refused"),
        (5, "Shirt-green-1", "image_corrupt"),
    ]
    assert shop.warnings[1].reason == '"missing.png": The image file does not exist or cannot be read.'
    assert run.tally.warnings.total() == 4
    assert stored(shop, 0).understanding.modalities_used == ("image", "text")
    assert stored(shop, 0).image_refs == ("Shirt-red.png", "bad.png", "Shirt-green.png")
    assert stored(shop, 1).understanding.modalities_used == ("text",)
    assert stored(shop, 3).understanding.modalities_used == ("image",)


def test_a_faulty_image_is_told_of_each_time_costs_the_model_nothing_and_comes_in_once_it_is_there(shop: Shop) -> None:
    shop.rows[0]["additional_image_link"] = "late.png"
    shop.write()
    late = shop.folder / "images" / "late.png"
    for content in (None, b"not yet an image"):
        if content:
            late.write_bytes(content)
        shop.ingest()
        run = shop.ingest()
        assert run.tally.outcomes == {"unchanged": 24}
        assert shop.understander.read == 0
        assert len(shop.warnings) == 1
    late.write_bytes((shop.folder / "images" / "Shoe-red.png").read_bytes())
    assert shop.ingest().tally.outcomes == {"unchanged": 23, "updated": 1}
    assert shop.warnings == []
    late.unlink()
    assert shop.ingest().tally.outcomes == {"unchanged": 23, "updated": 1}


def test_an_image_that_cannot_be_fetched_for_now_is_not_thrown_away(shop: Shop) -> None:
    shop.rows[0]["additional_image_link"] = "Shirt-green.png"
    shop.write()
    shop.ingest()
    before = stored(shop)
    shop.source = Unreachable(shop.folder / "images", ["Shirt-green.png"])
    shop.rows[0] |= {"price": "77 EUR", "title": "another title"}
    shop.write()
    run = shop.ingest()
    assert run.tally.outcomes == {"unchanged": 23, "offer_updated": 1}
    assert shop.understander.read == 0
    after = stored(shop)
    assert after.product.price == 77
    assert after.hashes.images == before.hashes.images
    assert [w.code for w in shop.warnings] == ["image_fetch_failed"] * 3
    shop.source = None
    shop.ingest()
    assert stored(shop).product.title == "another title"
    assert shop.understander.read == 1


def test_a_product_that_never_had_the_image_takes_other_changes_meanwhile(shop: Shop) -> None:
    shop.source = Unreachable(shop.folder / "images", ["Shirt-red.png"])
    assert shop.ingest().tally.outcomes == {"added": 24}
    shop.rows[0]["title"] = "another title"
    shop.write()
    assert shop.ingest().tally.outcomes == {"unchanged": 23, "updated": 1}
    shop.source = None
    assert shop.ingest().tally.outcomes == {"unchanged": 22, "updated": 2}


def test_a_refused_image_is_kept_until_the_words_change(shop: Shop) -> None:
    shop.ingest()
    shop.source = Unreachable(shop.folder / "images", ["Shirt-red.png"], ImageUrlRefused)
    assert shop.ingest().tally.outcomes == {"unchanged": 24}
    shop.rows[0]["title"] = "another title"
    shop.write()
    assert shop.ingest().tally.outcomes == {"unchanged": 23, "updated": 1}
    assert stored(shop).understanding.modalities_used == ("text",)


@pytest.mark.parametrize("strict", [False, True])
def test_strict_fails_the_row(shop: Shop, strict: bool) -> None:
    shop.rows[0]["additional_image_link"] = "missing.png"
    shop.write()
    shop.strict = strict
    assert shop.ingest().tally.outcomes["failed"] == int(strict)
    assert [f.code for f in shop.failures] == ["image_not_found"] * strict


def test_more_images_than_are_read_are_kept_as_references_and_counted(shop: Shop) -> None:
    names = [path.name for path in sorted((shop.folder / "images").iterdir())][:11]
    shop.rows[0] |= {"image_link": "", "additional_image_link": ",".join(names)}
    shop.write()
    run = shop.ingest()
    assert run.tally.outcomes == {"added": 24}
    assert stored(shop).image_refs == tuple(names)
    assert [(w.code, w.reason) for w in shop.warnings] == [
        ("images_left_out", "The product has 11 images. The first 8 are read.")
    ]
    assert shop.ingest().tally.outcomes == {"unchanged": 24}


def test_a_name_with_a_comma_is_one_image(shop: Shop) -> None:
    (shop.folder / "images" / "High_Street,_London.png").write_bytes(encode(draw_product("Shoe", "red"), "PNG"))
    shop.rows[0] |= {"image_link": "", "additional_image_link": "Shirt-red.png,High_Street,_London.png"}
    shop.write()
    shop.ingest()
    assert stored(shop).image_refs == ("Shirt-red.png", "High_Street,_London.png")
    assert shop.warnings == []


def test_of_one_code_so_many_warnings_are_kept_and_all_are_counted(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "MAX_WARNINGS", 5)
    for row in shop.rows:
        row["image_link"] = "missing.png"
    shop.rows[23]["image_link"] = "https://cdn.example.com/x.png"
    shop.write()
    run = shop.ingest()
    assert run.tally.warnings == {"image_not_found": 23, "image_url_refused": 1}
    assert [w.code for w in shop.warnings] == ["image_not_found"] * 5 + ["image_url_refused"]
