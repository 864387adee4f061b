"""A writer's text is taken only where each of its content words is a fact's."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.drafts import Fact, Span, channels, draft, verified
from catalog.drafts.style import prompt, styled, told, traced
from tests.support.stored import stored_product

FACTS = (
    Fact("title", "title", "Striped shirt", "title"),
    Fact("colour", "Colour", "Red", "attributes.Colour", "红色"),
    Fact("weight", "weight", "1.2 kg", "attributes.weight"),
    Fact("waterproof", "waterproof", "no", "attributes.waterproof"),
    Fact("care", "care", "do not bleach", "attributes.care"),
    Fact("material", "材质", "羊毛", "attributes.材质"),
)


def test_each_word_has_its_source() -> None:
    assert traced("A striped red shirt. Its weight is 1.2 kg.", FACTS) == (
        Span("A "),
        Span("striped", "title"),
        Span(" "),
        Span("red", "attributes.Colour"),
        Span(" "),
        Span("shirt", "title"),
        Span(". Its "),
        Span("weight", "attributes.weight"),
        Span(" is "),
        Span("1.2 kg", "attributes.weight"),
        Span("."),
    )
    assert traced("红色的羊毛。", FACTS) == (
        Span("红色", "attributes.Colour"),
        Span("的"),
        Span("羊毛", "attributes.材质"),
        Span("。"),
    )
    assert traced("The shirt: do not bleach.", FACTS)


@pytest.mark.parametrize(
    "text",
    [
        "A great shirt.",
        "The shirt weighs 1.3 kg.",
        "The shirt is 1.2 long.",
        "1.2 kg, 100% red.",
        "A waterproof shirt.",
        "Do bleach the shirt.",
        "The shirt is not red.",
        "A shirt without red.",
        "A reddish shirt.",
        "红色羊毛很好。",
        "Красивый red shirt.",
        "A red shirt \U0001f600",
        "A red shirt of 2 m.",
        "It is made of these.",
        "",
    ],
)
def test_what_no_fact_says_is_refused(text: str) -> None:
    assert traced(text, FACTS) == ()


def test_a_draft_takes_a_description_within_the_limit() -> None:
    stored = stored_product(title="Striped shirt", description="Buy it now.", attributes={"colour": "red"})
    known = verified(stored.product, stored.understanding, stored.judgement)
    assert prompt(told(known)) == "title: Striped shirt; category: Shoe; colour: red"
    drafted = draft(known, channels()["google"])
    found = styled(drafted, known, " This striped shirt is red.\n")
    assert found
    assert str(found.description) == "This striped shirt is red."
    assert (found.title, found.bullets) == (drafted.title, drafted.bullets)
    assert styled(drafted, known, "Buy it now.") is None
    assert styled(drafted, known, "This striped shirt is red. " * 200) is None


@settings(max_examples=20)
@given(st.text(max_size=200), st.text(min_size=1, max_size=40))
def test_no_letter_is_lost(text: str, value: str) -> None:
    spans = traced(text, [*FACTS, Fact("other", "other", value, "other")])
    assert not spans or "".join(span.text for span in spans) == text.strip()
    assert all(span.text for span in spans)
