"""Drafts: every word from the product, within the channel's limits."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.drafts import Draft, Language, Verified, channels, draft, verified
from catalog.drafts.templates import Limit
from catalog.drafts.text import Span, Text, fitted
from catalog.errors import NothingVerified
from catalog.product import Judgement, StoredProduct
from tests.support.stored import stored_product

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"  # one sign of five


def known(stored: StoredProduct) -> Verified:
    return verified(stored.product, stored.understanding, stored.judgement)


def written(stored: StoredProduct, channel: str = "google", language: Language = "en") -> Draft:
    return draft(known(stored), channels()[channel], language)


def sources(text: Text) -> list[tuple[str, str]]:
    return [(span.text, span.source) for span in text.spans if span.source]


SHIRT = stored_product(
    title="Striped shirt",
    description="Soft cotton, 1.5 mm thick. Machine washable!",
    brand="Acme",
    attributes={"colour": "Red", "Size": ("M", "L"), "care": "30 degrees"},
    found={"colour": "Blue", "pattern": "Striped"},
)


def test_a_title_names_the_brand_and_what_is_not_said_yet() -> None:
    title = written(SHIRT).title
    assert str(title) == "Acme Striped shirt, Red, M, L"
    assert sources(title) == [
        ("Acme", "brand"),
        ("Striped shirt", "title"),
        ("Red", "attributes.colour"),
        ("M", "attributes.Size"),
        ("L", "attributes.Size"),
    ]


def test_a_description_keeps_the_merchants_sentences_and_adds_what_they_lack() -> None:
    found = written(SHIRT)
    assert str(found.description) == (
        "Soft cotton, 1.5 mm thick. Machine washable! Brand: Acme. Colour: Red. Size: M. Size: L. care: 30 degrees."
        " Pattern: Striped."
    )
    assert [str(one) for one in found.bullets][:3] == ["Brand: Acme", "Colour: Red", "Size: M"]
    assert str(found.ad) == "Acme Striped shirt, Red, M, L."


def test_chinese_has_its_own_labels_and_words_for_colours_and_people() -> None:
    shirt = stored_product(
        title="条纹衬衫", attributes={"colour": "Red", "gender": "Women"}, description="纯棉。可机洗。"
    )
    found = written(shirt, "taobao", "zh")
    assert str(found.title) == "条纹衬衫，女士，红色"
    assert str(found.description) == "纯棉。 可机洗。 颜色：红色。 适用人群：女士。"
    assert found.title.length == 20


def test_people_are_named_once_in_whatever_words() -> None:
    shoes = stored_product(title="Women's Running Shoes", attributes={"gender": "female", "age_group": "adult"})
    assert str(written(shoes).title) == "Women's Running Shoes"


def test_the_model_is_quoted_only_where_it_is_sure_or_confirmed() -> None:
    unsure = replace(SHIRT, understanding=replace(SHIRT.understanding, decision="review"))
    assert "Pattern" not in str(written(unsure).description)
    judged = replace(unsure, judgement=Judgement("accept", unsure.understanding))
    assert ("Striped", "verdict.pattern") in sources(written(judged).description)
    disputed = replace(unsure, judgement=Judgement("accept", unsure.understanding, conflicting=True))
    assert "Pattern" not in str(written(disputed).description)


def test_without_a_title_a_sure_category_names_it() -> None:
    nameless = stored_product(title="", brand="Acme", attributes={"colour": "Red"})
    assert sources(written(nameless).title)[:2] == [("Acme", "brand"), ("Shoe", "category")]
    described = stored_product(title="", description="A fine thing. Rather large.", decision="abstain")
    assert str(written(described).title) == "A fine thing."


def test_nothing_verified_is_an_error() -> None:
    with pytest.raises(NothingVerified, match="Nothing is verified"):
        written(stored_product(title=" n/a ", decision="abstain", found={"colour": "Red"}))


@pytest.mark.parametrize(
    ("text", "limit", "kept"),
    [
        ("red striped shirt", Limit(11, "characters"), "red striped"),
        ("red striped shirt", Limit(10, "characters"), "red"),
        ("unbreakable", Limit(4, "characters"), "unbr"),
        ("红色条纹衬衫", Limit(7, "width"), "红色条"),
        ("e\u0301e\u0301e\u0301", Limit(5, "characters"), "e\u0301e\u0301"),
        (FAMILY * 2, Limit(8, "characters"), FAMILY),
        ("\U0001f600\U0001f600", Limit(3, "characters"), "\U0001f600"),
    ],
)
def test_a_cut_ends_with_a_word_or_else_with_a_whole_sign(text: str, limit: Limit, kept: str) -> None:
    assert str(fitted([[Span(text, "title")]], limit, " ")) == kept


@given(
    title=st.text(max_size=300),
    value=st.text(st.characters(codec="utf-8"), min_size=1, max_size=80),
    channel=st.sampled_from(sorted(channels())),
    language=st.sampled_from(("en", "zh")),
)
def test_limits_are_kept_in_every_script_and_nothing_is_empty(
    title: str, value: str, channel: str, language: Language
) -> None:
    product = stored_product(title=title, brand="Acme", attributes={"colour": value}, description=f"{title}. {value}")
    found = written(product, channel, language)
    for text in found.texts:
        assert str(text).strip()
        assert text.length <= text.limit.limit
        assert len(str(text)) <= text.length
