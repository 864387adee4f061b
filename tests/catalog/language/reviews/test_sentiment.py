"""Which parts of a review hold an opinion, in English and Chinese."""

import pytest

from catalog.language.reviews import LexiconReader, Review, Sentiment

POSITIVE = [
    "Great watch.",
    "Not bad at all",
    "No problems with the battery",
    "It isn't too heavy",
    "I really like it",
    "很好用",
    "质量不错",
    "没有异味",
    "一点也不贵",
]
NEGATIVE = [
    "The strap broke.",
    "not very comfortable",
    "This is too small",
    "It doesn't work",
    "It doesn ' t work",
    "a complete waste of money",
    "质量太差了",
    "不好用",
    "物流不快",
    "穿着不舒服",
]
NEUTRAL = ["I bought it on Monday.", "It has a hard drive", "周一买的", "快递是顺丰", "", "123", "🎁"]


def read(text: str) -> Review:
    (passages,) = LexiconReader().read([text])
    return Review("1", text, passages=passages)


@pytest.mark.parametrize(
    ("text", "sentiment"),
    [
        *((text, "positive") for text in POSITIVE),
        *((text, "negative") for text in NEGATIVE),
        *((text, "neutral") for text in NEUTRAL),
    ],
)
def test_sentiment(text: str, sentiment: Sentiment) -> None:
    assert read(text).sentiment == sentiment


def test_each_clause_is_a_passage_of_its_own() -> None:
    review = read("Warm and soft, but the strap broke. 屏幕清晰，但是太贵")
    found = [(review.text[one.start : one.end], one.sentiment) for one in review.passages]
    assert found == [("屏幕清晰", "positive"), ("但是太贵", "negative")]  # the language is that of the text
    english = read("Warm and soft, but the strap broke.")
    parts = [(english.text[one.start : one.end], one.sentiment) for one in english.passages]
    assert parts == [("Warm and soft", "positive"), ("but the strap broke.", "negative")]
    assert english.sentiment == "neutral"


@pytest.mark.parametrize("text", ["İ love it. Great!", "ǅ " * 50 + "bad", "Great\r\n\r\nbad", "…!!!???", "好" * 5_000])
def test_passages_lie_in_the_text_and_apart(text: str) -> None:
    end = 0
    for passage in read(text).passages:
        assert end <= passage.start < passage.end <= len(text)
        assert -1 <= passage.score <= 1
        end = passage.end
