"""A tagger fitted on a few titles, written and read again."""

from pathlib import Path

import pytest

from catalog.errors import FileNotReadable
from catalog.language.attributes.tagging.tagger import Tagger
from training.attributes.field import FieldConfig, fit, phrases_of
from training.attributes.titles import CHINESE, Title, read_oa_mine, read_tagged
from training.attributes.write import write

TITLES = [
    Title(f"{brand} {flavour} Tea, {number} bags", "tea", (("brand", brand), ("flavor", flavour)))
    for number, (brand, flavour) in enumerate(
        (brand, flavour) for brand in ("Alba", "Bree", "Coro", "Dene") for flavour in ("Lemon", "Sweet Mint", "Ginger")
    )
]


@pytest.fixture(scope="module")
def tagger() -> Tagger:
    return fit(TITLES, phrases_of(TITLES), lambda text: [], FieldConfig(epochs=10))


def tagged(tagger: Tagger, text: str, kind: str = "tea") -> list[tuple[str, str]]:
    return [(one.label, text[one.start : one.end]) for one in tagger.tag(text, kind)]


def test_it_reads_a_brand_that_it_has_not_seen(tagger: Tagger) -> None:
    assert tagged(tagger, "Ebro Sweet Mint Tea, 20 bags") == [("brand", "Ebro"), ("flavor", "Sweet Mint")]


def test_a_kind_that_was_not_learned_has_no_labels(tagger: Tagger) -> None:
    assert tagged(tagger, "Ebro Sweet Mint Tea", "shoes") == []
    assert tagged(tagger, "") == []


def test_a_written_tagger_reads_the_same(tagger: Tagger, tmp_path: Path) -> None:
    write(tagger, tmp_path / "tagger.safetensors")
    again = Tagger.load(tmp_path / "tagger.safetensors")
    text = "Coro Ginger Tea, 20 bags"
    assert tagged(again, text) == tagged(tagger, text) == [("brand", "Coro"), ("flavor", "Ginger")]
    assert again.tag(text, "tea")[0].confidence == pytest.approx(tagger.tag(text, "tea")[0].confidence, abs=0.05)


def test_a_file_that_is_no_tagger(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("no tensors")
    with pytest.raises(FileNotReadable, match="'other' cannot be read"):
        Tagger.load(tmp_path / "other")


def test_titles_are_read_from_their_files(tmp_path: Path) -> None:
    (tmp_path / "en").write_text(
        '{"input": "Alba Tea", "category": "Tea", "target_scores": {"Brand": {"Alba": 1}, "Flavor": {"n/a": 1}}}\n'
    )
    (tmp_path / "zh").write_text("买\tO\n丸\tB-pp\n美\tI-pp\n\n茶\tB-cp\n", encoding="utf-8")
    assert read_oa_mine(tmp_path / "en") == [Title("Alba Tea", "tea", (("brand", "Alba"),))]
    assert [(one.text, one.spans) for one in read_tagged(tmp_path / "zh", CHINESE, "\t")] == [
        ("买丸美", (("brand", 1, 3),)),
        ("茶", (("product_type", 0, 1),)),
    ]
