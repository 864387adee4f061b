"""The words of a text as a reader sees them."""

import pytest

from catalog.evidence.words import without, words_of
from tests.support.tiny import tiny_taxonomy, tiny_tokenizer


def words(text: str) -> list[str]:
    return [word.text for word in words_of(text, tiny_tokenizer(), tiny_taxonomy())]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Men's T-shirt, 7.5 H&M", ["Men's", "T-shirt", "7.5", "H&M"]),
        ("red shirt. Running shoe", ["red", "shirt", "Running", "shoe"]),
        ("!? --", []),
        ("衬衫red鞋", ["衬衫", "red", "鞋"]),  # the tree's names of a shirt and a shoe
    ],
)
def test_words_are_parted_as_they_are_written(text: str, parts: list[str]) -> None:
    assert words(text) == parts


def test_a_word_is_left_out_in_all_its_places() -> None:
    text = "Red shirt, a red one. RED!"
    red, *others = words_of(text, tiny_tokenizer(), tiny_taxonomy())
    assert [text[start:end] for start, end in red.spans] == ["Red", "red", "RED"]
    assert [word.text for word in others] == ["shirt", "a", "one"]
    assert without(text, [red]) == "shirt, a one. !"
    assert without("red", [red._replace(spans=((0, 3),))]) == ""
